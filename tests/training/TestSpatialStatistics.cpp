#include "CohortFiles.h"
#include "training/cohort/PortableRandom.h"
#include "training/cohort/SpatialStatistics.h"

#include <algorithm>
#include <cmath>

using namespace spotglass;
using namespace cohorttest;

namespace {

/// A round piece of an array with holes in it.
std::vector<ArrayPlace> tissue(int width, PortableRandom& random) {
    std::vector<ArrayPlace> places;
    for (int r = 0; r < width; ++r)
        for (int c = 0; c < width; ++c)
            if (std::hypot(r - width / 2.0, c - width / 2.0) < width / 2.0 && random.uniform() > 0.1)
                places.push_back({r + 3, c - 5});
    return places;
}

/// Counts with many zeros, some genes steady, some rare, one in a single spot and one in none.
CountMatrix randomCounts(std::size_t spots, std::size_t genes, PortableRandom& random) {
    CountMatrix counts;
    counts.genes = genes;
    for (std::size_t s = 0; s < spots; ++s) {
        std::vector<float> row(genes);
        for (std::size_t g = 0; g < genes; ++g)
            row[g] = static_cast<float>(random.poisson(0.05 * std::pow(1.2, static_cast<double>(g))));
        row[1] = 0;
        row[2] = s == 4 ? 3 : 0;
        if (s == 7) row.assign(genes, 0); // a spot without counts
        counts.appendRow(row);
    }
    return counts;
}

/// ln(1 + depth-normalised counts), dense, straight from the definition.
std::vector<double> logs(const CountMatrix& counts) {
    std::vector<std::size_t> all(counts.genes);
    for (std::size_t g = 0; g < counts.genes; ++g)
        all[g] = g;
    const auto dense = counts.dense(all);
    std::vector<double> depth(counts.spots, 0.0), positive;
    for (std::size_t i = 0; i < dense.size(); ++i)
        depth[i / counts.genes] += static_cast<double>(dense[i]);
    std::copy_if(depth.begin(), depth.end(), std::back_inserter(positive), [](double d) { return d > 0; });
    std::sort(positive.begin(), positive.end());
    const std::size_t n = positive.size();
    const double median = (positive[(n - 1) / 2] + positive[n / 2]) / 2;
    std::vector<double> out(dense.size());
    for (std::size_t i = 0; i < dense.size(); ++i)
        if (depth[i / counts.genes] > 0)
            out[i] = std::log(1 + static_cast<double>(dense[i]) * median / depth[i / counts.genes]);
    return out;
}

struct Expected {
    double statistic, zScore;
};

/// The definitions with a full matrix of weights.
Expected denseMoran(const std::vector<double>& x, const std::vector<ArrayPlace>& places, bool hexagonal) {
    const std::size_t n = x.size();
    const double size = static_cast<double>(n);
    std::vector<double> weights(n * n, 0.0), rowSums(n, 0.0);
    double mean = 0, all = 0;
    for (std::size_t i = 0; i < n; ++i) {
        mean += x[i] / size;
        for (std::size_t j = 0; j < n; ++j) {
            const int dr = places[i][0] - places[j][0], dc = places[i][1] - places[j][1];
            const bool square = std::max(std::abs(dr), std::abs(dc)) == 1;
            const bool touch = hexagonal ? square && std::abs(dr + dc) < 2 : square;
            weights[i * n + j] = touch ? 1 : 0;
            rowSums[i] += weights[i * n + j];
            all += weights[i * n + j];
        }
    }
    double cross = 0, zz = 0, zzzz = 0, s1 = 0, s2 = 0;
    for (std::size_t i = 0; i < n; ++i) {
        zz += std::pow(x[i] - mean, 2);
        zzzz += std::pow(x[i] - mean, 4);
        s2 += std::pow(2 * rowSums[i], 2);
        for (std::size_t j = 0; j < n; ++j) {
            cross += weights[i * n + j] * (x[i] - mean) * (x[j] - mean);
            s1 += std::pow(weights[i * n + j] + weights[j * n + i], 2) / 2;
        }
    }
    const double statistic = size / all * cross / zz, b2 = (zzzz / size) / std::pow(zz / size, 2);
    const double e = -1 / (size - 1);
    const double second = (size * ((size * size - 3 * size + 3) * s1 - size * s2 + 3 * all * all) -
                           b2 * (size * (size - 1) * s1 - 2 * size * s2 + 6 * all * all)) /
                          ((size - 1) * (size - 2) * (size - 3) * all * all);
    return {statistic, (statistic - e) / std::sqrt(second - e * e)};
}

std::vector<float> chessboard(int width, int height) {
    std::vector<float> values;
    for (int r = 0; r < height; ++r)
        for (int c = 0; c < width; ++c)
            values.push_back(static_cast<float>((r + c) % 2));
    return values;
}

std::vector<ArrayPlace> rectangle(int width, int height) {
    std::vector<ArrayPlace> places;
    for (int r = 0; r < height; ++r)
        for (int c = 0; c < width; ++c)
            places.push_back({r, c});
    return places;
}

} // namespace

class TestSpatialStatistics : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void agreesWithTheDenseDefinition_data() {
        QTest::addColumn<bool>("hexagonal");
        QTest::newRow("square") << false;
        QTest::newRow("hexagonal") << true;
    }
    void agreesWithTheDenseDefinition() {
        QFETCH(bool, hexagonal);
        PortableRandom random(hexagonal ? 5 : 4);
        const auto places = tissue(22, random);
        const auto counts = randomCounts(places.size(), 40, random);
        const auto graph =
            arrayGraph(places, hexagonal ? ArrayGeometry::Hexagonal : ArrayGeometry::Square).value();
        const auto moran = moransI(counts, graph, 2).value();
        const auto values = logs(counts);
        std::size_t compared = 0;
        for (std::size_t g = 0; g < counts.genes; ++g) {
            std::vector<double> gene;
            for (std::size_t s = 0; s < counts.spots; ++s)
                gene.push_back(values[s * counts.genes + g]);
            if (g == 1) { // no counts at all
                QVERIFY(std::isnan(moran.statistic[g]) && std::isnan(moran.zScore[g]));
                continue;
            }
            const auto expected = denseMoran(gene, places, hexagonal);
            QVERIFY2(std::abs(moran.statistic[g] - expected.statistic) < 1e-10,
                     qPrintable(QString::number(moran.statistic[g] - expected.statistic)));
            QVERIFY(std::abs(moran.zScore[g] - expected.zScore) < 1e-8);
            QVERIFY(std::abs(moran.pValue[g] - 0.5 * std::erfc(expected.zScore / std::sqrt(2))) < 1e-8);
            ++compared;
        }
        QCOMPARE(compared, std::size_t{39});
        QCOMPARE(moran.undefinedGenes, std::size_t{1});
        QCOMPARE(moran.expectation, -1 / static_cast<double>(places.size() - 1));
    }
    void givenValuesAreTakenAsTheyAre() {
        PortableRandom random(8);
        const auto places = tissue(16, random);
        const auto graph = arrayGraph(places, ArrayGeometry::Square).value();
        std::vector<float> values;
        std::vector<double> gene;
        for (std::size_t s = 0; s < places.size(); ++s) {
            values.push_back(static_cast<float>(1000 + places[s][0] + random.normal())); // a large mean
            values.push_back(7);
            gene.push_back(static_cast<double>(values[2 * s]));
        }
        const auto moran = moransI(values, 2, graph).value();
        QVERIFY(std::abs(moran.statistic[0] - denseMoran(gene, places, false).statistic) < 1e-10);
        QVERIFY(std::isnan(moran.statistic[1]) && std::isnan(moran.pValue[1]));
        QCOMPARE(moran.undefinedGenes, std::size_t{1});
    }
    void patternsThatAreKnown() {
        // On a long row of two values in turn every neighbour is the other one: I is -1. A step is near 1.
        const auto row = arrayGraph(rectangle(40, 1), ArrayGeometry::Square).value();
        QVERIFY(std::abs(moransI(chessboard(40, 1), 1, row)->statistic[0] + 1) < 1e-12);
        std::vector<float> step(40, 0);
        std::fill(step.begin(), step.begin() + 20, 1.0F);
        const auto moran = moransI(step, 1, row).value();
        QVERIFY(std::abs(moran.statistic[0] - 37.0 / 39) < 1e-12); // one link of 39 disagrees
        QVERIFY(moran.zScore[0] > 5 && moran.pValue[0] < 1e-6);
    }
    void theScoreOfChanceIsStandardNormal() {
        // 2000 genes without pattern: mean and spread of z, and the share of small p-values, are as promised.
        PortableRandom random(17);
        const auto places = tissue(18, random);
        constexpr std::size_t genes = 2000;
        std::vector<float> values(places.size() * genes);
        for (float& v : values)
            v = static_cast<float>(std::exp(random.normal())); // skewed, as expression is
        const auto moran = moransI(values, genes, arrayGraph(places, ArrayGeometry::Square).value()).value();
        double mean = 0, square = 0, small = 0;
        for (std::size_t g = 0; g < genes; ++g) {
            mean += moran.zScore[g] / genes;
            square += moran.zScore[g] * moran.zScore[g] / genes;
            small += moran.pValue[g] < 0.05 ? 1.0 / genes : 0;
        }
        QVERIFY2(std::abs(mean) < 0.07, qPrintable(QString::number(mean))); // three standard errors
        QVERIFY2(std::abs(square - 1) < 0.12, qPrintable(QString::number(square)));
        QVERIFY2(std::abs(small - 0.05) < 0.02, qPrintable(QString::number(small)));
    }
    void theNumberOfThreadsChangesNothing() {
        PortableRandom random(3);
        const auto places = tissue(15, random);
        const auto counts = randomCounts(places.size(), 300, random);
        const auto graph = arrayGraph(places, ArrayGeometry::Square).value();
        const auto one = moransI(counts, graph, 1).value();
        for (const unsigned threads : {2U, 7U, 0U}) {
            const auto many = moransI(counts, graph, threads).value();
            QCOMPARE(many.undefinedGenes, one.undefinedGenes);
            for (std::size_t g = 0; g < counts.genes; ++g)
                QVERIFY(many.statistic[g] == one.statistic[g] || std::isnan(one.statistic[g]));
        }
    }
    void equalValuesAfterNormalisingHaveNoVariance() {
        // The only gene: whatever the depth, every spot has the median of it, but for rounding.
        CountMatrix counts;
        counts.genes = 1;
        for (int s = 0; s < 30; ++s)
            counts.appendRow({static_cast<float>(3 + 7 * s % 11)});
        const auto moran =
            moransI(counts, arrayGraph(rectangle(6, 5), ArrayGeometry::Square).value()).value();
        QVERIFY(std::isnan(moran.statistic[0]));
        QCOMPARE(moran.undefinedGenes, std::size_t{1});
    }
    void spotsWithoutNeighboursHaveNoStatistic() {
        const auto apart =
            arrayGraph(std::vector<ArrayPlace>{{0, 0}, {0, 9}, {9, 0}, {9, 9}}, ArrayGeometry::Square)
                .value();
        const auto moran = moransI(std::vector<float>{1, 2, 3, 5}, 1, apart).value();
        QVERIFY(std::isnan(moran.statistic[0]));
        QCOMPARE(moran.undefinedGenes, std::size_t{1});
    }
    void threeSpotsHaveAStatisticButNoTest() {
        const auto three = arrayGraph(rectangle(3, 1), ArrayGeometry::Square).value();
        const auto moran = moransI(std::vector<float>{1, 2, 4}, 1, three).value();
        QVERIFY(std::isfinite(moran.statistic[0]) && std::isnan(moran.zScore[0]));
    }
    void placesOfAnotherNumberAreRefused() {
        PortableRandom random(1);
        const auto graph = arrayGraph(rectangle(4, 3), ArrayGeometry::Square).value();
        VERIFY_BAD_INPUT(moransI(randomCounts(11, 5, random), graph), "",
                         "there are values of 11 spots, and 12 places on the array");
        VERIFY_BAD_INPUT(moransI(std::vector<float>(26, 1.0F), 2, graph), "",
                         "there are values of 13 spots, and 12 places on the array");
    }
};

QTEST_GUILESS_MAIN(TestSpatialStatistics)
#include "TestSpatialStatistics.moc"
