#include "CohortFiles.h"
#include "Shared.h"
#include "training/cohort/GenePanel.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <QCryptographicHash>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

/// A section of a gene per name; row s has counts[g][s].
Section section(const std::vector<std::pair<std::string, std::vector<float>>>& genes) {
    Section s;
    s.name = "T1";
    for (const auto& [gene, counts] : genes)
        s.genes.push_back(gene);
    s.counts.genes = s.genes.size();
    for (std::size_t spot = 0; spot < genes.front().second.size(); ++spot) {
        std::vector<float> row;
        for (const auto& [gene, counts] : genes)
            row.push_back(counts[spot]);
        s.counts.appendRow(row);
        s.spots.push_back({spotId(static_cast<int>(spot), 0), static_cast<int>(spot), 0, {}});
    }
    return s;
}

/// "steady" never varies, "wild" most, "mild" less; "rare" varies and has few counts.
Section mixed() {
    return section({{"steady", {100, 100, 100, 100}},
                    {"mild", {80, 120, 80, 120}},
                    {"wild", {10, 190, 190, 10}},
                    {"rare", {0, 9, 0, 9}},
                    {"FN1", {1, 1, 1, 1}}});
}

GenePanelOptions options(std::size_t size, double minimum, std::vector<std::string> must = {}) {
    return {size, minimum, std::move(must)};
}

GenePanelOptions by(GenePanelMethod method, std::size_t size, std::vector<std::string> must = {}) {
    auto o = options(size, 0, std::move(must));
    o.method = method;
    return o;
}

/// One row of eight spots, depth 200 in each: "halves" changes once, "turns" at every spot and by more,
/// "much" never; "rest" fills up.
Section patterns() {
    return section({{"halves", {10, 10, 10, 10, 20, 20, 20, 20}},
                    {"turns", {5, 45, 5, 45, 5, 45, 5, 45}},
                    {"much", {100, 100, 100, 100, 100, 100, 100, 100}},
                    {"rest", {85, 45, 85, 45, 75, 35, 75, 35}}});
}

std::string refused(const std::string& json) {
    const auto parsed = parseGenePanelOptions(nlohmann::json::parse(json), "c.json");
    return parsed ? std::string() : parsed.error().sentence();
}

} // namespace

class TestGenePanel : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void genesComeByVarianceAfterTheTotalIsHighEnough() {
        const Section s = mixed();
        const auto panel = chooseGenePanel({&s}, options(2, 300));
        QVERIFY2(panel.has_value(), qPrintable(sentence(panel)));
        QCOMPARE(panel->genes, (std::vector<std::string>{"wild", "mild"}));
        QVERIFY(panel->warnings.empty());
    }
    void genesOfImportanceComeFirstWhateverTheirCounts() {
        const Section s = mixed();
        const auto panel = chooseGenePanel({&s}, options(3, 300, {"FN1", "steady", "FN1"}));
        QCOMPARE(panel->genes, (std::vector<std::string>{"FN1", "steady", "wild"}));
    }
    void aMissingGeneOfImportanceIsWarnedAbout() {
        const Section s = mixed();
        const auto panel = chooseGenePanel({&s}, options(2, 300, {"ERBB2"}));
        QCOMPARE(panel->genes, (std::vector<std::string>{"wild", "mild"}));
        QCOMPARE(panel->warnings.size(), std::size_t{1});
        QVERIFY(panel->warnings[0].find("ERBB2 was not measured") != std::string::npos);
    }
    void totalsAreSummedOverTheSections() {
        const Section s = mixed();
        const auto once = chooseGenePanel({&s}, options(10, 30)),
                   twice = chooseGenePanel({&s, &s}, options(10, 30));
        QVERIFY(std::find(once->genes.begin(), once->genes.end(), "rare") == once->genes.end());
        QVERIFY(std::find(twice->genes.begin(), twice->genes.end(), "rare") != twice->genes.end());
        QVERIFY(once->warnings[0].find("Only 3 genes have enough counts for the panel of 10") !=
                std::string::npos);
    }
    void onlyGenesThatEverySectionMeasured() {
        const Section s = mixed(), other = section({{"mild", {1, 2}}, {"steady", {1, 2}}, {"new", {900, 2}}});
        QCOMPARE(chooseGenePanel({&s}, options(9, 300), {&other})->genes,
                 (std::vector<std::string>{"mild", "steady"}));
        QCOMPARE(commonGenes({&s, &other}), (std::vector<std::string>{"mild", "steady"}));
    }
    void sectionsBesideTheTrainingOnesCountForNothingElse() {
        const Section s = mixed();
        Section other = mixed();
        for (float& v : other.counts.values)
            v *= 1000;
        QCOMPARE(chooseGenePanel({&s}, options(9, 300), {&other})->genes,
                 chooseGenePanel({&s}, options(9, 300))->genes);
    }
    void equalGenesComeByName() {
        const Section s = section({{"C", {5, 1}}, {"A", {5, 1}}, {"X", {1, 13}}, {"B", {5, 1}}});
        QCOMPARE(chooseGenePanel({&s}, options(3, 0))->genes, (std::vector<std::string>{"X", "A", "B"}));
    }
    void nothingToChooseFromIsRefused() {
        const Section s = mixed(), other = section({{"X", {1, 2}}});
        VERIFY_BAD_INPUT(chooseGenePanel({}), "", "there is no section");
        VERIFY_BAD_INPUT(chooseGenePanel({&s, &other}), "T1", "no gene in common");
        VERIFY_BAD_INPUT(chooseGenePanel({&s}, options(9, 1e9)), "T1", "no gene has enough counts");
    }
    void everyMethodHasItsOwnOrder() {
        const Section s = patterns();
        const auto first = [&](GenePanelMethod method) {
            return chooseGenePanel({&s}, by(method, 1))->genes.at(0);
        };
        QCOMPARE(first(GenePanelMethod::SpatiallyVariable), std::string("halves"));
        QCOMPARE(first(GenePanelMethod::MostVariable), std::string("turns"));
        QCOMPARE(first(GenePanelMethod::MostExpressed), std::string("much"));
        QCOMPARE(chooseGenePanel({&s}, options(1, 0))->genes.at(0), std::string("turns")); // the default
    }
    void spatialGenesComeByTheirMeanMoransI() {
        const Section s = patterns();
        Section flat = patterns(); // here "halves" does not vary: its mean is that of the other section
        for (std::size_t spot = 0; spot < 8; ++spot)
            flat.counts.values[4 * spot] = 10;
        for (std::size_t spot = 4; spot < 8; ++spot)
            flat.counts.values[4 * spot + 3] += 10;
        const auto one = chooseGenePanel({&s}, by(GenePanelMethod::SpatiallyVariable, 9));
        const auto two = chooseGenePanel({&s, &flat}, by(GenePanelMethod::SpatiallyVariable, 9));
        // "much" has no variance and no score; the row's six inner links of "halves" less the one that
        // breaks.
        QCOMPARE(one->genes, (std::vector<std::string>{"halves", "rest", "turns"}));
        QVERIFY(std::abs(one->scores[0] - 8.0 / 14 * 10 / 8) < 1e-12);
        QVERIFY(std::abs(one->scores[2] + 1) < 1e-12);
        QCOMPARE(two->genes, one->genes);
        QVERIFY(std::abs(two->scores[0] - one->scores[0]) < 1e-12);
    }
    void theArraysGeometryDecidesWhoIsANeighbour() {
        Section s = section({{"A", {1, 9, 9, 1}}, {"B", {9, 1, 1, 9}}});
        s.spots = {{"0x0", 0, 0, {}}, {"1x1", 1, 1, {}}, {"1x0", 1, 0, {}}, {"5x5", 5, 5, {}}};
        const auto wanted = by(GenePanelMethod::SpatiallyVariable, 1);
        s.array.geometry = ArrayGeometry::Square;
        QVERIFY(std::abs(chooseGenePanel({&s}, wanted)->scores[0] + 4.0 / 6 * 2 / 4) < 1e-12);
        s.array.geometry = ArrayGeometry::Hexagonal;
        QVERIFY(std::abs(chooseGenePanel({&s}, wanted)->scores[0]) < 1e-12);
    }
    void genesThatMustBeInAreScoredToo() {
        const Section s = patterns();
        const auto spatial = chooseGenePanel({&s}, by(GenePanelMethod::SpatiallyVariable, 2, {"much"}));
        QCOMPARE(spatial->genes, (std::vector<std::string>{"much", "halves"}));
        QVERIFY(std::isnan(spatial->scores[0]) && spatial->scores[1] > 0);
        const auto expressed = chooseGenePanel({&s}, by(GenePanelMethod::MostExpressed, 2, {"halves"}));
        QCOMPARE(expressed->genes, (std::vector<std::string>{"halves", "much"}));
        QCOMPARE(expressed->scores, (std::vector<double>{15, 100}));
        const auto variable = chooseGenePanel({&s}, options(3, 500, {"halves"})); // below the total
        QCOMPARE(variable->genes.at(0), std::string("halves"));
        QVERIFY(variable->scores.at(0) > 0 && variable->warnings.size() == 1);
    }
    void placesTakenTwiceAreRefused() {
        Section s = patterns();
        s.spots[3].column = 2;
        VERIFY_BAD_INPUT(chooseGenePanel({&s}, by(GenePanelMethod::SpatiallyVariable, 1)), "T1",
                         "two spots lie at row 0, column 2");
        QVERIFY(chooseGenePanel({&s}, by(GenePanelMethod::MostExpressed, 1)).has_value());
    }
    void aListIsTakenWholeOrNotAtAll() {
        const Section s = mixed(), other = section({{"mild", {1, 2}}, {"steady", {1, 2}}, {"new", {900, 2}}});
        QVERIFY(checkListedPanel({"mild", "steady"}, {&s, &other}).has_value());
        VERIFY_BAD_INPUT(checkListedPanel({"A", "mild", "B", "C", "D", "E"}, {&s, &other}), "",
                         "no section measured 5 of the 6 genes of the list (A, B, C and 2 more). Take them "
                         "out of \"genes\" in the configuration");
        VERIFY_BAD_INPUT(checkListedPanel({"mild", "wild"}, {&s, &other}), "section T1",
                         "it did not measure 1 of the 2 genes of the list (wild)");
        VERIFY_BAD_INPUT(checkListedPanel({"mild", "mild"}, {&s}), "", "names mild twice");
        VERIFY_BAD_INPUT(checkListedPanel({}, {&s}), "", "the list of genes is empty");
    }
    void theConfigurationSaysSizeMethodAndGenesThatMustBeIn() {
        const auto plain = parseGenePanelOptions(nlohmann::json::object(), "c.json").value();
        QCOMPARE(plain.size, std::size_t{250});
        QVERIFY(plain.method == GenePanelMethod::MostVariable);
        for (const auto method : {GenePanelMethod::SpatiallyVariable, GenePanelMethod::MostVariable,
                                  GenePanelMethod::MostExpressed}) {
            const auto parsed = parseGenePanelOptions({{"method", genePanelMethodName(method)},
                                                       {"size", 7},
                                                       {"minimum_total", 2.5},
                                                       {"must_have", {"ESR1"}}},
                                                      "c.json")
                                    .value();
            QVERIFY(parsed.method == method);
            QCOMPARE(parsed.size, std::size_t{7});
            QCOMPARE(parsed.minimumTotal, 2.5);
            QCOMPARE(parsed.mustHave, std::vector<std::string>{"ESR1"});
        }
    }
    void aConfigurationThatMakesNoSenseIsRefused() {
        QCOMPARE(refused(R"({"method": "moran"})"),
                 std::string("c.json: panel.method is moran, which should be one of spatially_variable, "
                             "most_variable and most_expressed."));
        QVERIFY(refused(R"({"method": 3})").find("panel.method is 3") != std::string::npos);
        QVERIFY(refused(R"({"sise": 9})").find("the setting panel.sise is not known") != std::string::npos);
        for (const char* size : {"0", "-1", "2.5", "\"many\""})
            QVERIFY(refused(std::string("{\"size\": ") + size + "}").find("a whole number of at least 1") !=
                    std::string::npos);
        QVERIFY(refused(R"({"minimum_total": "x"})").find("a number of counts") != std::string::npos);
        QVERIFY(refused(R"({"must_have": "FN1"})").find("a list of gene names") != std::string::npos);
        QVERIFY(refused("[]").find("an object in braces") != std::string::npos);
        const Section s = mixed();
        VERIFY_BAD_INPUT(chooseGenePanel({&s}, options(0, 0)), "", "should have at least one gene");
    }
    void spatialGenesOfPublishedSections() {
        SPOTGLASS_NEED_SHARED(folder, "data/her2st");
        const auto cohort = readCohort(folder);
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        GenePanelOptions spatial;
        spatial.method = GenePanelMethod::SpatiallyVariable;
        const auto panel = chooseGenePanel({&cohort->sections[0], &cohort->sections[1], &cohort->sections[2]},
                                           spatial, {&cohort->sections[3]});
        QVERIFY2(panel.has_value(), qPrintable(sentence(panel)));
        QCOMPARE(panel->genes.size(), std::size_t{250});
        QCOMPARE(panel->genes[0], std::string("FN1"));
        QVERIFY(std::is_sorted(panel->scores.begin() + 3, panel->scores.end(), std::greater<>()));
        QVERIFY(panel->scores[3] > 0.4 && panel->scores.back() > 0.05);
    }
    void agreesWithTheBaselineOnPublishedSections_data() {
        // Panels of ridge_baseline.py for each section left out; SHA-256 of the names with a line end
        // between.
        QTest::addColumn<int>("leftOut");
        QTest::addColumn<QByteArray>("sha256");
        QTest::newRow("C2") << 0
                            << QByteArray("4f928934a90c3b81f7b27acb515d6fc81f7a029f4a2ea18fb191ffc5d9126efd");
        QTest::newRow("C3") << 1
                            << QByteArray("963f12ddfdb3d5952b6f4521e3f8917f9d90ef192982aad854cd8f4fd04a4906");
        QTest::newRow("C4") << 2
                            << QByteArray("8a5cea66bcb6763818e1d10162d61dee0ace81391f6b81c196a64cd22e9d46d6");
        QTest::newRow("C5") << 3
                            << QByteArray("a4ed29cbce9d860f0f6c5a917cb04ec6f9e7e7bc0334b076967f42fa0c01c011");
        QTest::newRow("none") << -1
                              << QByteArray(
                                     "ae46395f6d98fda8d87526f0d8fa01df90e1168bf2523fe5769c2dcf110812fa");
    }
    void agreesWithTheBaselineOnPublishedSections() {
        SPOTGLASS_NEED_SHARED(folder, "data/her2st");
        QFETCH(int, leftOut);
        QFETCH(QByteArray, sha256);
        static const auto cohort = readCohort(folder);
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        std::vector<const Section*> training, other;
        for (int i = 0; i < 4; ++i)
            (i == leftOut ? other : training).push_back(&cohort->sections[static_cast<std::size_t>(i)]);
        const auto panel = chooseGenePanel(training, {}, other);
        QVERIFY2(panel.has_value(), qPrintable(sentence(panel)));
        QCOMPARE(panel->genes.size(), std::size_t{250});
        std::string text;
        for (const std::string& gene : panel->genes)
            text += (text.empty() ? "" : "\n") + gene;
        QCOMPARE(
            QCryptographicHash::hash(QByteArray::fromStdString(text), QCryptographicHash::Sha256).toHex(),
            sha256);
    }
};

QTEST_GUILESS_MAIN(TestGenePanel)
#include "TestGenePanel.moc"
