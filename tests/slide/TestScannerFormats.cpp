#include "ScannerFiles.h"
#include "viewer/slide/TiledTiffSource.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

/// Scanners' own kinds of TIFF: read past OpenSlide where that shows the same, else through it.
class TestScannerFormats : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;

    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    static std::shared_ptr<TiledTiffSource> direct(const std::shared_ptr<SlideSource>& slide) {
        return std::dynamic_pointer_cast<TiledTiffSource>(slide);
    }
    /// Every level as a whole, as OpenSlide shows it, in the size that it states.
    static void looksAsThroughOpenSlide(const SlideSource& ours, const fs::path& path) {
        const auto theirs = OpenSlideSource::open(path).value();
        QCOMPARE(ours.info()->levels.size(), theirs->info()->levels.size());
        for (int level = 0; level < static_cast<int>(theirs->info()->levels.size()); ++level) {
            const SlideLevel& its = theirs->info()->levels[static_cast<std::size_t>(level)];
            const SlideLevel& here = ours.info()->levels[static_cast<std::size_t>(level)];
            QCOMPARE(here.width, its.width);
            QCOMPARE(here.height, its.height);
            QCOMPARE(here.downsample, its.downsample);
            if (!theirs->isExact(level)) continue;
            const LevelRect all{0, 0, static_cast<int>(std::min<std::int64_t>(its.width + 7, 4096)),
                                static_cast<int>(std::min<std::int64_t>(its.height + 5, 4096))};
            const Raster expected = theirs->readRegion(level, all).value(),
                         got = ours.readRegion(level, all).value();
            int largest = 0;
            for (std::size_t i = 0; i < got.pixels.size(); ++i)
                largest = std::max(largest, difference(got.pixels[i], expected.pixels[i]));
            QVERIFY2(largest <= 1,
                     qPrintable(QStringLiteral("level %1 differs by %2").arg(level).arg(largest)));
        }
    }

  private Q_SLOTS:
    void aPhilipsSlideIsReadDirectlyWithItsPadding() {
        const fs::path path = at("philips.tiff");
        writePhilips(path, {.width = 2900, .height = 1700, .levels = 4}, gradient(2900, 1700));
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->vendor, std::string("philips"));
        QCOMPARE(slide->info()->micronsPerPixel.value(), (MicronsPerPixel{0.25, 0.25}));
        QCOMPARE(slide->info()->levels[3].width, std::int64_t{384});
        QCOMPARE(slide->info()->levels[3].downsample, 8.0);
        QCOMPARE(slide->info()->associatedImages, std::vector<std::string>{"label"});
        const auto tiled = direct(slide);
        QVERIFY(tiled);
        for (int level = 0; level < 4; ++level)
            QVERIFY2(tiled->isDirect(level), qPrintable(QString::number(level)));
        looksAsThroughOpenSlide(*slide, path);
    }
    void tilesThatAPhilipsSlideLeavesOutAreWhite() {
        const fs::path path = at("sparse.tiff");
        writePhilips(path, {.width = 2900, .height = 1700, .leaveOutTile = 1}, gradient(2900, 1700));
        const auto slide = openSlide(path).value();
        QVERIFY(direct(slide) && direct(slide)->isDirect(0));
        QCOMPARE(pixel(slide->readRegion(0, {700, 100, 1, 1}).value(), 0, 0), 0xffffffffu);
        looksAsThroughOpenSlide(*slide, path);
    }
    void aPhilipsSlideWithoutItsScalesIsRefusedWithASentence() {
        const fs::path path = at("unscaled.tiff");
        writePhilips(path, {.width = 1100, .height = 900, .spacings = 1}, gradient(1100, 900));
        const auto slide = openSlide(path);
        if (slide)
            looksAsThroughOpenSlide(**slide, path);
        else
            QVERIFY(slide.error().sentence().find("unscaled.tiff") != std::string::npos);
    }
    void aVentanaSlideWithoutOverlapsIsReadDirectly() {
        const fs::path path = at("ventana.bif");
        writeVentana(path, {}, gradient(1024, 768));
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->vendor, std::string("ventana"));
        QVERIFY(direct(slide) && direct(slide)->isDirect(0));
        looksAsThroughOpenSlide(*slide, path);
    }
    void aVentanaSlideThatKnowsNothingOfAreasIsReadDirectly() {
        const fs::path path = at("ventana.tif");
        writeVentana(path, {.saysAreas = false}, gradient(1024, 768));
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->vendor, std::string("ventana"));
        QVERIFY(direct(slide) && direct(slide)->isDirect(0) && direct(slide)->isDirect(2));
        looksAsThroughOpenSlide(*slide, path);
    }
    void overlappingTilesOfAVentanaSlideAreLeftToOpenSlide_data() {
        QTest::addColumn<int>("overlap");
        for (const int overlap : {1, 10, 40, 100, -12})
            QTest::addRow("%d", overlap) << overlap;
    }
    void overlappingTilesOfAVentanaSlideAreLeftToOpenSlide() {
        QFETCH(int, overlap);
        const fs::path path = at("overlapping.bif");
        // Plain where a few tiles would be compared, so that only the description tells.
        writeVentana(path, {.overlap = overlap}, [](int x, int y) {
            return x < 250 && y < 250 ? squareColor(x / 16, y / 16) : 0xf0f0f0u;
        });
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->vendor, std::string("ventana"));
        QVERIFY(!direct(slide));
        looksAsThroughOpenSlide(*slide, path);
    }
    void partsOfAVentanaSlideThatWereNotScannedAreNotShown() {
        const fs::path path = at("area.bif");
        writeVentana(path, {.columns = 5, .scannedColumns = 4}, squares(32));
        QVERIFY(!direct(openSlide(path).value()));
        looksAsThroughOpenSlide(*openSlide(path).value(), path);
    }
    void anAperioSlideIsReadDirectly() {
        const fs::path path = at("aperio.svs");
        writeAperio(path, {.width = 2401, .height = 1503}, gradient(2401, 1503));
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->vendor, std::string("aperio"));
        QVERIFY(direct(slide) && direct(slide)->isDirect(0));
        QCOMPARE(slide->info()->levels.size(), std::size_t{3});
        looksAsThroughOpenSlide(*slide, path);
    }
    void anAperioSlideMayLackLevels() {
        const fs::path path = at("lacking.svs");
        writeAperio(path, {.width = 2401, .height = 1503, .downsamples = {1, 5}}, gradient(2401, 1503));
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->levels.size(), std::size_t{2});
        looksAsThroughOpenSlide(*slide, path);
        writeAperio(path, {.width = 2401, .height = 1503, .downsamples = {1}}, gradient(2401, 1503));
        looksAsThroughOpenSlide(*openSlide(path).value(), path);
    }
    void tilesThatAnAperioSlideLeavesOutComeFromOpenSlide() {
        const fs::path path = at("sparse.svs");
        writeAperio(path, {.width = 2000, .height = 1500, .downsamples = {1, 4}, .leaveOutTile = 5},
                    gradient(2000, 1500));
        looksAsThroughOpenSlide(*openSlide(path).value(), path);
    }
    void jpeg2000GoesThroughOpenSlide_data() {
        QTest::addColumn<int>("packing");
        QTest::newRow("YCbCr") << 33003;
        QTest::newRow("RGB") << 33005;
    }
    void jpeg2000GoesThroughOpenSlide() {
        QFETCH(int, packing);
        const fs::path path = at("jpeg2000.svs");
        writeAperio(path, {.width = 1000, .height = 700, .downsamples = {1, 2}, .jpeg2000 = packing},
                    gradient(1000, 700));
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->vendor, std::string("aperio"));
        QVERIFY(!direct(slide)); // nothing to gain
        looksAsThroughOpenSlide(*slide, path);
        if (packing == 33005)
            QVERIFY(difference(pixel(slide->readRegion(0, {500, 300, 1, 1}).value(), 0, 0),
                               gradient(1000, 700)(500, 300)) <= 2);
    }
    void leicaGoesThroughOpenSlide() {
        const fs::path path = at("leica.scn");
        writeLeica(path, 1500, 1100, gradient(1500, 1100));
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->vendor, std::string("leica"));
        QVERIFY(!direct(slide));
        looksAsThroughOpenSlide(*slide, path);
    }
};

QTEST_GUILESS_MAIN(TestScannerFormats)
#include "TestScannerFormats.moc"
