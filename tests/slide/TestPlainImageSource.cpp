#include "SlideFiles.h"
#include "viewer/base/Process.h"
#include "viewer/slide/PlainImageSource.h"

#include "Shared.h"

#include <atomic>
#include <fstream>
#include <QTemporaryDir>
#include <QtTest>
#include <thread>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

class TestPlainImageSource : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }

    static bool says(const Error& error, const char* words) {
        return error.kind == ErrorKind::BadInput && error.sentence().find(words) != std::string::npos;
    }
    /// Largest difference of the image at level 0 from what was painted.
    static int worst(const SlideSource& source, const Painter& painter) {
        const SlideLevel level = source.info()->levels[0];
        const auto raster =
            source.readRegion(0, {0, 0, static_cast<int>(level.width), static_cast<int>(level.height)})
                .value();
        int most = 0;
        for (int y = 0; y < raster.height; ++y)
            for (int x = 0; x < raster.width; ++x)
                most = std::max(most, difference(pixel(raster, x, y), painter(x, y)));
        return most;
    }

  private Q_SLOTS:
    void losslessFormatsAreExact() {
        writePicture(at("a.png"), 301, 203, squares(20));
        writePicture(at("a.bmp"), 301, 203, squares(20));
        writeTiff(at("a.tif"), {.width = 301, .height = 203}, squares(20));
        writeTiff(at("planar.tif"), {.width = 301, .height = 203, .planar = true}, squares(20));
        writeTiff(at("tiled.tif"), {.width = 301, .height = 203, .tile = 64}, squares(20));
        writeTiff(at("tiled-planar.tif"), {.width = 301, .height = 203, .tile = 64, .planar = true},
                  squares(20));
        writeTiff(at("sixteen.tif"), {.width = 301, .height = 203, .bits = 16}, squares(20));
        writeTiff(at("less-than-a-tile.tif"), {.width = 301, .height = 203, .tile = 512}, squares(20));
        writeTiff(at("one-strip.tif"), {.width = 301, .height = 203, .rowsPerStrip = 203}, squares(20));
        for (const char* name : {"a.png", "a.bmp", "a.tif", "planar.tif", "tiled.tif", "tiled-planar.tif",
                                 "sixteen.tif", "less-than-a-tile.tif", "one-strip.tif"}) {
            const auto image = PlainImageSource::open(at(name));
            QVERIFY2(image.has_value(), image ? "" : image.error().sentence().c_str());
            QVERIFY2(worst(**image, squares(20)) == 0, name);
        }
    }
    void greyIsGrey() {
        writeTiff(at("grey.tif"), {.width = 100, .height = 80, .channels = 1}, squares(20));
        const auto image = PlainImageSource::open(at("grey.tif")).value();
        const std::uint32_t value = (squareColor(1, 1) >> 8) & 255;
        QCOMPARE(pixel(image->readRegion(0, {25, 25, 1, 1}).value(), 0, 0), 0xff000000u | value * 0x10101u);
    }
    void transparencyIsBlendedWithWhite() {
        writePicture(
            at("alpha.png"), 60, 20, [](int, int) { return 0x204060u; },
            [](int x, int) { return x < 20   ? 0
                                    : x < 40 ? 128
                                             : 255; });
        const auto row =
            PlainImageSource::open(at("alpha.png")).value()->readRegion(0, {0, 10, 60, 1}).value();
        QCOMPARE(pixel(row, 5, 0), 0xffffffffu);
        QVERIFY(difference(pixel(row, 30, 0), 0x8f9faf) <= 1);
        QCOMPARE(pixel(row, 50, 0), 0xff204060u);
    }
    void jpegIsCloseToWhatWasPainted() {
        writeJpeg(at("small.jpg"), {.width = 400, .height = 300}, gradient(400, 300));
        QVERIFY(worst(*PlainImageSource::open(at("small.jpg")).value(), gradient(400, 300)) <= 8);
    }
    void aLargeJpegHasItsCoarseLevelsAtOnceAndThenAll_data() {
        QTest::addColumn<bool>("progressive");
        QTest::newRow("baseline") << false;
        QTest::newRow("progressive") << true;
    }
    void aLargeJpegHasItsCoarseLevelsAtOnceAndThenAll() {
        QFETCH(bool, progressive);
        const Painter painter = gradient(3001, 2203);
        writeJpeg(at("large.jpg"), {.width = 3001, .height = 2203, .progressive = progressive}, painter);
        const auto image = PlainImageSource::open(at("large.jpg")).value();
        const auto levels = image->info()->levels;
        QCOMPARE(levels.size(), std::size_t{4});
        QVERIFY(levels.back().ready);
        for (int n = 0; n < 4; ++n) {
            const int scale = 1 << n;
            const auto read = image->readRegion(n, {2000 / scale, 1600 / scale, 1, 1}).value(); // waits
            QVERIFY(difference(pixel(read, 0, 0), painter(2000 + scale / 2, 1600 + scale / 2)) <= 8);
        }
        QVERIFY(image->waitUntilComplete().has_value());
        QTRY_VERIFY(image->info()->levels[0].ready);
        QVERIFY(worst(*image, painter) <= 8);
    }
    void theListenerIsToldWhenTheSnapshotIsReplaced() {
        writeTiff(at("large.tif"), {.width = 6000, .height = 5000}, gradient(6000, 5000));
        const auto image = PlainImageSource::open(at("large.tif")).value();
        std::atomic<int> calls{0};
        image->setChangeListener([&] { ++calls; });
        if (image->info()->levels[0].ready) QSKIP("decoded before the listener was set");
        QTRY_COMPARE_WITH_TIMEOUT(calls.load(), 1, 60000);
        QVERIFY(image->info()->levels[0].ready);
        image->setChangeListener({});
    }
    void closingWhileDecodingStops() {
        writeTiff(at("closed.tif"), {.width = 6000, .height = 5000}, gradient(6000, 5000));
        for (int i = 0; i < 3; ++i)
            QVERIFY(PlainImageSource::open(at("closed.tif")).has_value());
    }
    void orientationIsApplied_data() {
        QTest::addColumn<int>("orientation");
        for (int o = 1; o <= 8; ++o)
            QTest::newRow(std::to_string(o).c_str()) << o;
    }
    /// Where EXIF says that the stored row and column are to be seen, in a picture of 120 x 80 squares.
    void orientationIsApplied() {
        QFETCH(int, orientation);
        const int width = 128, height = 64; // as seen
        const Painter seen = squares(16);
        const Painter stored = [&](int c, int r) {
            switch (orientation) {
            case 2:
                return seen(width - 1 - c, r);
            case 3:
                return seen(width - 1 - c, height - 1 - r);
            case 4:
                return seen(c, height - 1 - r);
            case 5:
                return seen(r, c);
            case 6:
                return seen(width - 1 - r, c);
            case 7:
                return seen(width - 1 - r, height - 1 - c);
            case 8:
                return seen(r, height - 1 - c);
            default:
                return seen(c, r);
            }
        };
        const int w = orientation >= 5 ? height : width, h = orientation >= 5 ? width : height;
        writeTiff(at("turned.tif"), {.width = w, .height = h, .orientation = orientation}, stored);
        const auto tiff = PlainImageSource::open(at("turned.tif")).value();
        QCOMPARE(tiff->info()->levels[0].width, std::int64_t{width});
        QCOMPARE(worst(*tiff, seen), 0);
        writeTiff(at("turned-alpha.tif"), {.width = w, .height = h, .tile = 32, .orientation = orientation},
                  stored);
        QCOMPARE(worst(*PlainImageSource::open(at("turned-alpha.tif")).value(), seen), 0);
        writeJpeg(at("turned.jpg"), {.width = w, .height = h, .orientation = orientation}, stored);
        const auto jpeg = PlainImageSource::open(at("turned.jpg")).value();
        for (int row = 0; row < height / 16; ++row)
            for (int column = 0; column < width / 16; ++column) {
                const auto middle = jpeg->readRegion(0, {column * 16 + 8, row * 16 + 8, 1, 1}).value();
                QVERIFY(difference(pixel(middle, 0, 0), squareColor(column, row)) <= 24);
            }
    }
    void scaleOnlyWhereAMicroscopeSpeaks() {
        writeTiff(at("scaled.tif"), {.width = 100, .height = 50, .pixelsPerCentimetre = 20000}, squares(10));
        QCOMPARE(PlainImageSource::open(at("scaled.tif")).value()->info()->micronsPerPixel->x, 0.5);
        writeTiff(at("print.tif"), {.width = 100, .height = 50, .pixelsPerCentimetre = 118}, squares(10));
        QVERIFY(!PlainImageSource::open(at("print.tif")).value()->info()->micronsPerPixel);
        writeJpeg(at("print.jpg"), {.width = 100, .height = 50, .dotsPerInch = 300}, squares(10));
        const auto print = PlainImageSource::open(at("print.jpg")).value()->info();
        QVERIFY(!print->micronsPerPixel);
        QCOMPARE(print->warnings.size(), std::size_t{1});
        writeJpeg(at("micro.jpg"), {.width = 100, .height = 50, .dotsPerInch = 50800}, squares(10));
        QCOMPARE(PlainImageSource::open(at("micro.jpg")).value()->info()->micronsPerPixel->y, 0.5);
        const char* ome =
            R"(<OME><Pixels SizeC="3" SizeZ="1" SizeT="1" PhysicalSizeX="0.25" PhysicalSizeY="0.25"/></OME>)";
        writeTiff(at("ome.tif"), {.width = 100, .height = 50, .description = ome}, squares(10));
        QCOMPARE(PlainImageSource::open(at("ome.tif")).value()->info()->micronsPerPixel->x, 0.25);
    }
    void whatIsNotOneBrightfieldPictureIsRefused() {
        const char* ome = R"(<OME><Pixels SizeC="3" SizeZ="5" SizeT="1"/></OME>)";
        writeTiff(at("stack.tif"),
                  {.width = 50, .height = 50, .channels = 1, .description = ome, .pictures = 2}, squares(10));
        QVERIFY(says(PlainImageSource::open(at("stack.tif")).error(), "5 focal planes"));
        writeTiff(
            at("imagej.tif"),
            {.width = 50, .height = 50, .channels = 1, .description = "ImageJ=1.53\nimages=4\nchannels=4\n"},
            squares(10));
        QVERIFY(says(PlainImageSource::open(at("imagej.tif")).error(), "4 channels"));
        writeTiff(at("grey16.tif"), {.width = 50, .height = 50, .channels = 1, .bits = 16}, squares(10));
        QVERIFY(says(PlainImageSource::open(at("grey16.tif")).error(), "16-bit grey"));
    }
    void severalPicturesAreMentioned() {
        writeTiff(at("pages.tif"), {.width = 50, .height = 50, .pictures = 3}, squares(10));
        QVERIFY(PlainImageSource::open(at("pages.tif")).value()->info()->warnings.at(0).find("3 pictures") !=
                std::string::npos);
    }
    void truncatedFilesAreRefused_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"cut.jpg", "cut-large.jpg", "cut.png", "cut.bmp", "cut.tif"})
            QTest::newRow(name) << QString::fromLatin1(name);
    }
    void truncatedFilesAreRefused() {
        QFETCH(QString, name);
        const fs::path whole = at("whole-" + name.toStdString()), cut = at(name.toStdString());
        const bool large = name.contains(QStringLiteral("large"));
        if (name.endsWith(QStringLiteral("jpg")))
            writeJpeg(whole, {.width = large ? 3000 : 300, .height = 2000}, squares(16));
        else if (name.endsWith(QStringLiteral("tif")))
            writeTiff(whole, {.width = 300, .height = 200, .packing = Packing::None}, squares(16));
        else
            writePicture(whole, 300, 200, squares(16));
        QVERIFY(PlainImageSource::open(whole).has_value());
        for (const int percent : {20, 50, 95}) {
            copyCut(whole, cut, fs::file_size(whole) * static_cast<unsigned>(percent) / 100);
            const auto opened = PlainImageSource::open(cut);
            QVERIFY2(!opened, qPrintable(QString::number(percent)));
            QVERIFY2(says(opened.error(), "incomplete"), opened.error().sentence().c_str());
        }
    }
    void damageInTheMiddleOfAJpegIsNoticed() {
        writeJpeg(at("damaged.jpg"), {.width = 3000, .height = 2000}, squares(7));
        std::fstream file(at("damaged.jpg"), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(fs::file_size(at("damaged.jpg")) / 2));
        file << "\xff\xd9" << std::string(2000, '\x01'); // an early end
        file.close();
        QVERIFY(says(PlainImageSource::open(at("damaged.jpg")).error(), "JPEG"));
    }
    void aBrokenStripLeavesTheRowsAboveReadable() {
        writeTiff(at("strips.tif"), {.width = 3000, .height = 2000, .rowsPerStrip = 100}, squares(50));
        breakTile(at("strips.tif"), 15);
        const auto image = PlainImageSource::open(at("strips.tif")).value();
        QVERIFY(!image->waitUntilComplete());
        QCOMPARE(pixel(image->readRegion(0, {1000, 1000, 1, 1}).value(), 0, 0),
                 0xff000000u | squareColor(20, 20));
        QCOMPARE(image->readRegion(0, {1000, 1600, 1, 1}).error().kind, ErrorKind::BadInput);
        QTRY_VERIFY(image->info()->warnings.back().find("damaged") != std::string::npos);
    }
    void hugeSizesAreRefusedBeforeAnythingIsAllocated() {
        writePicture(at("bomb.png"), 10, 10, squares(2));
        std::fstream file(at("bomb.png"), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(16);
        file << std::string("\x7f\xff\xff\xff\x7f\xff\xff\xff", 8);
        file.close();
        QVERIFY(says(PlainImageSource::open(at("bomb.png")).error(), "Convert it to a pyramidal TIFF"));
        QVERIFY(says(PlainImageSource::open(at("bomb.png")).error(), "2147483647 x 2147483647"));
    }
    void fourThreadsReadTheSamePixels() {
        writeTiff(at("threads.tif"), {.width = 3000, .height = 2000, .rowsPerStrip = 50}, squares(50));
        const auto image = PlainImageSource::open(at("threads.tif")).value();
        std::atomic<int> wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 200; ++i) {
                    const int column = (i * 7 + t) % 60, row = (i * 11 + t) % 40;
                    const auto read = image->readRegion(0, {column * 50 + 3, row * 50 + 3, 4, 4});
                    wrong += !read || pixel(*read, 2, 2) != (0xff000000u | squareColor(column, row)) ? 1 : 0;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
    }
    void aRealSectionOpensFastAndSmall() {
        SPOTGLASS_NEED_SHARED(path, "data/her2st/ST-imgs/C2.jpg");
        QElapsedTimer timer;
        timer.start();
        const auto image = PlainImageSource::open(path).value();
        const SlideLevel coarsest = image->info()->levels.back();
        QVERIFY(coarsest.ready);
        QVERIFY(
            image->readRegion(5, {0, 0, static_cast<int>(coarsest.width), static_cast<int>(coarsest.height)})
                .has_value());
        const qint64 visible = timer.elapsed();
        QVERIFY(image->waitUntilComplete().has_value());
        qInfo() << "coarse picture after" << visible << "ms, all levels after" << timer.elapsed()
                << "ms, peak memory" << (memoryUse().peak >> 20) << "MiB";
        QVERIFY2(visible < 1500, "the coarse picture should be there within 150 ms on an idle machine");
#ifndef __SANITIZE_THREAD__ // which multiplies memory
        QVERIFY(memoryUse().peak < 1000ull << 20);
#endif
        QVERIFY(!image->info()->micronsPerPixel);
    }
};

QTEST_GUILESS_MAIN(TestPlainImageSource)
#include "TestPlainImageSource.moc"
