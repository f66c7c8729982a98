#include "SlideFiles.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;

namespace {
/// One level whose pixel at (x, y) has the red value x and the green value y (modulo 256).
class Ramp final : public SlideSource {
  public:
    std::shared_ptr<const SlideInfo> info() const override {
        SlideInfo info;
        info.levels = {{200, 200, 1}};
        return std::make_shared<SlideInfo>(info);
    }
    Result<Raster> readRegion(int, LevelRect rect) const override {
        Raster out{rect.width, rect.height, {}};
        for (std::int64_t y = rect.y; y < rect.y + rect.height; ++y)
            for (std::int64_t x = rect.x; x < rect.x + rect.width; ++x)
                out.pixels.push_back(x < 0 || y < 0 || x >= 200 || y >= 200
                                         ? 0xffffffffu
                                         : 0xff000000u | static_cast<std::uint32_t>(x << 16 | y << 8));
        return out;
    }
    Result<Raster> readAssociatedImage(const std::string&) const override { return badInput("none"); }
    std::string fingerprint() const override { return {}; }
};
int red(std::uint32_t color) {
    return static_cast<int>((color >> 16) & 255);
}
int green(std::uint32_t color) {
    return static_cast<int>((color >> 8) & 255);
}
} // namespace

class TestSlidePyramid : public QObject {
    Q_OBJECT
    const SyntheticSlideSource slide_;

  private Q_SLOTS:
    void picksTheCoarsestLevelThatHasTheDetail() {
        const auto info = slide_.info(); // 1, 4, 16, 64
        QCOMPARE(bestLevelForDownsample(*info, 0.5), 0);
        QCOMPARE(bestLevelForDownsample(*info, 1), 0);
        QCOMPARE(bestLevelForDownsample(*info, 3.9), 0);
        QCOMPARE(bestLevelForDownsample(*info, 3.99), 1);
        QCOMPARE(bestLevelForDownsample(*info, 15), 1);
        QCOMPARE(bestLevelForDownsample(*info, 1e9), static_cast<int>(info->levels.size()) - 1);
    }
    void rectanglesGoToALevelAndBack() {
        const auto info = slide_.info();
        QCOMPARE(toLevelRect(*info, 1, {1, 5, 4, 3}), (LevelRect{0, 1, 2, 1}));
        QCOMPARE(toLevelRect(*info, 1, {-1, -4, 2, 4}), (LevelRect{-1, -1, 2, 1}));
        const LevelRect tile{7, 9, 256, 128};
        for (int level = 0; level < static_cast<int>(info->levels.size()); ++level)
            QCOMPARE(toLevelRect(*info, level, toLevel0Rect(*info, level, tile)), tile);
    }
    void wholePixelsAtFullSizeAreExact() {
        const Level0Rect rect{13000, 12000, 224, 224};
        const auto exact = slide_.readRegion(0, {13000, 12000, 224, 224}).value();
        QVERIFY(readLevel0Region(slide_, rect, 224, 224)->pixels == exact.pixels);
        QVERIFY(resampleLevel(slide_, 0, rect, 224, 224)->pixels == exact.pixels); // the long way agrees
    }
    void shrinkingIsTheMeanOfTheArea() {
        const auto out = readLevel0Region(Ramp(), {10, 20, 40, 60}, 10, 10).value();
        QCOMPARE(red(pixel(out, 0, 0)), 12);   // mean of 10..13 is 11.5, rounded up
        QCOMPARE(green(pixel(out, 0, 0)), 23); // mean of 20..25 is 22.5
        QCOMPARE(red(pixel(out, 9, 9)), 48);
    }
    void partsOfPixelsCountByTheirArea() {
        // 1.5 pixels each: [10, 11.5) holds pixel 10 and half of 11: (10 + 11 / 2) / 1.5 = 10.33
        const auto out = readLevel0Region(Ramp(), {10, 10, 150, 150}, 100, 100).value();
        QCOMPARE(red(pixel(out, 0, 0)), 10);
        QCOMPARE(red(pixel(out, 1, 0)), 12); // (11 / 2 + 12) / 1.5 = 11.67
        QCOMPARE(red(pixel(out, 2, 0)), 13);
    }
    void fractionalOffsetsMoveThePicture() {
        const auto out = readLevel0Region(Ramp(), {10.25, 10, 20, 20}, 20, 20).value();
        QCOMPARE(red(pixel(out, 0, 0)), 10); // 10.25
        const auto later = readLevel0Region(Ramp(), {10.75, 10, 20, 20}, 20, 20).value();
        QCOMPARE(red(pixel(later, 0, 0)), 11); // 10.75
    }
    void enlargingIsLinearAndSeamless() {
        const auto left = readLevel0Region(Ramp(), {0, 0, 50, 50}, 100, 100).value();
        const auto right = readLevel0Region(Ramp(), {50, 0, 50, 50}, 100, 100).value();
        const auto both = readLevel0Region(Ramp(), {0, 0, 100, 50}, 200, 100).value();
        for (int x = 0; x < 100; ++x) {
            QCOMPARE(pixel(left, x, 50), pixel(both, x, 50));
            QCOMPARE(pixel(right, x, 50), pixel(both, 100 + x, 50));
        }
        QCOMPARE(red(pixel(left, 0, 0)), 0); // the slide's edge is not mixed with white
    }
    void outsideIsWhite() {
        const auto out = readLevel0Region(Ramp(), {190, 0, 20, 10}, 10, 5).value();
        QCOMPARE(pixel(out, 9, 0), 0xffffffffu);
        QCOMPARE(red(pixel(out, 4, 0)), 199);
    }
    void otherLevelsShowTheSamePlace() {
        const Level0Rect rect{8000, 10000, 4000, 4000};
        const auto fine = resampleLevel(slide_, 0, rect, 50, 50).value();
        const auto coarse = readLevel0Region(slide_, rect, 50, 50).value();
        int far = 0;
        for (std::size_t i = 0; i < fine.pixels.size(); ++i)
            far += difference(fine.pixels[i], coarse.pixels[i]) > 40 ? 1 : 0;
        QVERIFY2(far < 50, "levels disagree about more than the outline");
    }
    void nonsenseIsRefused() {
        QCOMPARE(readLevel0Region(slide_, {0, 0, 0, 5}, 5, 5).error().kind, ErrorKind::Usage);
        QCOMPARE(readLevel0Region(slide_, {0, 0, 5, 5}, 0, 5).error().kind, ErrorKind::Usage);
        QCOMPARE(readLevel0Region(slide_, {std::nan(""), 0, 5, 5}, 5, 5).error().kind, ErrorKind::Usage);
    }
    void anErrorOfTheSourceComesThrough() {
        const SyntheticSlideSource broken({.broken = {{100, 100, 10, 10}}});
        QVERIFY(!readLevel0Region(broken, {50, 50, 100, 100}, 30, 30));
        QVERIFY(readLevel0Region(broken, {500, 500, 100, 100}, 30, 30).has_value());
    }
};

QTEST_GUILESS_MAIN(TestSlidePyramid)
#include "TestSlidePyramid.moc"
