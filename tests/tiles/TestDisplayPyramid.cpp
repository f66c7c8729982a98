#include "viewer/tiles/DisplayPyramid.h"
#include "viewer/tiles/TileGrid.h"

#include <QtTest>

using namespace spotglass;

class TestDisplayPyramid : public QObject {
    Q_OBJECT

    static SlideInfo slide(std::initializer_list<double> downsamples, std::int64_t side = 40000) {
        SlideInfo info;
        for (const double downsample : downsamples)
            info.levels.push_back({static_cast<std::int64_t>(static_cast<double>(side) / downsample),
                                   static_cast<std::int64_t>(static_cast<double>(side) / downsample / 2),
                                   downsample, 256, 256});
        return info;
    }
    static QList<double> downsamples(const DisplayPyramid& pyramid) {
        QList<double> all;
        for (const SlideLevel& level : pyramid.info().levels)
            all.append(level.downsample);
        return all;
    }

  private Q_SLOTS:
    void levelsThatAreNearStayAsTheyAre() {
        QCOMPARE(downsamples(DisplayPyramid(slide({1, 2, 4, 8, 16, 32, 64}))),
                 (QList<double>{1, 2, 4, 8, 16, 32, 64}));
    }
    void wideStepsAreFilled() {
        QCOMPARE(downsamples(DisplayPyramid(slide({1, 4, 16, 64}))), (QList<double>{1, 2, 4, 8, 16, 32, 64}));
        QCOMPARE(downsamples(DisplayPyramid(slide({1, 8, 64}))), (QList<double>{1, 2, 4, 8, 16, 32, 64}));
    }
    void aLevelWithoutSmallerOnesGetsThem() {
        QCOMPARE(downsamples(DisplayPyramid(slide({1}))), (QList<double>{1, 2, 4, 8}));
        QCOMPARE(downsamples(DisplayPyramid(slide({1}, 900))), (QList<double>{1}));
    }
    void requestsNameThePixelsOfTheSlide() {
        const DisplayPyramid pyramid(slide({1, 4, 16, 64}));
        const TileRequest plain = pyramid.request({2, 3, 1});
        QCOMPARE(plain.level, 1);
        QCOMPARE(plain.reduction, 0);
        QCOMPARE(plain.rect, (LevelRect{768, 256, 256, 256}));
        const TileRequest reduced = pyramid.request({1, 3, 1}); // two, made of 128 pixels a tile
        QCOMPARE(reduced.level, 0);
        QCOMPARE(reduced.reduction, 1);
        QCOMPARE(reduced.rect, (LevelRect{768, 256, 256, 256}));
    }
    void theLastTilesEndWithTheSlide() {
        const DisplayPyramid pyramid(slide({1}, 5001));
        for (int level = 0; level < static_cast<int>(pyramid.info().levels.size()); ++level) {
            const TileCounts counts = tileCounts(pyramid.info().levels[static_cast<std::size_t>(level)]);
            const TileRequest last = pyramid.request({level, counts.columns - 1, counts.rows - 1});
            QCOMPARE(last.rect.x + last.rect.width, std::int64_t{5001});
            QCOMPARE(last.rect.y + last.rect.height, std::int64_t{2500});
            const LevelRect tile = tileLevelRect(pyramid.info(), last.key);
            QCOMPARE(tile.width, (last.rect.width + (1 << last.reduction) - 1) >> last.reduction);
            QCOMPARE(tile.height, (last.rect.height + (1 << last.reduction) - 1) >> last.reduction);
        }
    }
    void readinessIsThatOfTheLevelThatIsRead() {
        SlideInfo info = slide({1, 8});
        info.levels[0].ready = false;
        const DisplayPyramid pyramid(info);
        QCOMPARE(pyramid.info().levels[1].ready, false);
        QCOMPARE(pyramid.info().levels[3].ready, true);
    }
};

QTEST_GUILESS_MAIN(TestDisplayPyramid)
#include "TestDisplayPyramid.moc"
