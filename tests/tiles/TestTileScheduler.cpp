#include "tiles/GradientSlide.h"
#include "viewer/tiles/TileBuffers.h"
#include "viewer/tiles/TileScheduler.h"

#include <QSignalSpy>
#include <QtTest>

using namespace spotglass;
using test::GradientSlide;

class TestTileScheduler : public QObject {
    Q_OBJECT

    static TileRequest tile(int column) { return {{0, column, 0}, {column * 256, 0, 256, 256}}; }
    static TileWishes wishes(std::shared_ptr<const SlideSource> slide, quint64 generation,
                             std::vector<int> columns) {
        TileWishes list{std::move(slide), generation, {}};
        for (const int column : columns)
            list.requests.push_back(tile(column));
        return list;
    }
    static std::vector<int> columnsOf(const GradientSlide& slide) {
        std::vector<int> columns;
        for (const auto& read : slide.started())
            columns.push_back(static_cast<int>(read.rect.x / 256));
        return columns;
    }

  private Q_SLOTS:
    void bringsTilesInTheOrderWishedFor() {
        const auto slide = std::make_shared<GradientSlide>(40000, 256, 1);
        TileScheduler scheduler(1);
        QSignalSpy ready(&scheduler, &TileScheduler::tileReady);
        scheduler.request(wishes(slide, 1, {5, 3, 4}));
        QTRY_COMPARE(ready.count(), 3);
        QCOMPARE(columnsOf(*slide), (std::vector<int>{5, 3, 4}));
        QCOMPARE(ready[0][0].value<TileKey>(), (TileKey{0, 5, 0}));
        const auto image = ready[0][1].value<QImage>();
        QCOMPARE(image.format(), QImage::Format_RGB32);
        QCOMPARE(image.size(), QSize(256, 256));
        QCOMPARE(qRed(image.pixel(0, 7)), static_cast<int>(slide->red(5 * 256 + 0.5) + 0.5));
        QCOMPARE(ready[0][2].toULongLong(), 1ULL);
        QVERIFY(!slide->wasReadOn(std::this_thread::get_id()));
        QCOMPARE(scheduler.inFlight(), 0);
    }
    void whatNobodyWantsAnyMoreIsNotRead() {
        const auto slide = std::make_shared<GradientSlide>(40000, 256, 1);
        slide->hold();
        TileScheduler scheduler(1);
        QSignalSpy ready(&scheduler, &TileScheduler::tileReady);
        scheduler.request(wishes(slide, 1, {0, 1, 2, 3}));
        QTRY_COMPARE(slide->started().size(), 1U);
        scheduler.request(wishes(slide, 1, {9}));
        slide->release(2);
        QTRY_COMPARE(ready.count(), 2); // the one that had begun is not wasted
        QCOMPARE(columnsOf(*slide), (std::vector<int>{0, 9}));
        QCOMPARE(scheduler.waiting(), 0);
    }
    void aTileInFlightIsNotReadTwice() {
        const auto slide = std::make_shared<GradientSlide>(40000, 256, 1);
        slide->hold();
        TileScheduler scheduler(2);
        QSignalSpy ready(&scheduler, &TileScheduler::tileReady);
        for (int again = 0; again < 10; ++again)
            scheduler.request(wishes(slide, 1, {0, 0, 1, 0}));
        QTRY_COMPARE(slide->started().size(), 2U);
        scheduler.request(wishes(slide, 1, {1, 0, 2}));
        slide->release(3);
        QTRY_COMPARE(ready.count(), 3);
        QCOMPARE(slide->started().size(), 3U);
    }
    void answersOfAFormerGenerationAreDropped() {
        const auto former = std::make_shared<GradientSlide>(40000, 256, 1),
                   next = std::make_shared<GradientSlide>(900, 256, 1);
        former->hold();
        TileScheduler scheduler(1);
        QSignalSpy ready(&scheduler, &TileScheduler::tileReady);
        scheduler.request(wishes(former, 1, {0, 1}));
        QTRY_COMPARE(former->started().size(), 1U);
        scheduler.request(wishes(next, 2, {0}));
        former->release(5);
        QTRY_COMPARE(ready.count(), 1);
        QCOMPARE(ready[0][2].toULongLong(), 2ULL);
        QCOMPARE(former->started().size(), 1U);
        QCOMPARE(next->started().size(), 1U);
    }
    void aFailureIsToldOnceAndTriedAgainInTheNextGenerationOnly() {
        const auto slide = std::make_shared<GradientSlide>(40000, 256, 1);
        slide->breakAt({256, 0, 10, 10});
        TileScheduler scheduler(1);
        QSignalSpy ready(&scheduler, &TileScheduler::tileReady),
            failed(&scheduler, &TileScheduler::tileFailed);
        scheduler.request(wishes(slide, 1, {0, 1, 2}));
        QTRY_COMPARE(failed.count() + ready.count(), 3);
        QCOMPARE(failed.count(), 1);
        QCOMPARE(failed[0][0].value<TileKey>(), (TileKey{0, 1, 0}));
        QVERIFY(failed[0][1].toString().contains(QStringLiteral("gradient.svs")));
        QVERIFY(scheduler.isBroken({0, 1, 0}) && !scheduler.isBroken({0, 0, 0}));
        QCOMPARE(scheduler.errorOf({0, 1, 0}), failed[0][1].toString());

        scheduler.request(wishes(slide, 1, {1, 3}));
        QTRY_COMPARE(ready.count(), 3);
        QCOMPARE(failed.count(), 1);
        QCOMPARE(slide->started().size(), 4U);

        slide->breakAt({});
        scheduler.request(wishes(slide, 2, {1}));
        QTRY_COMPARE(ready.count(), 4);
        QVERIFY(!scheduler.isBroken({0, 1, 0}));
    }
    void aTileOfTheWrongSizeIsAFailure() {
        struct Liar : GradientSlide {
            using GradientSlide::GradientSlide;
            [[nodiscard]] Result<Raster> readRegion(int, LevelRect) const override {
                return Raster{256, 256, {1, 2}};
            }
        };
        TileScheduler scheduler(1);
        QSignalSpy failed(&scheduler, &TileScheduler::tileFailed);
        scheduler.request(wishes(std::make_shared<Liar>(512, 256, 1), 1, {0}));
        QTRY_COMPARE(failed.count(), 1);
    }
    void memoryThatRunsOutIsAFailure() {
        struct Thrower : GradientSlide {
            using GradientSlide::GradientSlide;
            [[nodiscard]] Result<Raster> readRegion(int, LevelRect) const override { throw std::bad_alloc(); }
        };
        TileScheduler scheduler(1);
        QSignalSpy failed(&scheduler, &TileScheduler::tileFailed);
        scheduler.request(wishes(std::make_shared<Thrower>(512, 256, 1), 1, {0}));
        QTRY_COMPARE(failed.count(), 1);
    }
    void theLastReferenceToASlideDiesOnAReadingThread() {
        struct Dying : GradientSlide {
            std::atomic<bool>*gone, *here;
            std::thread::id gui = std::this_thread::get_id();
            Dying(std::atomic<bool>* dead, std::atomic<bool>* onGui)
                : GradientSlide(512, 256, 1), gone(dead), here(onGui) {}
            Dying(const Dying&) = delete;
            ~Dying() override {
                *here = std::this_thread::get_id() == gui;
                *gone = true;
            }
        };
        std::atomic<bool> gone = false, onGui = false;
        TileScheduler scheduler(1);
        QSignalSpy ready(&scheduler, &TileScheduler::tileReady);
        std::shared_ptr<const SlideSource> slide = std::make_shared<Dying>(&gone, &onGui);
        scheduler.request(wishes(slide, 1, {0, 1}));
        QTRY_COMPARE(ready.count(), 2);
        scheduler.request({nullptr, 2, {}});
        scheduler.retire(std::move(slide));
        QTRY_VERIFY(gone);
        QVERIFY(!onGui);
    }
    void theDestructorWaitsForReadsAndDropsTheRest() {
        const auto slide = std::make_shared<GradientSlide>(40000, 256, 1);
        slide->hold();
        {
            TileScheduler scheduler(2);
            scheduler.request(wishes(slide, 1, {0, 1, 2, 3, 4, 5}));
            QTRY_COMPARE(slide->started().size(), 2U);
            std::thread releaser([&slide] { slide->release(100); });
            releaser.join();
        }
        QVERIFY(slide->started().size() <= 6);
        QCOMPARE(slide.use_count(), 1L);
    }
    void memoryIsUsedAgain() {
        const TileBuffers buffers;
        QImage first = buffers.take(64, 32);
        QCOMPARE(first.format(), QImage::Format_RGB32);
        const void* memory = first.constBits();
        QImage copy = first;
        first = QImage();
        QVERIFY(buffers.take(64, 32).constBits() != memory); // a copy is still there
        copy = QImage();
        QCOMPARE(static_cast<const void*>(buffers.take(64, 32).constBits()), memory);
    }
    void picturesOutliveTheirBuffers() {
        QImage image;
        {
            const TileBuffers buffers;
            image = buffers.take(16, 16);
        }
        image.fill(Qt::red);
        QCOMPARE(image.pixel(15, 15), qRgb(255, 0, 0));
    }
    void tilesAreReadReduced() {
        const auto slide = std::make_shared<GradientSlide>(4096, 4096, 1);
        TileScheduler scheduler(1);
        QSignalSpy ready(&scheduler, &TileScheduler::tileReady);
        scheduler.request({slide, 1, {{{1, 2, 1}, {1024, 512, 512, 300}, 0, 1}}});
        QTRY_COMPARE(ready.count(), 1);
        const auto image = ready[0][1].value<QImage>();
        QCOMPARE(image.size(), QSize(256, 150));
        QVERIFY(std::abs(qRed(image.pixel(100, 100)) - slide->red(1024 + 201)) < 1);
        QVERIFY(std::abs(qGreen(image.pixel(100, 100)) - slide->green(512 + 201)) < 1);
    }
};

QTEST_GUILESS_MAIN(TestTileScheduler)
#include "TestTileScheduler.moc"
