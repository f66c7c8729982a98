#include "Shared.h"
#include "training/cohort/Metrics.h"
#include "viewer/base/Files.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <QtTest>

using namespace spotglass;
using Json = nlohmann::json;

namespace {

struct Tensor {
    std::size_t rows = 0, columns = 0;
    std::vector<float> values;
};

/// Two-dimensional F32 tensors of a safetensors file; just enough for the reference.
std::map<std::string, Tensor> readTensors(const std::filesystem::path& path) {
    const std::string bytes = readFile(path).value_or(std::string(8, 0));
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    const Json header = Json::parse(bytes.substr(8, length));
    std::map<std::string, Tensor> tensors;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") continue;
        Tensor t{entry["shape"][0], entry["shape"][1], {}};
        t.values.resize(t.rows * t.columns);
        std::memcpy(t.values.data(), bytes.data() + 8 + length + entry["data_offsets"][0].get<std::size_t>(),
                    t.values.size() * sizeof(float));
        tensors.emplace(name, std::move(t));
    }
    return tensors;
}

std::vector<SectionPrediction> readSections(const std::filesystem::path& path) {
    const auto tensors = readTensors(path);
    std::vector<SectionPrediction> sections;
    for (const auto& [name, measured] : tensors) {
        const auto first = name.find('.'), second = name.find('.', first + 1);
        if (name.substr(second) != ".measured") continue;
        const auto& predicted = tensors.at(name.substr(0, second) + ".predicted");
        sections.push_back({name.substr(0, first), name.substr(first + 1, second - first - 1), measured.rows,
                            measured.columns, measured.values, predicted.values});
    }
    return sections;
}

bool near(double a, double b) {
    return std::abs(a - b) < 1e-9;
}

/// Three spots, two genes: gene 0 is predicted perfectly, gene 1 the wrong way round.
SectionPrediction twoGenes(const char* patient, const char* section) {
    return {patient, section, 3, 2, {1, 5, 2, 6, 3, 7}, {1, 7, 2, 6, 3, 5}};
}

QString sentence(const Result<MetricsReport>& result) {
    return result ? QString() : QString::fromStdString(result.error().sentence());
}

} // namespace

class TestMetrics : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void givesThePublishedFiguresOfTheReference() {
        SPOTGLASS_NEED_SHARED(folder, "reference/metrics");
        const Json expected = Json::parse(readFile(folder / "expected.json").value());
        const auto report =
            publishedMetrics(readSections(folder / "sections.safetensors"), expected["top_k"]);
        QVERIFY2(report.has_value(), qPrintable(sentence(report)));
        const Json got = toJson(*report);
        QCOMPARE(got.size(), expected.size());
        for (const auto& [key, value] : expected.items()) {
            QVERIFY2(got.contains(key), key.c_str());
            if (value.is_object()) {
                QVERIFY2(near(got[key]["mean"], value["mean"]), key.c_str());
                QVERIFY2(near(got[key]["std"], value["std"]), key.c_str());
            } else {
                QVERIFY2(got[key] == value, key.c_str());
            }
        }
        QCOMPARE(report->patients.size(), std::size_t{3});
        QCOMPARE(report->genePcc.size(), std::size_t{60});
    }
    void errorsAndCorrelationsOfAHandMadeSection() {
        const auto report = publishedMetrics({twoGenes("A", "A1")}, 1).value();
        QVERIFY(near(report.mae.mean, 4.0 / 6));
        QVERIFY(near(report.mse.mean, 8.0 / 6));
        QVERIFY(near(report.genePcc[0], 1) && near(report.genePcc[1], -1));
        QVERIFY(near(report.pccAll.mean, 0) && near(report.pccHpg.mean, 1) && near(report.pccHeg.mean, -1));
        QCOMPARE(report.hpg, std::vector<std::size_t>{0});
        QCOMPARE(report.heg, std::vector<std::size_t>{1});
        QCOMPARE(report.mae.deviation, 0.0);
    }
    void aPatientIsTheMeanOfItsSectionsAndDeviationsArePopulationOnes() {
        auto wrong = twoGenes("A", "A2"), right = twoGenes("B", "B1");
        wrong.predicted = {3, 5, 2, 6, 1, 7};
        right.predicted = right.measured;
        const auto report = publishedMetrics({twoGenes("A", "A1"), wrong, right}, 2).value();
        QCOMPARE(report.patients.size(), std::size_t{2});
        QCOMPARE(report.patients[0].patient, std::string("A"));
        QVERIFY(near(report.patients[0].mae, 4.0 / 6)); // both sections
        QVERIFY(near(report.patients[0].pccAll, 0));    // each gene once right, once wrong
        QVERIFY(near(report.patients[1].pccAll, 1));
        QVERIFY(near(report.mae.mean, 2.0 / 6) && near(report.mae.deviation, 2.0 / 6));
        QVERIFY(near(report.pccAll.mean, 0.5) && near(report.pccAll.deviation, 0.5));
        QVERIFY(near(report.genePcc[0], 0.5) && near(report.genePcc[1], 0.5));
    }
    void constantGenesAreLeftOutAndCounted() {
        auto flat = twoGenes("A", "A1"), other = twoGenes("A", "A2");
        flat.predicted = {1, 0.1F, 2, 0.1F, 3, 0.1F};
        auto report = publishedMetrics({flat, other}, 1).value();
        QCOMPARE(report.undefinedCorrelations, std::size_t{1});
        QVERIFY(near(report.genePcc[1], -1)); // from the other section alone
        report = publishedMetrics({flat}, 2).value();
        QVERIFY(std::isnan(report.genePcc[1]));
        QVERIFY(near(report.pccAll.mean, 1));
    }
    void aPatientWithoutADefinedCorrelationIsLeftOutOfTheMean() {
        auto flat = twoGenes("A", "A1");
        flat.predicted.assign(6, 0.3F);
        auto report = publishedMetrics({flat, twoGenes("B", "B1")}, 1).value();
        QVERIFY(near(report.pccHpg.mean, 1) && near(report.pccHpg.deviation, 0));
        QCOMPARE(report.undefinedCorrelations, std::size_t{2});
        report = publishedMetrics({flat}, 1).value();
        QVERIFY(std::isnan(report.pccAll.mean));
        QVERIFY(toJson(report)["pcc_all"]["mean"].is_null());
        QVERIFY(toJson(report)["mae"]["mean"].is_number());
    }
    void undefinedGenesRankLast() {
        // Gene 0 is constant, gene 1 inverse: the inverse one is still the better predicted.
        const SectionPrediction s{"A", "A1", 3, 2, {1, 5, 1, 6, 1, 7}, {1, 7, 2, 6, 3, 5}};
        QCOMPARE(publishedMetrics({s}, 1).value().hpg, std::vector<std::size_t>{1});
    }
    void variableGenesAreThoseAfterDividingBySpotSums() {
        // Gene 0 varies most in itself, yet is half of every spot: genes 1 and 2 vary relative to the sum.
        const SectionPrediction s{
            "A", "A1", 3, 3, {10, 10, 0, 2, 0, 2, 0, 0, 0}, std::vector<float>(9, 0.5F)};
        const auto report = publishedMetrics({s}, 2).value();
        QCOMPARE(report.hvg, (std::vector<std::size_t>{1, 2}));
        QCOMPARE(report.heg, (std::vector<std::size_t>{0, 1}));
    }
    void moreGenesAskedForThanThereAreTakesAll() {
        const auto report = publishedMetrics({twoGenes("A", "A1")}).value();
        QCOMPARE(report.topK, std::size_t{2});
        QCOMPARE(report.hvg, (std::vector<std::size_t>{0, 1}));
    }
    void tinyValuesStillCorrelate() {
        const SectionPrediction s{"A", "A1", 3, 1, {1e-38F, 2e-38F, 3e-38F}, {2e-38F, 4e-38F, 6e-38F}};
        QVERIFY(near(publishedMetrics({s}, 1).value().pccAll.mean, 1));
    }
    void refusesWhatCannotBeCompared_data() {
        QTest::addColumn<int>("fault");
        QTest::addColumn<QString>("says");
        QTest::newRow("no section") << 0 << QStringLiteral("there is no section");
        QTest::newRow("no spot") << 1 << QStringLiteral("section A2: it has no spots or no genes");
        QTest::newRow("genes") << 2 << QStringLiteral("section A2: it has 3 genes, section A1 has 2");
        QTest::newRow("measured") << 3
                                  << QStringLiteral("it has 5 measured values instead of 3 spots x 2 genes");
        QTest::newRow("predicted") << 4 << QStringLiteral("it has 7 predicted values instead of");
        QTest::newRow("NaN") << 5 << QStringLiteral("section A2: a predicted value is not a finite number");
        QTest::newRow("infinite") << 6
                                  << QStringLiteral("section A2: a measured value is not a finite number");
        QTest::newRow("places") << 8
                                << QStringLiteral("section A2: it has 2 places on the array for 3 spots");
        QTest::newRow("twice") << 7 << QStringLiteral("section A1: it was given twice");
    }
    void refusesWhatCannotBeCompared() {
        QFETCH(int, fault);
        QFETCH(QString, says);
        auto s = twoGenes("A", "A2");
        switch (fault) {
        case 1:
            s = {"A", "A2", 0, 2, {}, {}};
            break;
        case 2:
            s = {"A", "A2", 2, 3, s.measured, s.predicted};
            break;
        case 3:
            s.measured.pop_back();
            break;
        case 4:
            s.predicted.push_back(1);
            break;
        case 5:
            s.predicted[3] = std::numeric_limits<float>::quiet_NaN();
            break;
        case 6:
            s.measured[0] = std::numeric_limits<float>::infinity();
            break;
        case 7:
            s.section = "A1";
            break;
        case 8:
            s.places = {{0, 0}, {0, 1}};
            break;
        default:
            break;
        }
        const auto result = fault == 0 ? publishedMetrics({}) : publishedMetrics({twoGenes("A", "A1"), s});
        QVERIFY2(sentence(result).contains(says), qPrintable(sentence(result)));
        QCOMPARE(result.error().kind, ErrorKind::BadInput);
    }
    void aSetOfNoGenesIsAMistakeOfTheCaller() {
        QCOMPARE(publishedMetrics({twoGenes("A", "A1")}, 0).error().kind, ErrorKind::Usage);
    }
};

QTEST_GUILESS_MAIN(TestMetrics)
#include "TestMetrics.moc"
