#include "SlideFiles.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <chrono>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;

class TestSyntheticSlideSource : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void sameSeedSamePixelsOtherSeedOthers() {
        const LevelRect rect{12000, 13000, 64, 64};
        const SyntheticSlideSource one, two, other({.seed = 2});
        QVERIFY(one.readRegion(0, rect)->pixels == two.readRegion(0, rect)->pixels);
        QCOMPARE(one.fingerprint(), two.fingerprint());
        QVERIFY(one.fingerprint() != other.fingerprint());
        const int coarse = static_cast<int>(one.info()->levels.size()) - 1;
        QVERIFY(one.readRegion(coarse, {0, 0, 500, 400})->pixels !=
                other.readRegion(coarse, {0, 0, 500, 400})->pixels);
    }
    void regionsOfOneLevelFitTogether() {
        const SyntheticSlideSource slide;
        const auto whole = slide.readRegion(1, {1000, 1500, 100, 80}).value();
        const auto part = slide.readRegion(1, {1040, 1530, 20, 20}).value();
        for (int y = 0; y < 20; ++y)
            for (int x = 0; x < 20; ++x)
                QCOMPARE(pixel(part, x, y), pixel(whole, 40 + x, 30 + y));
    }
    void levelsShowTheSameTissue() {
        const SyntheticSlideSource slide;
        const auto info = slide.info();
        int tissue = 0;
        for (std::size_t n = 0; n < info->levels.size(); ++n) {
            const double scale = info->levels[n].downsample;
            for (double y = 5000; y < 25000; y += 2000)
                for (double x = 2000; x < 38000; x += 2000) {
                    const auto column = static_cast<std::int64_t>(x / scale),
                               row = static_cast<std::int64_t>(y / scale);
                    const auto read = slide.readRegion(static_cast<int>(n), {column, row, 1, 1}).value();
                    const Level0Point center{(static_cast<double>(column) + 0.5) * scale,
                                             (static_cast<double>(row) + 0.5) * scale};
                    const bool pale = ((pixel(read, 0, 0) >> 8) & 255) > 235; // green of the drawn glass
                    QCOMPARE(!pale, slide.isTissue(center));
                    tissue += pale ? 0 : 1;
                }
        }
        QVERIFY(tissue > 50);
    }
    void levelsHaveExactDownsamplesAndRoundUp() {
        const SyntheticSlideSource slide({.width = 10001, .height = 7000});
        const auto levels = slide.info()->levels;
        QCOMPARE(levels.size(), std::size_t{3});
        QCOMPARE(levels[1].width, std::int64_t{2501});
        QCOMPARE(levels[2].downsample, 16.0);
    }
    void outsideIsWhite() {
        const SyntheticSlideSource slide({.width = 100, .height = 100, .allTissue = true});
        const auto raster = slide.readRegion(0, {-1, 99, 2, 2}).value();
        QCOMPARE(pixel(raster, 0, 0), 0xffffffffu);
        QVERIFY(pixel(raster, 1, 0) != 0xffffffffu);
        QCOMPARE(pixel(raster, 1, 1), 0xffffffffu);
    }
    void brokenPlacesFailOnEveryLevelAndOthersDoNot() {
        const SyntheticSlideSource slide({.broken = {{4096, 4096, 256, 256}}});
        QCOMPARE(slide.readRegion(0, {4200, 4200, 10, 10}).error().kind, ErrorKind::BadInput);
        QVERIFY(!slide.readRegion(2, {0, 0, 300, 300}));
        QVERIFY(slide.readRegion(0, {4352, 4096, 256, 256}).has_value());
        QCOMPARE(slide.readCount(), std::size_t{3});
    }
    void levelsThatDoNotExistAreRefused() {
        const SyntheticSlideSource slide;
        QVERIFY(!slide.readRegion(99, {0, 0, 1, 1}));
        QVERIFY(!slide.readRegion(-1, {0, 0, 1, 1}));
    }
    void readsTakeAsLongAsAskedAndCallTheHook() {
        int seen = -1;
        const SyntheticSlideSource slide({.readDelay = std::chrono::milliseconds(20),
                                          .beforeRead = [&](int level, LevelRect) { seen = level; }});
        const auto start = std::chrono::steady_clock::now();
        QVERIFY(slide.readRegion(1, {0, 0, 1, 1}).has_value());
        QVERIFY(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20));
        QCOMPARE(seen, 1);
    }
    void hasALabel() {
        const SyntheticSlideSource slide;
        QCOMPARE(slide.readAssociatedImage("label")->width, 64);
        QVERIFY(!slide.readAssociatedImage("macro"));
    }
};

QTEST_GUILESS_MAIN(TestSyntheticSlideSource)
#include "TestSyntheticSlideSource.moc"
