#include "SlideFiles.h"
#include "viewer/slide/TiledTiffSource.h"

#include "Shared.h"

#include <atomic>
#include <cmath>
#include <fstream>
#include <QTemporaryDir>
#include <QtTest>
#include <random>
#include <thread>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

/// The direct path into tiled TIFF files, held against OpenSlide.
class TestTiledTiffSource : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;

    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    static std::shared_ptr<OpenSlideSource> throughOpenSlide(const fs::path& path) {
        return OpenSlideSource::open(path).value();
    }
    static std::shared_ptr<TiledTiffSource> direct(const fs::path& path) {
        return std::dynamic_pointer_cast<TiledTiffSource>(
            TiledTiffSource::wrap(path, throughOpenSlide(path)));
    }
    static int largestDifference(const Raster& a, const Raster& b) {
        if (a.pixels.size() != b.pixels.size()) return 1000;
        int largest = 0;
        for (std::size_t i = 0; i < a.pixels.size(); ++i)
            largest = std::max(largest, difference(a.pixels[i], b.pixels[i]));
        return largest;
    }
    /// OpenSlide reads in blocks of 4096 pixels and rounds the place of each to whole level-0 pixels, so that
    /// only the first block shows the file's own pixels at every downsample.
    static LevelRect firstBlock(const SlideLevel& level) {
        return {0, 0, static_cast<int>(std::min<std::int64_t>(level.width, 4096)),
                static_cast<int>(std::min<std::int64_t>(level.height, 4096))};
    }
    static void compareWithOpenSlide(const fs::path& path, int& compared) {
        const auto theirs = throughOpenSlide(path);
        const auto ours = direct(path);
        if (!ours) return;
        for (int level = 0; level < static_cast<int>(theirs->info()->levels.size()); ++level) {
            if (!theirs->isExact(level) || !ours->isDirect(level)) continue;
            const LevelRect rect = firstBlock(theirs->info()->levels[static_cast<std::size_t>(level)]);
            const auto expected = theirs->readRegion(level, rect);
            if (!expected) continue; // a file that is broken there: both must say so
            const auto got = ours->readRegion(level, rect);
            QVERIFY2(got.has_value(), path.c_str());
            QVERIFY2(largestDifference(*got, *expected) <= 1, path.c_str());
            ++compared;
        }
    }

  private Q_SLOTS:
    void everyRealSlideLooksAsThroughOpenSlide() {
        SPOTGLASS_NEED_SHARED(folder, "data/slides");
        int compared = 0, slides = 0;
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file() || !OpenSlideSource::detectVendor(entry.path())) continue;
            if (!OpenSlideSource::open(entry.path())) continue;
            const int before = compared;
            compareWithOpenSlide(entry.path(), compared);
            slides += compared > before;
        }
        qInfo("%d levels of %d slides", compared, slides);
        QVERIFY(slides >= 6);
    }
    void aRealAperioSlideIsReadDirectly() {
        SPOTGLASS_NEED_SHARED(path, "data/slides/CMU-1-Small-Region.svs");
        const auto slide = direct(path);
        QVERIFY(slide && slide->isDirect(0));
        QCOMPARE(slide->info()->vendor, std::string("aperio"));
        QCOMPARE(slide->info()->levels[0].tileWidth, 240);
        QCOMPARE(slide->info()->associatedImages, throughOpenSlide(path)->info()->associatedImages);
        QVERIFY(slide->readAssociatedImage("macro").has_value());
    }
    void writtenSlidesLookAsThroughOpenSlide_data() {
        QTest::addColumn<int>("packing");
        QTest::addColumn<int>("side");
        QTest::addColumn<int>("channels");
        QTest::addColumn<int>("bits");
        QTest::addColumn<bool>("planar");
        QTest::newRow("JPEG") << int(Packing::Jpeg) << 256 << 3 << 8 << false;
        QTest::newRow("JPEG, odd tiles") << int(Packing::Jpeg) << 240 << 3 << 8 << false;
        QTest::newRow("JPEG, grey") << int(Packing::Jpeg) << 128 << 1 << 8 << false;
        QTest::newRow("Deflate") << int(Packing::Deflate) << 256 << 3 << 8 << false;
        QTest::newRow("not packed") << int(Packing::None) << 64 << 3 << 8 << false;
        QTest::newRow("large tiles") << int(Packing::Deflate) << 1024 << 3 << 8 << false;
        QTest::newRow("grey") << int(Packing::Deflate) << 256 << 1 << 8 << false;
        QTest::newRow("16-bit grey") << int(Packing::Deflate) << 256 << 1 << 16 << false;
        QTest::newRow("16-bit RGB") << int(Packing::Deflate) << 256 << 3 << 16 << false;
        QTest::newRow("with alpha") << int(Packing::Deflate) << 256 << 4 << 8 << false;
        QTest::newRow("planes apart") << int(Packing::Deflate) << 256 << 3 << 8 << true;
    }
    void writtenSlidesLookAsThroughOpenSlide() {
        QFETCH(int, packing);
        QFETCH(int, side);
        QFETCH(int, channels);
        QFETCH(int, bits);
        QFETCH(bool, planar);
        const fs::path path = at("written.tif");
        writeTiff(path,
                  {.width = 1500,
                   .height = 1111,
                   .tile = side,
                   .packing = static_cast<Packing>(packing),
                   .channels = channels,
                   .bits = bits,
                   .planar = planar,
                   .levels = 2},
                  gradient(1500, 1111));
        int compared = 0;
        compareWithOpenSlide(path, compared);
        QVERIFY(compared >= 1);
    }
    void anyRegionIsPutTogetherFromItsTiles() {
        const fs::path path = at("regions.tif");
        writeTiff(path, {.width = 1500, .height = 1111, .tile = 256, .packing = Packing::Jpeg},
                  gradient(1500, 1111));
        const auto ours = direct(path);
        const auto theirs = throughOpenSlide(path);
        std::mt19937 random(7);
        for (int i = 0; i < 60; ++i) {
            const LevelRect rect{static_cast<std::int64_t>(random() % 1800) - 200,
                                 static_cast<std::int64_t>(random() % 1400) - 200,
                                 1 + static_cast<int>(random() % 700), 1 + static_cast<int>(random() % 700)};
            QVERIFY(largestDifference(ours->readRegion(0, rect).value(),
                                      theirs->readRegion(0, rect).value()) <= 1);
        }
    }
    void aSmallerPictureIsTheMeanOfTheLarger_data() {
        QTest::addColumn<int>("packing");
        QTest::newRow("decoded at the smaller size") << int(Packing::Jpeg);
        QTest::newRow("averaged") << int(Packing::Deflate);
    }
    void aSmallerPictureIsTheMeanOfTheLarger() {
        QFETCH(int, packing);
        const fs::path path = at("smaller.tif");
        writeTiff(path,
                  {.width = 1500, .height = 1111, .tile = 256, .packing = static_cast<Packing>(packing)},
                  gradient(1500, 1111));
        const auto slide = direct(path);
        QVERIFY(slide->isDirect(0));
        const auto full = slide->readRegion(0, {0, 0, 1500, 1111}).value();
        for (const int reduction : {0, 1, 2, 3}) {
            const int side = 1 << reduction;
            const LevelRect rect{512, 256, 1500 - 512, 1111 - 256}; // up to the edge
            Raster small{(rect.width + side - 1) / side, (rect.height + side - 1) / side, {}};
            small.pixels.resize(static_cast<std::size_t>(small.width) *
                                static_cast<std::size_t>(small.height));
            QVERIFY(slide->readReduced(0, rect, reduction, targetOf(small)).has_value());
            for (int y = 1; y + 1 < small.height; y += 3) {
                for (int x = 1; x + 1 < small.width; x += 3) {
                    const int middleX = 512 + x * side + side / 2, middleY = 256 + y * side + side / 2;
                    QVERIFY(difference(pixel(small, x, y), pixel(full, middleX, middleY)) <= 8);
                }
            }
            small.width -= 1; // a size that does not fit
            QVERIFY(!slide->readReduced(0, rect, reduction, targetOf(small)).has_value());
        }
    }
    void aDamagedTileIsLeftToOpenSlideAndTheRestIsRead() {
        const fs::path path = at("damaged.tif");
        writeTiff(path, {.width = 1024, .height = 768, .tile = 256, .packing = Packing::Deflate},
                  squares(256));
        breakTile(path, 5);
        const auto slide = direct(path);
        QVERIFY(slide && slide->isDirect(0));
        const auto broken = slide->readRegion(0, {256, 256, 256, 256});
        QVERIFY(!broken.has_value());
        QVERIFY(broken.error().sentence().find("damaged") != std::string::npos);
        const auto whole = slide->readRegion(0, {512, 256, 256, 256}).value();
        QCOMPARE(pixel(whole, 10, 10), 0xff000000u | squareColor(2, 1));
    }
    void tilesThatAreLeftOutAreWhite() {
        const fs::path path = at("sparse.tif");
        writeTiff(path,
                  {.width = 1024, .height = 768, .tile = 256, .packing = Packing::Jpeg, .leaveOutTile = 6},
                  gradient(1024, 768));
        const auto slide = direct(path);
        QVERIFY(slide && slide->isDirect(0));
        const auto rect = LevelRect{400, 200, 500, 400};
        const auto got = slide->readRegion(0, rect).value();
        QCOMPARE(pixel(got, 512 - 400, 256 - 200), 0xffffffffu);
        QCOMPARE(pixel(got, 767 - 400, 511 - 200), 0xffffffffu);
        const auto beside = slide->readRegion(0, {256, 256, 256, 256}).value();
        QVERIFY(largestDifference(beside,
                                  throughOpenSlide(path)->readRegion(0, {256, 256, 256, 256}).value()) <= 1);
    }
    void thePyramidOfAnOmeTiffIsFound() {
        const fs::path path = at("pyramid.ome.tif");
        writeTiff(path,
                  {.width = 2048,
                   .height = 1536,
                   .tile = 256,
                   .packing = Packing::Jpeg,
                   .levels = 4,
                   .subPictures = true},
                  gradient(2048, 1536));
        QCOMPARE(throughOpenSlide(path)->info()->levels.size(), std::size_t{1}); // which is why
        const auto slide = openSlide(path).value();
        const auto info = slide->info();
        QCOMPARE(info->levels.size(), std::size_t{4});
        QCOMPARE(info->levels[3].width, std::int64_t{256});
        QCOMPARE(info->levels[3].downsample, 8.0);
        const auto small = slide->readRegion(3, {0, 0, 256, 192}).value();
        const auto full = slide->readRegion(0, {0, 0, 2048, 1536}).value();
        for (int y = 4; y < 190; y += 9)
            for (int x = 4; x < 250; x += 9)
                QVERIFY(difference(pixel(small, x, y), pixel(full, 8 * x + 4, 8 * y + 4)) <= 8);
    }
    void aThumbnailAmongThePicturesIsNoLevel() {
        const fs::path path = at("other.ome.tif");
        writeTiff(path,
                  {.width = 2048,
                   .height = 1536,
                   .tile = 256,
                   .packing = Packing::Jpeg,
                   .levels = 2,
                   .subPictures = true,
                   .foreignSubPictures = true},
                  gradient(2048, 1536));
        QCOMPARE(openSlide(path).value()->info()->levels.size(), std::size_t{1});
    }
    void manyThreadsReadAtOnce() {
        const fs::path path = at("threads.tif");
        writeTiff(path, {.width = 2048, .height = 1024, .tile = 128, .packing = Packing::Jpeg, .levels = 3},
                  gradient(2048, 1024));
        const auto slide = direct(path);
        const auto expected = slide->readRegion(0, {0, 0, 2048, 1024}).value();
        std::atomic<int> wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 6; ++t)
            threads.emplace_back([&, t] {
                std::mt19937 random(static_cast<unsigned>(t));
                for (int i = 0; i < 150; ++i) {
                    const int column = static_cast<int>(random() % 16), row = static_cast<int>(random() % 8);
                    const auto got = slide->readRegion(0, {column * 128, row * 128, 128, 128});
                    if (!got || pixel(*got, 64, 64) != pixel(expected, column * 128 + 64, row * 128 + 64))
                        ++wrong;
                    if (!slide->readRegion(static_cast<int>(random() % 3), {0, 0, 64, 64})) ++wrong;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
    }
    void damagedFilesNeverCrash() {
        const fs::path whole = at("whole.tif"), cut = at("cut.tif");
        writeTiff(whole, {.width = 600, .height = 500, .tile = 128, .packing = Packing::Jpeg, .levels = 2},
                  gradient(600, 500));
        std::ifstream in(whole, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), {}};
        std::mt19937 random(11);
        for (int i = 0; i < 300; ++i) {
            std::string damaged = bytes;
            for (int change = 0; change < 1 + i % 6; ++change)
                damaged[random() % damaged.size()] = static_cast<char>(random());
            if (i % 10 == 0) damaged.resize(random() % damaged.size());
            writeText(cut, damaged);
            const auto opened = OpenSlideSource::open(cut);
            if (!opened) {
                static_cast<void>(TiledTiff::open(cut));
                continue;
            }
            const auto slide = TiledTiffSource::wrap(cut, *opened);
            for (int level = 0; level < static_cast<int>(slide->info()->levels.size()); ++level)
                static_cast<void>(slide->readRegion(level, {0, 0, 300, 300}));
        }
    }
};

QTEST_GUILESS_MAIN(TestTiledTiffSource)
#include "TestTiledTiffSource.moc"
