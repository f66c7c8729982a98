#include "SlideFiles.h"
#include "viewer/slide/TiledTiffSource.h"

#include <atomic>
#include <latch>
#include <QTemporaryDir>
#include <QtTest>
#include <thread>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

/// Tiles larger than what is shown at a time are decoded once.
class TestLargeTileCache : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    int places_[8] = {}; ///< their addresses stand for pictures

    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    static Raster raster(std::uint32_t color) { return {1, 1, {color}}; }
    static std::shared_ptr<TiledTiffSource> direct(const fs::path& path) {
        return std::dynamic_pointer_cast<TiledTiffSource>(
            TiledTiffSource::wrap(path, OpenSlideSource::open(path).value()));
    }

  private Q_SLOTS:
    void aTileIsDecodedOnceAndKept() {
        LargeTileCache cache(100);
        for (int again = 0; again < 3; ++again)
            QCOMPARE(cache.get({places_, 1, 0}, 40, [] { return raster(7); }).value()->pixels[0], 7u);
        QCOMPARE(cache.decoded(), std::size_t{1});
        QCOMPARE(cache.get({places_, 1, 1}, 10, [] { return raster(8); }).value()->pixels[0], 8u);
        QCOMPARE(cache.get({places_ + 1, 1, 0}, 10, [] { return raster(9); }).value()->pixels[0], 9u);
        QCOMPARE(cache.bytes(), std::size_t{60});
    }
    void theOneNotUsedForLongestGoesFirst() {
        LargeTileCache cache(100);
        const auto read = [&](std::size_t tile) {
            static_cast<void>(cache.get({places_, tile, 0}, 40, [] { return raster(1); }));
        };
        for (const std::size_t tile : {1u, 2u, 1u, 3u, 1u}) // 3 pushes 2 out
            read(tile);
        QCOMPARE(cache.decoded(), std::size_t{3});
        read(2);
        QCOMPARE(cache.decoded(), std::size_t{4});
        QCOMPARE(cache.bytes(), std::size_t{80});
    }
    void aTileLargerThanTheBoundIsLetInAlone() {
        LargeTileCache cache(100);
        for (int again = 0; again < 2; ++again)
            QVERIFY(cache.get({places_, 1, 0}, 500, [] { return raster(1); }).has_value());
        QCOMPARE(cache.decoded(), std::size_t{1});
        QVERIFY(cache.get({places_, 2, 0}, 30, [] { return raster(1); }).has_value());
        QCOMPARE(cache.bytes(), std::size_t{30});
    }
    void aFailureIsToldAndNotKept() {
        LargeTileCache cache(100);
        const auto failed =
            cache.get({places_, 1, 0}, 40, []() -> Result<Raster> { return badInput("it is damaged"); });
        QCOMPARE(failed.error().what, std::string("it is damaged"));
        QCOMPARE(cache.bytes(), std::size_t{0});
        QVERIFY(!cache.get({places_, 1, 0}, 40, []() -> Result<Raster> { throw std::bad_alloc(); }));
        QVERIFY(cache.get({places_, 1, 0}, 40, [] { return raster(1); }).has_value());
    }
    void threadsThatWantTheSameTileWaitForOneOfThem() {
        LargeTileCache cache(1000);
        constexpr int count = 4;
        std::latch all(count);
        std::atomic<int> decoded{0}, wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < count; ++t)
            threads.emplace_back([&] {
                all.arrive_and_wait();
                for (std::size_t tile = 0; tile < 20; ++tile) {
                    const auto got = cache.get({places_, tile, 0}, 40, [&] {
                        ++decoded;
                        return raster(static_cast<std::uint32_t>(tile));
                    });
                    wrong += !got || (*got)->pixels[0] != tile;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
        QCOMPARE(decoded.load(), 20);
    }
    void theBoundHoldsWhileManyThreadsDecode() {
        LargeTileCache cache(100);
        std::atomic<int> bytes{0}, most{0}, wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 6; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 200; ++i) {
                    const auto tile = static_cast<std::size_t>((i * 7 + t * 3) % 30);
                    const int size = tile == 11 ? 300 : 40;
                    const auto got = cache.get({places_, tile, 0}, static_cast<std::size_t>(size), [&] {
                        const int now = bytes += size;
                        for (int was = most; was < now && !most.compare_exchange_weak(was, now);) {
                        }
                        bytes -= size;
                        return raster(static_cast<std::uint32_t>(tile));
                    });
                    wrong += !got || (*got)->pixels[0] != tile;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
        QVERIFY(most <= 300 && cache.bytes() <= 300);
    }

    void cuttingPatchesCostsOneDecodeATile() {
        constexpr int width = 1536, height = 768, side = 256, patch = 112;
        const fs::path path = at("patches.tif");
        writeTiff(path, {.width = width, .height = height, .tile = side, .packing = Packing::Jpeg},
                  gradient(width, height));
        const auto slide = direct(path);
        QVERIFY(slide && slide->isDirect(0));
        const auto openSlide = OpenSlideSource::open(path).value();
        const std::size_t before = slide->tilesDecodedForParts();
        int wrong = 0;
        for (int y = 8; y + patch <= height; y += patch)
            for (int x = 8; x + patch <= width; x += patch) {
                const auto ours = slide->readRegion(0, {x, y, patch, patch}).value();
                const auto theirs = openSlide->readRegion(0, {x, y, patch, patch}).value();
                for (std::size_t i = 0; i < ours.pixels.size(); ++i)
                    wrong += difference(ours.pixels[i], theirs.pixels[i]) > 1;
            }
        QCOMPARE(wrong, 0);
        QCOMPARE(slide->tilesDecodedForParts() - before, std::size_t{6 * 3});
    }

    void showingALevelOfLargeTilesCostsOneDecodeATile_data() {
        QTest::addColumn<int>("packing");
        QTest::addColumn<int>("channels");
        QTest::addColumn<int>("reduction");
        QTest::newRow("JPEG") << int(Packing::Jpeg) << 3 << 0;
        QTest::newRow("JPEG, at an eighth") << int(Packing::Jpeg) << 3 << 3;
        QTest::newRow("Deflate") << int(Packing::Deflate) << 3 << 0;
        QTest::newRow("Deflate, at a quarter") << int(Packing::Deflate) << 3 << 2;
        QTest::newRow("grey") << int(Packing::Deflate) << 1 << 0;
    }
    void showingALevelOfLargeTilesCostsOneDecodeATile() {
        QFETCH(int, packing);
        QFETCH(int, channels);
        QFETCH(int, reduction);
        constexpr int width = 2100, height = 1200, side = 1088; // 2 x 2 tiles, cut at the edges
        const fs::path path = at("large.tif");
        writeTiff(path,
                  {.width = width,
                   .height = height,
                   .tile = side,
                   .packing = static_cast<Packing>(packing),
                   .channels = channels},
                  gradient(width, height));
        const auto slide = direct(path);
        QVERIFY(slide && slide->isDirect(0));
        const std::size_t before = slide->tilesDecodedForParts();
        const int step = 512, small = step >> reduction;
        std::atomic<int> next{0}, wrong{0};
        Raster whole{
            (width + (1 << reduction) - 1) >> reduction, (height + (1 << reduction) - 1) >> reduction, {}};
        whole.pixels.resize(static_cast<std::size_t>(whole.width) * static_cast<std::size_t>(whole.height));
        const int columns = (width + step - 1) / step, rows = (height + step - 1) / step;
        std::vector<std::thread> threads;
        for (int t = 0; t < 3; ++t)
            threads.emplace_back([&] {
                for (int i = next++; i < columns * rows; i = next++) {
                    const int x = i % columns, y = i / columns;
                    const LevelRect rect{x * step, y * step, std::min(step, width - x * step),
                                         std::min(step, height - y * step)};
                    PixelTarget out = targetOf(whole);
                    out.pixels = out.row(y * small) + x * small;
                    out.width = (rect.width + (1 << reduction) - 1) >> reduction;
                    out.height = (rect.height + (1 << reduction) - 1) >> reduction;
                    wrong += !slide->readReduced(0, rect, reduction, out);
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
        QCOMPARE(slide->tilesDecodedForParts() - before, std::size_t{4});
        const auto expected =
            OpenSlideSource::open(path).value()->readRegion(0, {0, 0, width, height}).value();
        const int tolerance = reduction == 0 ? 1 : 8;
        for (int y = 0; y < whole.height; y += reduction ? 5 : 1)
            for (int x = 0; x < whole.width; x += reduction ? 5 : 1) {
                const int fullX = std::min((x << reduction) + (1 << reduction) / 2, width - 1),
                          fullY = std::min((y << reduction) + (1 << reduction) / 2, height - 1);
                if (difference(pixel(whole, x, y), pixel(expected, fullX, fullY)) > tolerance) ++wrong;
            }
        QCOMPARE(wrong.load(), 0);
    }
};

QTEST_GUILESS_MAIN(TestLargeTileCache)
#include "TestLargeTileCache.moc"
