#include "training/cohort/BlockBootstrap.h"
#include "training/cohort/PortableRandom.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <QtTest>

using namespace spotglass;

namespace {

std::vector<ArrayPlace> rectangle(int rows, int columns) {
    std::vector<ArrayPlace> places;
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c)
            places.push_back({r - 3, c + 40});
    return places;
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
    const double n = static_cast<double>(x.size());
    const double meanX = std::accumulate(x.begin(), x.end(), 0.0) / n;
    const double meanY = std::accumulate(y.begin(), y.end(), 0.0) / n;
    double xx = 0, yy = 0, xy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xx += (x[i] - meanX) * (x[i] - meanX);
        yy += (y[i] - meanY) * (y[i] - meanY);
        xy += (x[i] - meanX) * (y[i] - meanY);
    }
    return xy / std::sqrt(xx * yy);
}

std::vector<double> upTo(int count) {
    std::vector<double> values(static_cast<std::size_t>(count) + 1);
    std::iota(values.rbegin(), values.rend(), 0.0);
    return values;
}

} // namespace

class TestBlockBootstrap : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void blocksAreSquaresOfTheArray() {
        const auto places = rectangle(7, 11);
        const auto blocks = arrayBlocks(places, 5);
        QCOMPARE(blocks.count, std::size_t{2 * 3});
        QCOMPARE(blocks.ofSpot.size(), places.size());
        for (std::size_t a = 0; a < places.size(); ++a)
            for (std::size_t b = 0; b < places.size(); ++b) {
                const bool same = (places[a][0] + 3) / 5 == (places[b][0] + 3) / 5 &&
                                  (places[a][1] - 40) / 5 == (places[b][1] - 40) / 5;
                QCOMPARE(blocks.ofSpot[a] == blocks.ofSpot[b], same);
            }
    }
    void blocksWithoutSpotsDoNotCount() {
        const auto blocks = arrayBlocks(std::vector<ArrayPlace>{{0, 0}, {0, 99}, {1, 1}}, 5);
        QCOMPARE(blocks.count, std::size_t{2});
        QCOMPARE(blocks.ofSpot, (std::vector<std::uint32_t>{0, 1, 0}));
        QCOMPARE(arrayBlocks({}, 5).count, std::size_t{0});
    }
    void everyResampleDrawsAsManyBlocksAsThereAre() {
        const auto draws = drawBlocks(9, 500, 1);
        QCOMPARE(draws.size(), std::size_t{9 * 500});
        std::vector<double> all(9, 0.0);
        for (std::size_t r = 0; r < 500; ++r) {
            QCOMPARE(std::accumulate(draws.begin() + static_cast<std::ptrdiff_t>(9 * r),
                                     draws.begin() + static_cast<std::ptrdiff_t>(9 * r + 9), 0.0),
                     9.0);
            for (std::size_t b = 0; b < 9; ++b)
                all[b] += draws[9 * r + b];
        }
        for (const double times : all)
            QVERIFY(std::abs(times - 500) < 100); // 4.5 deviations of a fair draw
        QCOMPARE(draws, drawBlocks(9, 500, 1));
        QVERIFY(draws != drawBlocks(9, 500, 2));
    }
    void blockSumsGiveWhatTheSpotsThemselvesGive() {
        PortableRandom random(6);
        const auto places = rectangle(13, 9);
        const auto blocks = arrayBlocks(places, 4);
        std::vector<double> x, y, spots(blocks.count, 0.0);
        for (std::size_t i = 0; i < places.size(); ++i) {
            x.push_back(random.normal());
            y.push_back(0.5 * x.back() + random.normal());
            ++spots[blocks.ofSpot[i]];
        }
        std::vector<BlockSums> sums(blocks.count);
        for (std::size_t i = 0; i < x.size(); ++i) {
            auto& s = sums[blocks.ofSpot[i]];
            s = {s.x + x[i], s.y + y[i], s.xx + x[i] * x[i], s.yy + y[i] * y[i], s.xy + x[i] * y[i]};
        }
        constexpr std::size_t resamples = 50;
        const auto draws = drawBlocks(blocks.count, resamples, 3);
        std::vector<double> drawn(resamples, 0.0), got(resamples), direct;
        for (std::size_t r = 0; r < resamples; ++r) {
            std::vector<double> xs, ys; // the spots of the resample, one by one
            for (std::size_t b = 0; b < blocks.count; ++b)
                for (int times = 0; times < static_cast<int>(draws[r * blocks.count + b]); ++times)
                    for (std::size_t i = 0; i < x.size(); ++i)
                        if (blocks.ofSpot[i] == b) {
                            xs.push_back(x[i]);
                            ys.push_back(y[i]);
                        }
            drawn[r] = static_cast<double>(xs.size());
            direct.push_back(correlation(xs, ys));
        }
        resampledCorrelations(sums, draws, drawn, got);
        for (std::size_t r = 0; r < resamples; ++r)
            QVERIFY2(std::abs(got[r] - direct[r]) < 1e-12, qPrintable(QString::number(got[r] - direct[r])));
    }
    void aResampleWithoutVarianceIsUndefined() {
        // Two blocks of two spots; x varies in the first alone, and is 0.1 less its mean in the second.
        const double c = 0.1 / 3;
        const std::vector<BlockSums> sums{{3 * c, 1, 5 * c * c, 1, c}, {2 * c, 1, 2 * c * c, 1, c}};
        std::vector<double> out(2);
        resampledCorrelations(sums, std::vector<double>{1, 1, 0, 2}, std::vector<double>{4, 4}, out);
        QVERIFY(std::isfinite(out[0]));
        QVERIFY(std::isnan(out[1]));
    }
    void intervalsArePercentilesMovedOutwardsWithFewBlocks() {
        const auto plain = bootstrapInterval(upTo(1000), 500, 0.95, 1e9, 1);
        QVERIFY(std::abs(plain.low - 25) < 0.01 && std::abs(plain.high - 975) < 0.01);
        const auto ninety = bootstrapInterval(upTo(1000), 500, 0.9, 1e9, 1);
        QVERIFY(std::abs(ninety.low - 50) < 0.01 && std::abs(ninety.high - 950) < 0.01);
        // Student's t with 15 degrees at 97.5 % is 2.1314; times 1.0328 it is 2.2013, the normal
        // distribution's 1.386 %.
        const auto few = bootstrapInterval(upTo(1000), 500, 0.95, 15, std::sqrt(16.0 / 15));
        QVERIFY2(std::abs(few.low - 13.86) < 0.05, qPrintable(QString::number(few.low)));
        QVERIFY2(std::abs(few.high - 986.14) < 0.05, qPrintable(QString::number(few.high)));
    }
    void intervalsLieAboutTheFigure() {
        const auto moved = bootstrapInterval(upTo(1000), 520, 0.95, 1e9, 1); // the resamples' mean is 500
        QVERIFY(std::abs(moved.low - 45) < 0.01 && std::abs(moved.high - 995) < 0.01);
        QVERIFY(std::isnan(bootstrapInterval(upTo(1000), std::nan(""), 0.95, 1e9, 1).low));
    }
    void undefinedResamplesAreLeftOutUnlessTheyAreMany() {
        auto values = upTo(1000);
        std::fill(values.begin(), values.begin() + 100, std::nan(""));
        const auto most = bootstrapInterval(values, 450, 0.95, 1e9, 1); // 0 to 900 are left
        QVERIFY(std::abs(most.low - 22.5) < 0.01 && std::abs(most.high - 877.5) < 0.01);
        std::fill(values.begin(), values.begin() + 102, std::nan(""));
        QVERIFY(std::isnan(bootstrapInterval(values, 450, 0.95, 1e9, 1).low));
        QVERIFY(std::isnan(bootstrapInterval({}, 500, 0.95, 1e9, 1).high));
        QVERIFY(std::isnan(bootstrapInterval(upTo(1000), 500, 0.95, 0, 1).low));
    }
};

QTEST_GUILESS_MAIN(TestBlockBootstrap)
#include "TestBlockBootstrap.moc"
