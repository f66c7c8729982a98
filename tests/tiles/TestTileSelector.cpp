#include "tiles/GradientSlide.h"
#include "viewer/tiles/TileGrid.h"
#include "viewer/tiles/TileSelector.h"

#include <cmath>
#include <random>
#include <set>

#include <QtTest>

using namespace spotglass;
using test::GradientSlide;

class TestTileSelector : public QObject {
    Q_OBJECT

    static SlideInfo slide(int levels = 4, double step = 4) {
        return *GradientSlide(60000, 41000, levels, step).info();
    }
    static TileView randomView(std::mt19937& random, const SlideInfo& info) {
        std::uniform_real_distribution<double> unit(0, 1);
        return {{unit(random) * static_cast<double>(info.levels[0].width),
                 unit(random) * static_cast<double>(info.levels[0].height)},
                std::exp2(unit(random) * 11 - 8),
                200 + unit(random) * 1500,
                200 + unit(random) * 900};
    }
    static TileState missing(const TileKey&) { return TileState::Missing; }
    static double distance(const SlideInfo& info, const TileKey& key, Level0Point from) {
        const Level0Point center = tileLevel0Rect(info, key).center();
        return std::hypot(center.x - from.x, center.y - from.y);
    }

  private Q_SLOTS:
    void takesTheCoarsestLevelThatIsNotEnlarged() {
        const SlideInfo info = slide();
        const TileSelector selector(info);
        const auto level = [&](double scale) { return selector.levelFor({{30000, 20000}, scale, 800, 600}); };
        QCOMPARE(level(2), 0);
        QCOMPARE(level(1), 0);
        QCOMPARE(level(0.31), 0);
        QCOMPARE(level(0.25), 1);
        QCOMPARE(level(0.0625), 2);
        QCOMPARE(level(0.001), 3);
    }
    void tilesCoverTheLevelExactlyOnce() {
        for (const double step : {2.0, 4.0003}) {
            const SlideInfo info = slide(4, step);
            for (int level = 0; level < 4; ++level) {
                const TileCounts counts = tileCounts(info.levels[static_cast<std::size_t>(level)]);
                std::int64_t pixels = 0;
                for (std::int32_t row = 0; row < counts.rows; ++row) {
                    for (std::int32_t column = 0; column < counts.columns; ++column) {
                        const LevelRect rect = tileLevelRect(info, {level, column, row});
                        QVERIFY(rect.width > 0 && rect.height > 0);
                        pixels += std::int64_t{rect.width} * rect.height;
                    }
                }
                QCOMPARE(pixels, info.levels[static_cast<std::size_t>(level)].width *
                                     info.levels[static_cast<std::size_t>(level)].height);
            }
        }
    }
    void stripsAreCutIntoTiles() {
        QCOMPARE(tileSize({40000, 30000, 1, 40000, 1}).width, 512);
        QCOMPARE(tileSize({40000, 30000, 1, 40000, 1}).height, 512);
        QCOMPARE(tileSize({40000, 30000, 1, 240, 240}).width, 240);
    }

    // With any tiles cached at random, and the coarsest level there, every point of the view lies in a drawn
    // tile, and no tile that covers it is better than the one on top.
    void noGapIsLeftForRandomViews() {
        std::mt19937 random(7);
        for (int round = 0; round < 400; ++round) {
            const SlideInfo info = slide(4, round % 2 ? 4.0003 : 2);
            const TileSelector selector(info);
            const TileView view = randomView(random, info);
            const unsigned salt = random();
            const TileLookup cached = [salt](const TileKey& key) {
                return key.level == 3 || (std::hash<TileKey>()(key) ^ salt) % 3 == 0 ? TileState::Cached
                                                                                     : TileState::Missing;
            };
            const TileSelection selection = selector.toDraw(view, cached);
            const Level0Rect visible = view.visible();
            std::uniform_real_distribution<double> unit(0, 1);
            for (int probe = 0; probe < 60; ++probe) {
                const Level0Point point{visible.x + unit(random) * visible.width,
                                        visible.y + unit(random) * visible.height};
                // The last levels may end a fraction of a pixel before the slide does.
                if (point.x < 0 || point.y < 0 || point.x >= 59900 || point.y >= 40900) continue;
                const TileKey* top = nullptr;
                for (const TileKey& key : selection.draw)
                    if (tileLevel0Rect(info, key).contains(point)) top = &key;
                QVERIFY(top);
                for (int level = selection.level; level < top->level; ++level) {
                    for (const TileRange range = tilesTouching(info, level, {point.x, point.y, 1e-3, 1e-3});
                         const TileKey& finer : {TileKey{level, range.firstColumn, range.firstRow}})
                        QVERIFY(!tileLevel0Rect(info, finer).contains(point) ||
                                cached(finer) != TileState::Cached);
                }
            }
            QVERIFY(std::all_of(selection.draw.begin(), selection.draw.end(),
                                [&](const TileKey& key) { return cached(key) == TileState::Cached; }));
            QCOMPARE(std::set<TileKey>(selection.draw.begin(), selection.draw.end()).size(),
                     selection.draw.size());
        }
    }
    void parentsComeBeforeWhatTheyUnderlie() {
        const SlideInfo info = slide(4, 2);
        const TileView view{{30000, 20000}, 0.5, 1000, 800};
        const TileLookup cached = [](const TileKey& key) {
            return key.level >= 2 || key.column % 2 ? TileState::Cached : TileState::Missing;
        };
        const TileSelection selection = TileSelector(info).toDraw(view, cached);
        QCOMPARE(selection.level, 1);
        const auto lastCoarse = std::find_if(selection.draw.rbegin(), selection.draw.rend(),
                                             [](const TileKey& key) { return key.level > 1; });
        const auto firstFine = std::find_if(selection.draw.begin(), selection.draw.end(),
                                            [](const TileKey& key) { return key.level <= 1; });
        QVERIFY(lastCoarse.base() <= firstFine);
        QVERIFY(!selection.sharp);
        QCOMPARE(selection.draw.back().level, 1);
    }
    void sharpMeansEveryVisibleTileIsThereOrBroken() {
        const SlideInfo info = slide();
        const TileView view{{30000, 20000}, 1, 1000, 800};
        const TileKey hole{0, 30000 / 256, 20000 / 256};
        for (const TileState state : {TileState::Missing, TileState::Broken, TileState::Cached}) {
            const TileSelection selection = TileSelector(info).toDraw(
                view, [&](const TileKey& key) { return key == hole ? state : TileState::Cached; });
            QCOMPARE(selection.sharp, state != TileState::Missing);
            QCOMPARE(selection.broken.size(), state == TileState::Broken ? 1U : 0U);
        }
    }
    void wishesAreOrderedByLevelThenDistance() {
        std::mt19937 random(3);
        const SlideInfo info = slide();
        const TileSelector selector(info);
        for (int round = 0; round < 100; ++round) {
            const TileView view = randomView(random, info);
            const TileSelection selection = selector.toFetch(view, missing);
            const TileRange inView = tilesTouching(info, selection.level, view.visible());
            QVERIFY(!selection.wanted.empty());
            QCOMPARE(selection.wanted.front().level, 3);
            bool margin = false;
            for (std::size_t i = 0; i < selection.wanted.size(); ++i) {
                const TileKey& key = selection.wanted[i];
                const bool outside =
                    key.level == selection.level && selection.level != 3 && !inView.contains(key);
                QVERIFY(outside || !margin); // what is not in view comes last
                const bool marginBegins = outside && !margin;
                margin = outside;
                if (i == 0 || marginBegins || selection.wanted[i - 1].level != key.level) continue;
                QVERIFY(distance(info, selection.wanted[i - 1], view.center) <=
                        distance(info, key, view.center) + 1e-6);
            }
            for (std::size_t i = 1; i < selection.wanted.size(); ++i)
                QVERIFY(selection.wanted[i - 1].level >= selection.wanted[i].level);
            // Everything needed is wished for, once.
            const std::set<TileKey> all(selection.wanted.begin(), selection.wanted.end());
            QCOMPARE(all.size(), selection.wanted.size());
            for (std::int32_t row = inView.firstRow; row <= inView.lastRow; ++row)
                for (std::int32_t column = inView.firstColumn; column <= inView.lastColumn; ++column)
                    QVERIFY(all.contains({selection.level, column, row}));
        }
    }
    void nothingCachedOrBrokenIsWished() {
        const SlideInfo info = slide();
        const TileSelector selector(info);
        const TileView view{{30000, 20000}, 1, 1000, 800};
        QVERIFY(selector.toFetch(view, [](const TileKey&) { return TileState::Cached; }).wanted.empty());
        QVERIFY(selector.toFetch(view, [](const TileKey&) { return TileState::Broken; }).wanted.empty());
    }
    void levelsThatAreNotReadyAreLeftOut() {
        SlideInfo info = slide();
        info.levels[0].ready = false;
        const TileSelector selector(info);
        const TileView view{{30000, 20000}, 1, 1000, 800};
        const TileSelection selection = selector.toFetch(view, missing);
        QVERIFY(!selection.wanted.empty());
        for (const TileKey& key : selection.wanted)
            QVERIFY(key.level != 0);
        QVERIFY(!selector.toDraw(view, [](const TileKey&) { return TileState::Cached; }).sharp);
        for (SlideLevel& level : info.levels)
            level.ready = false;
        QVERIFY(!TileSelector(info).toFetch(view, missing).wanted.empty());
    }
    void aPictureNeverNeedsMoreTilesThanTheLimit() {
        const SlideInfo steep = slide(2, 16), single = slide(1);
        TileLimits limits;
        limits.maxTiles = 200;
        const TileView view{{30000, 20000}, 0.25, 1920, 1080};
        QCOMPARE(TileSelector(steep).levelFor(view), 0);
        QCOMPARE(TileSelector(steep, limits).levelFor(view), 1);
        const TileSelection selection = TileSelector(single, limits).toFetch(view, missing);
        QVERIFY(selection.wanted.size() > 100 && selection.wanted.size() <= 250);
        QVERIFY(distance(single, selection.wanted.front(), view.center) < 300);
        QVERIFY(!TileSelector(single, limits).isPinned({0, 0, 0}));
        QVERIFY(TileSelector(steep, limits).isPinned({1, 0, 0}) ==
                (tileCounts(steep.levels[1]).total() <= limits.maxPinned));
    }
    void aViewBesideTheSlideNeedsNothing() {
        const SlideInfo info = slide();
        const TileSelection selection = TileSelector(info).toDraw({{-90000, -90000}, 1, 800, 600}, missing);
        QVERIFY(selection.draw.empty() && selection.broken.empty());
        QVERIFY(selection.sharp);
    }
    void aLevelOfSmallTilesIsShownAsFarAsItFits() {
        SlideInfo info;
        info.levels = {{16000, 16000, 1, 1024, 1024}, {2000, 2000, 8, 128, 128}};
        TileLimits limits;
        limits.maxTiles = 16; // of 1024 pixels
        const TileSelector selector(info, limits);
        const TileView whole{{8000, 8000}, 0.05, 800, 800};
        const auto selection = selector.toDraw(whole, [](const TileKey&) { return TileState::Missing; });
        QCOMPARE(selection.level, 1);
        QCOMPARE(selection.missing.size(), std::size_t{16 * 16});
    }
};

QTEST_GUILESS_MAIN(TestTileSelector)
#include "TestTileSelector.moc"
