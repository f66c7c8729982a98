#include "CohortFiles.h"
#include "Shared.h"
#include "training/cohort/GenePanel.h"

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
