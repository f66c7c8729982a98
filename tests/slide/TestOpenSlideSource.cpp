#include "SlideFiles.h"
#include "viewer/slide/OpenSlideSource.h"

#include "Shared.h"

#include <algorithm>
#include <atomic>
#include <QTemporaryDir>
#include <QtTest>
#include <thread>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

class TestOpenSlideSource : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    static constexpr int tile = 256;
    /// 8 x 6 tiles, a colour each.
    [[nodiscard]] fs::path tiled(const std::string& name, Packing packing, int levels = 1,
                                 double density = 0) const {
        const fs::path path = at(name);
        writeTiff(path,
                  {.width = 8 * tile,
                   .height = 6 * tile,
                   .tile = tile,
                   .packing = packing,
                   .levels = levels,
                   .pixelsPerCentimetre = density},
                  squares(tile));
        return path;
    }
    static std::uint32_t centerOf(const SlideSource& slide, int column, int row) {
        return pixel(slide.readRegion(0, {column * tile + tile / 2, row * tile + tile / 2, 1, 1}).value(), 0,
                     0);
    }

  private Q_SLOTS:
    void knownColoursComeBackExactly() {
        const auto slide = OpenSlideSource::open(tiled("exact.tif", Packing::Deflate)).value();
        QCOMPARE(slide->info()->vendor, std::string("generic-tiff"));
        QCOMPARE(slide->info()->levels[0].tileWidth, tile);
        const auto all = slide->readRegion(0, {0, 0, 8 * tile, 6 * tile}).value();
        for (int y = 0; y < all.height; y += 17)
            for (int x = 0; x < all.width; x += 13)
                QCOMPARE(pixel(all, x, y), 0xff000000u | squareColor(x / tile, y / tile));
    }
    void outsideIsWhite() {
        const auto slide = OpenSlideSource::open(tiled("edge.tif", Packing::Deflate)).value();
        const auto corner = slide->readRegion(0, {-10, -10, 20, 20}).value();
        QCOMPARE(pixel(corner, 0, 0), 0xffffffffu);
        QCOMPARE(pixel(corner, 10, 10), 0xff000000u | squareColor(0, 0));
        QCOMPARE(pixel(slide->readRegion(0, {8 * tile - 1, 0, 2, 1}).value(), 1, 0), 0xffffffffu);
    }
    void levelsAreThereAndShowTheSame() {
        const auto slide = OpenSlideSource::open(tiled("levels.tif", Packing::Deflate, 3)).value();
        QCOMPARE(slide->info()->levels.size(), std::size_t{3});
        for (int level = 0; level < 3; ++level) {
            const int side = tile >> level;
            const auto read = slide->readRegion(level, {3 * side, 2 * side, side, side}).value();
            QCOMPARE(pixel(read, side / 2, side / 2), 0xff000000u | squareColor(3, 2));
        }
    }
    /// OpenSlide 3.4 with libtiff 4.5 returns such levels garbled (too narrow) or shifted (too low).
    void levelsSmallerThanATileAreRight() {
        const auto slide = OpenSlideSource::open(tiled("narrow.tif", Packing::Deflate, 6)).value();
        const auto levels = slide->info()->levels;
        QCOMPARE(levels.size(), std::size_t{6});
        QVERIFY(levels[3].width == tile && levels[3].height < tile && levels[5].width < tile);
        for (int level = 3; level < 6; ++level) {
            const int side = tile >> level;
            const auto read = slide->readRegion(level, {0, 0, 8 * side, 6 * side}).value();
            for (int row = 0; row < 6; ++row)
                for (int column = 0; column < 8; ++column)
                    QCOMPARE(pixel(read, column * side + side / 2, row * side + side / 2),
                             0xff000000u | squareColor(column, row));
        }
    }
    void scaleComesFromTheResolution() {
        const auto slide = OpenSlideSource::open(tiled("scaled.tif", Packing::Deflate, 1, 20000)).value();
        QCOMPARE(slide->info()->micronsPerPixel.value(), (MicronsPerPixel{0.5, 0.5}));
        const auto unscaled = OpenSlideSource::open(tiled("unscaled.tif", Packing::Deflate)).value();
        QVERIFY(!unscaled->info()->micronsPerPixel);
        QCOMPARE(unscaled->info()->warnings.size(), std::size_t{1});
    }
    void propertiesAreAllThere() {
        const auto slide = OpenSlideSource::open(tiled("properties.tif", Packing::Deflate)).value();
        const auto properties = slide->properties();
        QVERIFY(std::ranges::is_sorted(properties));
        const auto vendor = std::ranges::find_if(
            properties, [](const auto& property) { return property.first == "openslide.vendor"; });
        QVERIFY(vendor != properties.end());
        QCOMPARE(vendor->second, std::string("generic-tiff"));
        QCOMPARE(openSlide(at("properties.tif")).value()->properties(), properties); // the fast reader
    }
    void aBrokenTileIsAnErrorAndItsNeighboursStayReadable() {
        const fs::path path = tiled("broken.tif", Packing::Jpeg);
        breakTile(path, 2 * 8 + 3); // column 3, row 2
        const auto slide = OpenSlideSource::open(path).value();
        QVERIFY(difference(centerOf(*slide, 2, 2), squareColor(2, 2)) <= 6);
        for (int again = 0; again < 3; ++again) {
            const auto broken = slide->readRegion(0, {3 * tile + 5, 2 * tile + 5, 10, 10});
            QVERIFY(!broken);
            QCOMPARE(broken.error().kind, ErrorKind::BadInput);
            QVERIFY(broken.error().sentence().find("broken.tif") != std::string::npos);
            for (int row = 0; row < 6; ++row)
                for (int column = 0; column < 8; ++column)
                    if (column != 3 || row != 2)
                        QVERIFY(difference(centerOf(*slide, column, row), squareColor(column, row)) <= 6);
        }
        QVERIFY(!slide->readRegion(0, {0, 0, 8 * tile, 6 * tile})); // never half a picture
    }
    void aBrokenTileOnSeveralThreadsHarmsNobodyElse() {
        const fs::path path = tiled("broken-threads.tif", Packing::Jpeg);
        breakTile(path, 0);
        const auto slide = OpenSlideSource::open(path).value();
        std::atomic<int> wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 60; ++i) {
                    const int column = (i + t) % 8, row = (i / 8) % 6;
                    const auto read = slide->readRegion(0, {column * tile + 100, row * tile + 100, 8, 8});
                    const bool isBroken = column == 0 && row == 0;
                    const bool right =
                        isBroken ? !read
                                 : read && difference(pixel(*read, 4, 4), squareColor(column, row)) <= 6;
                    wrong += right ? 0 : 1;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
        QVERIFY(slide->idleHandles() <= 4);
    }
    void oneReaderUsesOneHandle() {
        const auto slide = OpenSlideSource::open(tiled("handles.tif", Packing::Deflate)).value();
        for (int i = 0; i < 10; ++i)
            QVERIFY(slide->readRegion(0, {i, i, 10, 10}).has_value());
        QCOMPARE(slide->idleHandles(), std::size_t{1});
    }
    void nonsenseIsRefused() {
        const auto slide = OpenSlideSource::open(tiled("small.tif", Packing::Deflate)).value();
        QCOMPARE(slide->readRegion(5, {0, 0, 1, 1}).error().kind, ErrorKind::BadInput);
        QCOMPARE(slide->readRegion(-1, {0, 0, 1, 1}).error().kind, ErrorKind::BadInput);
        QCOMPARE(slide->readRegion(0, {0, 0, -1, 1}).error().kind, ErrorKind::Usage);
        QCOMPARE(slide->readRegion(0, {0, 0, 1 << 20, 1 << 20}).error().kind, ErrorKind::Usage);
        QVERIFY(slide->readRegion(0, {0, 0, 0, 0})->pixels.empty());
        QCOMPARE(slide->readAssociatedImage("label").error().kind, ErrorKind::BadInput);
    }
    void aRealAperioSlide() {
        SPOTGLASS_NEED_SHARED(path, "data/slides/CMU-1-Small-Region.svs");
        const auto slide = OpenSlideSource::open(path).value();
        const auto info = slide->info();
        QCOMPARE(info->vendor, std::string("aperio"));
        QCOMPARE(info->levels[0].width, std::int64_t{2220});
        QCOMPARE(info->levels[0].height, std::int64_t{2967});
        QCOMPARE(info->micronsPerPixel->x, 0.499);
        QCOMPARE(info->objectivePower.value(), 20.0);
        QCOMPARE(info->associatedImages, (std::vector<std::string>{"label", "macro", "thumbnail"}));
        QCOMPARE(slide->readAssociatedImage("label")->width, 387);
        QVERIFY(info->warnings.empty());
    }
    void fourThreadsSeeWhatOneSees() {
        SPOTGLASS_NEED_SHARED(path, "data/slides/CMU-1-Small-Region.svs");
        const auto slide = OpenSlideSource::open(path).value();
        std::vector<Raster> expected;
        for (int i = 0; i < 40; ++i)
            expected.push_back(slide->readRegion(0, {i * 50, i * 70, 128, 128}).value());
        std::atomic<int> wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int k = 0; k < 40; ++k) {
                    const int i = (k * 7 + t * 11) % 40;
                    const auto read = slide->readRegion(0, {i * 50, i * 70, 128, 128});
                    wrong += !read || read->pixels != expected[static_cast<std::size_t>(i)].pixels ? 1 : 0;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
        QVERIFY(slide->idleHandles() >= 1 && slide->idleHandles() <= 4);
    }
    void unreadableTilesOfARealFileAreErrors() {
        SPOTGLASS_NEED_SHARED(path, "data/slides/openslide-python/unreadable.svs");
        const auto slide = OpenSlideSource::open(path).value();
        for (int again = 0; again < 2; ++again)
            QCOMPARE(slide->readRegion(0, {0, 0, 16, 16}).error().kind, ErrorKind::BadInput);
        QVERIFY(!slide->readAssociatedImage("thumbnail"));
    }
};

QTEST_GUILESS_MAIN(TestOpenSlideSource)
#include "TestOpenSlideSource.moc"
