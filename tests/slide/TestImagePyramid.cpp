#include "SlideFiles.h"
#include "viewer/slide/ImagePyramid.h"

#include <algorithm>
#include <QtTest>
#include <thread>

using namespace spotglass;
using namespace spotglass::testing;

class TestImagePyramid : public QObject {
    Q_OBJECT
    static void fill(ImagePyramid& pyramid, std::int64_t from, std::int64_t to) {
        for (std::int64_t y = from; y < to; ++y)
            std::fill_n(pyramid.row(0, y), pyramid.levels()[0].width * 3, static_cast<std::uint8_t>(y % 200));
    }

  private Q_SLOTS:
    void levelsHalveAndRoundUp() {
        const ImagePyramid pyramid(2001, 1025, 256);
        QCOMPARE(pyramid.levels().size(), std::size_t{3});
        QCOMPARE(pyramid.levels()[1].width, std::int64_t{1001});
        QCOMPARE(pyramid.levels()[2].height, std::int64_t{257});
        QCOMPARE(pyramid.levels()[2].downsample, 4.0);
    }
    void coarserLevelsAreMeansUpToAnOddEdge() {
        ImagePyramid pyramid(1001, 603, 256);
        fill(pyramid, 0, 603);
        pyramid.publishRows(603);
        const auto level = pyramid.read(1, {0, 0, 501, 302}).value();
        QCOMPARE(pixel(level, 0, 10) & 255, 21u);   // rows 20 and 21: 20.5
        QCOMPARE(pixel(level, 500, 301) & 255, 2u); // row 602 alone
        QVERIFY(pyramid.waitUntilComplete().has_value());
    }
    void finishedRowsCanBeReadWhileOthersAreMissing() {
        ImagePyramid pyramid(1000, 1000, 256);
        fill(pyramid, 0, 500);
        pyramid.publishRows(500);
        QCOMPARE(pixel(pyramid.read(0, {0, 499, 1, 1}).value(), 0, 0) & 255, 99u);
        QVERIFY(pyramid.read(1, {0, 249, 1, 1}).has_value());
        QVERIFY(!pyramid.isReady(0));
    }
    void aReadWaitsForItsRows() {
        ImagePyramid pyramid(1000, 1000, 256);
        std::thread writer([&] {
            for (std::int64_t y = 0; y < 1000; y += 10) {
                fill(pyramid, y, y + 10);
                pyramid.publishRows(y + 10);
            }
        });
        const auto row = pyramid.read(0, {0, 999, 1, 1}).value();
        QCOMPARE(pixel(row, 0, 0) & 255, 199u);
        writer.join();
        QVERIFY(pyramid.isReady(1));
    }
    void closingWakesReadersOfWhatIsMissing() {
        ImagePyramid pyramid(1000, 1000, 256);
        fill(pyramid, 0, 100);
        pyramid.publishRows(100);
        std::thread closer([&] { pyramid.close({ErrorKind::BadInput, "stopped", {}, {}}); });
        QCOMPARE(pyramid.read(0, {0, 990, 10, 10}).error().what, std::string("stopped"));
        closer.join();
        QVERIFY(pyramid.read(0, {0, 90, 10, 10}).has_value());
    }
    void aPreviewFillsTheCoarseLevelsForGood() {
        ImagePyramid pyramid(5000, 5000, 256); // 5000, 2500, 1250, 625, 313
        const SlideLevel preview = pyramid.levels()[ImagePyramid::previewLevel];
        std::fill_n(pyramid.row(ImagePyramid::previewLevel, 0), preview.width * preview.height * 3,
                    std::uint8_t{77});
        pyramid.publishPreview();
        QVERIFY(pyramid.isReady(3) && pyramid.isReady(4) && !pyramid.isReady(2));
        fill(pyramid, 0, 5000);
        pyramid.publishRows(5000);
        QVERIFY(pyramid.isReady(0) && pyramid.isReady(2));
        QCOMPARE(pixel(pyramid.read(4, {100, 100, 1, 1}).value(), 0, 0) & 255, 77u);
    }
    void outsideIsWhiteAndNeedsNoWaiting() {
        const ImagePyramid pyramid(1000, 1000, 256);
        QCOMPARE(pixel(pyramid.read(0, {-50, 0, 10, 10}).value(), 5, 5), 0xffffffffu);
    }
    void nonsenseIsRefused() {
        const ImagePyramid pyramid(1000, 1000, 256);
        QCOMPARE(pyramid.read(7, {0, 0, 1, 1}).error().kind, ErrorKind::BadInput);
        QCOMPARE(pyramid.read(0, {0, 0, 1 << 20, 1 << 20}).error().kind, ErrorKind::Usage);
    }
};

QTEST_GUILESS_MAIN(TestImagePyramid)
#include "TestImagePyramid.moc"
