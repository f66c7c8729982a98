#include "CohortFiles.h"
#include "training/cohort/GeneMetrics.h"
#include "training/cohort/PortableRandom.h"
#include "training/cohort/SpatialStatistics.h"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace spotglass;
using namespace cohorttest;

namespace {

constexpr int width = 16;

std::vector<std::string> names(std::size_t genes) {
    std::vector<std::string> all;
    for (std::size_t g = 0; g < genes; ++g)
        all.push_back("G" + std::to_string(g));
    return all;
}

std::vector<ArrayPlace> square() {
    std::vector<ArrayPlace> places;
    for (int r = 0; r < width; ++r)
        for (int c = 0; c < width; ++c)
            places.push_back({r + 2, c + 7});
    return places;
}

/// Independent normal numbers, each place averaged with its eight neighbours as expression is; deviation 1.
std::vector<double> smoothed(PortableRandom& random) {
    constexpr int wide = width + 2;
    std::vector<double> raw(wide * wide), out;
    for (double& v : raw)
        v = random.normal();
    for (int r = 0; r < width; ++r)
        for (int c = 0; c < width; ++c) {
            double sum = 0;
            for (int i = 0; i < 9; ++i)
                sum += raw[static_cast<std::size_t>((r + i / 3) * wide + c + i % 3)];
            out.push_back(sum / 3);
        }
    return out;
}

/// A section whose genes are each predicted with the true correlation `rho`.
SectionPrediction known(const std::string& patient, const std::string& section, std::size_t genes, double rho,
                        PortableRandom& random) {
    SectionPrediction s{patient, section, width * width, genes, {}, {}, square()};
    s.measured.resize(s.spots * genes);
    s.predicted.resize(s.spots * genes);
    for (std::size_t g = 0; g < genes; ++g) {
        const auto a = smoothed(random), b = smoothed(random);
        for (std::size_t i = 0; i < s.spots; ++i) {
            s.measured[i * genes + g] = static_cast<float>(5 + a[i]);
            s.predicted[i * genes + g] = static_cast<float>(5 + rho * a[i] + std::sqrt(1 - rho * rho) * b[i]);
        }
    }
    return s;
}

std::vector<SectionPrediction> fourSections(std::size_t genes, double rho, std::uint64_t seed) {
    PortableRandom random(seed);
    return {known("A", "A1", genes, rho, random), known("A", "A2", genes, rho, random),
            known("B", "B1", genes, rho, random), known("C", "C1", genes, rho, random)};
}

void setGene(SectionPrediction& s, std::size_t gene, float value) {
    for (std::size_t spot = 0; spot < s.spots; ++spot)
        s.predicted[spot * s.genes + gene] = value;
}

bool holds(const Interval& interval, double value) {
    return interval.low <= value && value <= interval.high;
}

bool same(double a, double b) {
    return a == b || (std::isnan(a) && std::isnan(b));
}

} // namespace

class TestGeneMetrics : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void intervalsHoldTheTrueCorrelationAsOftenAsTheySay_data() {
        QTest::addColumn<double>("rho");
        QTest::newRow("none") << 0.0;
        QTest::newRow("middling") << 0.5;
        QTest::newRow("high") << 0.8;
    }
    void intervalsHoldTheTrueCorrelationAsOftenAsTheySay() {
        // 600 genes are 600 experiments: the share has a standard error of 0.011. Few blocks make the
        // intervals of 95 % hold a little less; what must not happen is what spots drawn one by one give.
        QFETCH(double, rho);
        constexpr std::size_t genes = 600;
        const auto sections = fourSections(genes, rho, 31);
        BootstrapOptions blocks, single;
        blocks.resamples = single.resamples = 400;
        single.blockSide = 1;
        const auto share = [&](const std::vector<SectionPrediction>& of, const BootstrapOptions& options) {
            double held = 0;
            const auto report = geneMetrics(of, names(genes), 50, options).value();
            for (const auto& gene : report.genes)
                held += holds(gene.pccInterval, rho) ? 1.0 / genes : 0;
            return held;
        };
        const double four = share(sections, blocks), one = share({sections[0]}, blocks);
        const double spotBySpot = share(sections, single);
        QVERIFY2(four > 0.89 && four < 0.98, qPrintable(QString::number(four)));
        QVERIFY2(one > 0.88 && one < 0.98, qPrintable(QString::number(one)));
        QVERIFY2(spotBySpot < 0.8, qPrintable(QString::number(spotBySpot)));
    }
    void intervalsOfTheMeansAreNarrowerThanThoseOfGenes() {
        const auto report = geneMetrics(fourSections(80, 0.5, 3), names(80), 10).value();
        QVERIFY(report.warnings.empty());
        QVERIFY(holds(report.pccAll, report.published.pccAll.mean));
        QVERIFY(holds(report.mae, report.published.mae.mean) && holds(report.mse, report.published.mse.mean));
        QVERIFY(holds(report.pccHeg, report.published.pccHeg.mean));
        double gene = 0;
        for (const auto& g : report.genes)
            gene += (g.pccInterval.high - g.pccInterval.low) / 80;
        const double all = report.pccAll.high - report.pccAll.low;
        const double ten = report.pccHvg.high - report.pccHvg.low;
        QVERIFY(all > 0 && all < gene / 5); // 80 independent genes: about a ninth
        QVERIFY(ten > 1.5 * all && ten < gene);
    }
    void figuresAreThePublishedOnesAndErrorsAverageToThem() {
        const auto sections = fourSections(30, 0.4, 5);
        const auto report = geneMetrics(sections, names(30), 10).value();
        const auto published = publishedMetrics(sections, 10).value();
        QVERIFY(spotglass::toJson(report.published) == spotglass::toJson(published));
        double mse = 0, mae = 0;
        for (std::size_t g = 0; g < 30; ++g) {
            QCOMPARE(report.genes[g].gene, names(30)[g]);
            QCOMPARE(report.genes[g].pcc, published.genePcc[g]);
            QVERIFY(holds(report.genes[g].pccInterval, report.genes[g].pcc));
            mse += report.genes[g].mse / 30;
            mae += report.genes[g].mae / 30;
        }
        QVERIFY(std::abs(mse - published.mse.mean) < 1e-12);
        QVERIFY(std::abs(mae - published.mae.mean) < 1e-12);
    }
    void perfectPredictionIsNotBetterThanPerfect() {
        auto sections = fourSections(20, 0.99, 5);
        // Right but in one block, which a third of the resamples lack: percentiles alone would end beyond 1.
        auto right = sections[0];
        for (std::size_t i = 0; i < right.predicted.size(); ++i) {
            const auto& [row, column] = (*right.places)[i / right.genes];
            const bool corner = row < 2 + 6 && column < 7 + 6;
            right.predicted[i] = corner ? 10 - right.measured[i] : right.measured[i];
        }
        const auto good = geneMetrics({right}, names(20), 5).value();
        int atOne = 0;
        for (const auto& gene : good.genes) {
            QVERIFY(gene.pccInterval.high <= 1 && gene.pccInterval.low < gene.pcc);
            atOne += gene.pccInterval.high == 1.0;
        }
        QVERIFY(atOne > 0);
        for (auto& s : sections)
            s.predicted = s.measured;
        const auto report = geneMetrics(sections, names(20), 5).value();
        QVERIFY(std::abs(report.pccAll.low - 1) < 1e-12 && std::abs(report.pccAll.high - 1) < 1e-12);
        QCOMPARE(report.mse.high, 0.0);
    }
    void moransIIsThatOfMeasuredAndPredictedValues() {
        auto sections = fourSections(5, 0.4, 8);
        for (std::size_t s = 0; s < 3; ++s)
            setGene(sections[s], 2, 1.5F); // its mean is that of the last section alone
        for (auto& s : sections)
            s.geometry = ArrayGeometry::Hexagonal;
        const auto report = geneMetrics(sections, names(5)).value();
        double measured = 0;
        for (const auto& s : sections)
            measured += moransI(s.measured, 5, arrayGraph(*s.places, s.geometry).value())->statistic[2] / 4;
        const auto last = arrayGraph(*sections[3].places, ArrayGeometry::Hexagonal).value();
        QVERIFY(std::abs(report.genes[2].moranMeasured - measured) < 1e-12);
        QVERIFY(measured > 0.4); // smoothed values
        QVERIFY(std::abs(report.genes[2].moranPredicted -
                         moransI(sections[3].predicted, 5, last)->statistic[2]) < 1e-12);
    }
    void theNumberOfThreadsChangesNothing() {
        const auto sections = fourSections(70, 0.3, 12);
        BootstrapOptions one, three;
        one.threads = 1;
        three.threads = 3;
        const auto a = geneMetrics(sections, names(70), 10, one).value();
        const auto b = geneMetrics(sections, names(70), 10, three).value();
        QCOMPARE(toCsv(a), toCsv(b));
        QVERIFY(spotglass::toJson(a) == spotglass::toJson(b));
        BootstrapOptions other;
        other.seed = 1;
        QVERIFY(toCsv(geneMetrics(sections, names(70), 10, other).value()) != toCsv(a));
    }
    void constantGenesHaveNoIntervalAndAreLeftOut() {
        auto sections = fourSections(12, 0.5, 4);
        const auto before = geneMetrics(sections, names(12), 12).value();
        for (auto& s : sections)
            setGene(s, 3, 0.1F);
        const auto report = geneMetrics(sections, names(12), 12).value();
        const auto& gene = report.genes[3];
        QVERIFY(std::isnan(gene.pcc) && std::isnan(gene.pccInterval.low) && std::isnan(gene.moranPredicted));
        QVERIFY(std::isfinite(gene.mse) && std::isfinite(gene.moranMeasured));
        QVERIFY(std::isfinite(report.pccAll.low));
        for (std::size_t g = 0; g < 12; ++g)
            if (g != 3) QVERIFY(same(report.genes[g].pccInterval.low, before.genes[g].pccInterval.low));
        QVERIFY(spotglass::toJson(report)["genes"]["G3"]["pcc_low"].is_null());
        QVERIFY(toCsv(report).find("\nG3,,,,") != std::string::npos);
    }
    void aGeneOfOneBlockHasNoInterval() {
        auto sections = fourSections(2, 0.5, 4);
        for (auto& s : sections) // beside the corner nothing: absent from a third of all resamples
            for (std::size_t spot = 0; spot < s.spots; ++spot)
                if ((*s.places)[spot][0] > 6 || (*s.places)[spot][1] > 11) s.measured[2 * spot] = 0;
        const std::vector<SectionPrediction> one{sections[0]};
        const auto report = geneMetrics(one, names(2)).value();
        QVERIFY(std::isfinite(report.genes[0].pcc) && std::isnan(report.genes[0].pccInterval.low));
        QVERIFY(std::isfinite(report.genes[1].pccInterval.low));
    }
    void withoutPlacesThereAreNeitherIntervalsNorMoransI() {
        auto sections = fourSections(6, 0.5, 4);
        sections[2].places.reset();
        const auto report = geneMetrics(sections, names(6), 6).value();
        QCOMPARE(report.warnings.size(), std::size_t{1});
        QVERIFY(report.warnings[0].find("Section B1 does not say where its spots lie") == 0);
        const auto json = spotglass::toJson(report);
        for (const char* key : {"pcc_low", "pcc_high", "moran_measured", "moran_predicted"})
            QVERIFY2(json["genes"]["G1"][key].is_null(), key);
        for (const char* key : {"pcc", "mse", "mae"})
            QVERIFY2(json["genes"]["G1"][key].is_number(), key);
        QVERIFY(json["intervals"]["pcc_all"]["low"].is_null());
    }
    void aSmallSectionHasNoIntervals() {
        auto sections = fourSections(3, 0.5, 4);
        BootstrapOptions wide;
        wide.blockSide = width;
        const auto report = geneMetrics(sections, names(3), 3, wide).value();
        QCOMPARE(report.warnings.at(0),
                 std::string("Section A1 is too small for confidence intervals: it has "
                             "1 blocks of 16 x 16 places, and needs 4."));
        QVERIFY(std::isnan(report.genes[0].pccInterval.low) && std::isfinite(report.genes[0].moranMeasured));
    }
    void tablesAreComplete() {
        const auto report = geneMetrics(fourSections(3, 0.5, 4), {"FN1", "HLA,\"A\"", "ERBB2"}, 2).value();
        const auto lines = QString::fromStdString(toCsv(report)).split(QLatin1Char('\n'));
        QCOMPARE(lines.size(), 5); // a header, three genes, the end
        QCOMPARE(lines[0],
                 QStringLiteral("gene,pcc,pcc_low,pcc_high,mse,mae,moran_measured,moran_predicted"));
        QVERIFY(lines[2].startsWith(QStringLiteral("\"HLA,\"\"A\"\"\",")));
        const auto cells = lines[3].split(QLatin1Char(','));
        QCOMPARE(cells.size(), 8);
        QCOMPARE(cells[0], QStringLiteral("ERBB2"));
        QCOMPARE(cells[1].toDouble(), report.genes[2].pcc);
        QCOMPARE(cells[3].toDouble(), report.genes[2].pccInterval.high);
        QCOMPARE(cells[7].toDouble(), report.genes[2].moranPredicted);
        const auto json = spotglass::toJson(report);
        QCOMPARE(json["genes"]["ERBB2"]["mae"].get<double>(), report.genes[2].mae);
        QCOMPARE(json["intervals"]["pcc_hpg"]["high"].get<double>(), report.pccHpg.high);
        QCOMPARE(json["intervals"]["resamples"].get<int>(), 1000);
        QCOMPARE(json["intervals"]["block_side"].get<int>(), 6);
    }
    void refusesWhatDoesNotFit() {
        auto sections = fourSections(2, 0.5, 4);
        VERIFY_BAD_INPUT(geneMetrics(sections, names(3)), "", "names of 3 genes, and values of 2");
        sections[1].places->pop_back();
        VERIFY_BAD_INPUT(geneMetrics(sections, names(2)), "section A2",
                         "it has 255 places on the array for 256 spots");
        sections[1].places->push_back({2, 7});
        VERIFY_BAD_INPUT(geneMetrics(sections, names(2)), "section A2", "two spots lie at row 2, column 7");
        VERIFY_BAD_INPUT(geneMetrics({}, names(2)), "", "there is no section to compare");
    }
    void optionsWithoutSenseAreMistakesOfTheCaller() {
        const auto sections = fourSections(2, 0.5, 4);
        BootstrapOptions side, resamples, confidence;
        side.blockSide = 0;
        resamples.resamples = 19;
        confidence.confidence = 1;
        for (const auto& options : {side, resamples, confidence})
            QCOMPARE(geneMetrics(sections, names(2), 2, options).error().kind, ErrorKind::Usage);
        QCOMPARE(geneMetrics(sections, names(2), 0).error().kind, ErrorKind::Usage);
    }
};

QTEST_GUILESS_MAIN(TestGeneMetrics)
#include "TestGeneMetrics.moc"
