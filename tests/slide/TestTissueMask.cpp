#include "SlideFiles.h"
#include "viewer/slide/SyntheticSlideSource.h"
#include "viewer/slide/TissueMask.h"

#include "Shared.h"

#include <fstream>
#include <QtTest>
#include <sstream>

using namespace spotglass;
using namespace spotglass::testing;

namespace {
constexpr std::uint32_t glass = 0xfff2f1f4, pink = 0xffd8a0c0, purple = 0xff7a50a0;

Raster filled(int width, int height, std::uint32_t color) {
    return {width, height,
            std::vector<std::uint32_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                                       color)};
}
void paint(Raster& raster, int left, int top, int width, int height, std::uint32_t color) {
    for (int y = top; y < top + height; ++y)
        for (int x = left; x < left + width; ++x)
            raster.pixels[static_cast<std::size_t>(y * raster.width + x)] = color;
}
/// A little noise, as every camera has.
void addNoise(Raster& raster) {
    std::uint32_t state = 1;
    for (std::uint32_t& color : raster.pixels)
        for (int shift = 0; shift < 24; shift += 8) {
            state = state * 1664525 + 1013904223;
            const int value = static_cast<int>((color >> shift) & 255) + static_cast<int>(state >> 29) - 3;
            color = (color & ~(255u << shift)) | static_cast<std::uint32_t>(std::clamp(value, 0, 255))
                                                     << shift;
        }
}
TissueMask maskOf(Raster raster) {
    addNoise(raster);
    return TissueMask::fromPicture(raster, 10, 10);
}
} // namespace

class TestTissueMask : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void aBlockOnGlassIsFoundToTheCell() {
        Raster raster = filled(300, 200, glass);
        paint(raster, 100, 50, 80, 60, purple);
        const TissueMask mask = maskOf(raster);
        QVERIFY(mask.contains({1400, 800}));
        QVERIFY(!mask.contains({900, 800}));
        QVERIFY(!mask.contains({-5, 800}));
        QVERIFY(!mask.contains({1400, 2000}));
        QVERIFY(qAbs(mask.bounds().x - 1000) <= 20 && qAbs(mask.bounds().width - 800) <= 40);
        QVERIFY(qAbs(mask.fraction() - 80.0 * 60 / (300 * 200)) < 0.01);
    }
    void coverageCountsPartsOfCells() {
        Raster raster = filled(300, 200, glass);
        paint(raster, 0, 0, 150, 200, purple);
        const TissueMask mask = maskOf(raster);
        const double edge = mask.bounds().right();
        QCOMPARE(mask.coverage({edge - 100, 500, 100, 100}), 1.0);
        QCOMPARE(mask.coverage({edge, 500, 100, 100}), 0.0);
        QVERIFY(qAbs(mask.coverage({edge - 25, 503, 100, 7}) - 0.25) < 1e-9);
        QVERIFY(qAbs(mask.coverage({-100, 500, 200, 100}) - 0.5) < 1e-9); // outside is glass
        QCOMPARE(mask.coverage({500, 500, 0, 0}), 0.0);
    }
    void nearnessIsMeasuredInLevel0Pixels() {
        Raster raster = filled(300, 200, glass);
        paint(raster, 0, 0, 100, 200, purple);
        const TissueMask mask = maskOf(raster);
        const double edge = mask.bounds().right();
        QVERIFY(mask.isNear({500, 500}, 0));
        QVERIFY(mask.isNear({edge + 95, 1000}, 110));
        QVERIFY(!mask.isNear({edge + 125, 1000}, 110));
        QVERIFY(mask.isNear({-50, 1000}, 60) && !mask.isNear({-100, 1000}, 60));
    }
    void glassAloneHasNoTissue() {
        QCOMPARE(maskOf(filled(300, 200, glass)).fraction(), 0.0);
        QCOMPARE(maskOf(filled(300, 200, 0xffecdce8)).fraction(), 0.0); // tinted by the stain
        QCOMPARE(maskOf(filled(300, 200, 0xffffffff)).fraction(), 0.0);
        QVERIFY(maskOf(filled(300, 200, glass)).bounds().isEmpty());
        QVERIFY(!maskOf(filled(300, 200, glass)).isNear({100, 100}, 1e6));
    }
    void tissueAloneIsAllTissue() {
        QCOMPARE(maskOf(filled(300, 200, pink)).fraction(), 1.0);
        Raster both = filled(300, 200, pink);
        paint(both, 0, 0, 150, 200, purple);
        QCOMPARE(maskOf(both).fraction(), 1.0);
    }
    void paleAndDarkTissueAreBothFoundOnTintedGlass() {
        Raster raster = filled(300, 200, 0xffecdce8);
        paint(raster, 30, 30, 80, 80, 0xffd49cba);
        paint(raster, 170, 30, 80, 80, 0xff3c2860);
        const TissueMask mask = maskOf(raster);
        QVERIFY(mask.contains({700, 700}) && mask.contains({2100, 700}) && !mask.contains({1400, 700}));
    }
    void bordersShadowsDustAndPenAreNotTissue() {
        Raster raster = filled(400, 300, glass);
        paint(raster, 0, 0, 400, 20, 0xff000000);     // black border
        paint(raster, 0, 20, 20, 280, 0xffffffff);    // never scanned
        paint(raster, 380, 20, 20, 280, 0xff909090);  // grey border
        paint(raster, 60, 200, 40, 40, 0xffa0a09e);   // out-of-focus dust
        paint(raster, 120, 240, 100, 12, 0xff2038c8); // blue pen
        paint(raster, 120, 270, 100, 12, 0xff20a040); // green pen
        paint(raster, 200, 60, 100, 100, purple);
        const TissueMask mask = maskOf(raster);
        QVERIFY(mask.contains({2500, 1000}));
        QVERIFY2(qAbs(mask.fraction() - 100.0 * 100 / (400 * 300)) < 0.01,
                 qPrintable(QString::number(mask.fraction())));
    }
    void specksGoAndPinholesFill() {
        Raster raster = filled(300, 200, glass);
        paint(raster, 20, 20, 5, 5, purple);
        paint(raster, 100, 50, 100, 100, purple);
        paint(raster, 140, 90, 15, 15, glass);
        const TissueMask mask = maskOf(raster);
        QVERIFY(!mask.contains({220, 220}));
        QVERIFY(mask.contains({1475, 975}));
    }
    void largeHolesStay() {
        Raster raster = filled(300, 200, glass);
        paint(raster, 50, 20, 160, 160, purple);
        paint(raster, 100, 70, 60, 60, glass);
        QVERIFY(!maskOf(raster).contains({1300, 1000}));
    }
    void unreadablePlacesAreGlass() {
        Raster raster = filled(100, 100, purple);
        std::vector<std::uint8_t> unreadable(10000, 0);
        std::fill_n(unreadable.begin(), 5000, std::uint8_t{1});
        const TissueMask mask = TissueMask::fromPicture(raster, 10, 10, unreadable);
        QVERIFY(!mask.contains({500, 200}) && mask.contains({500, 800}));
    }
    void findsTheDrawnTissueOfASyntheticSlide() {
        const SyntheticSlideSource slide;
        const TissueMask mask = TissueMask::compute(slide).value();
        int wrong = 0, tissue = 0;
        for (double y = 100; y < 30000; y += 211)
            for (double x = 100; x < 40000; x += 211) {
                wrong += mask.contains({x, y}) != slide.isTissue({x, y}) ? 1 : 0;
                tissue += slide.isTissue({x, y}) ? 1 : 0;
            }
        QVERIFY(tissue > 1000);
        QVERIFY2(wrong < tissue / 50, qPrintable(QString::number(wrong)));
    }
    void bareAndFullSyntheticSlides() {
        QCOMPARE(TissueMask::compute(SyntheticSlideSource({.width = 9000, .height = 8000, .tissueBlobs = 0}))
                     ->fraction(),
                 0.0);
        QVERIFY(TissueMask::compute(SyntheticSlideSource({.width = 9000, .height = 8000, .allTissue = true}))
                    ->fraction() > 0.99);
    }
    void aBrokenTileCostsOnlyItsSurroundings() {
        const SyntheticSlideOptions whole{.width = 20000, .height = 20000, .allTissue = true};
        SyntheticSlideOptions options = whole;
        options.broken = {{10000, 10000, 256, 256}};
        const TissueMask mask = TissueMask::compute(SyntheticSlideSource(options)).value();
        QVERIFY(!mask.contains({10100, 10100}));
        QVERIFY2(mask.fraction() > 0.99, qPrintable(QString::number(mask.fraction())));
    }
    void aSlideThatCannotBeReadIsAnError() {
        const SyntheticSlideSource slide({.width = 2000, .height = 2000, .broken = {{0, 0, 2000, 2000}}});
        QCOMPARE(TissueMask::compute(slide).error().kind, ErrorKind::BadInput);
    }
    void stopsWhenCancelled() {
        CancelToken cancel;
        const SyntheticSlideSource slide({.beforeRead = [cancel](int, LevelRect) { cancel.cancel(); }});
        QCOMPARE(TissueMask::compute(slide, cancel).error().kind, ErrorKind::Cancelled);
        QCOMPARE(slide.readCount(), std::size_t{1});
    }
    void theEmptyMaskKnowsNoTissue() {
        const TissueMask none;
        QVERIFY(!none.contains({0, 0}) && !none.isNear({0, 0}, 10));
        QCOMPARE(none.coverage({0, 0, 10, 10}), 0.0);
        QCOMPARE(none.fraction(), 0.0);
    }
    void holdsTheMeasuredSpotsOfRealSections_data() {
        QTest::addColumn<QString>("section");
        for (const char* section : {"C2", "C3", "C4", "C5"})
            QTest::newRow(section) << QString::fromLatin1(section);
    }
    /// The spot files say which spots lie under tissue: nearly all of them must be on the mask, and it must
    /// not be much larger than they are.
    void holdsTheMeasuredSpotsOfRealSections() {
        QFETCH(QString, section);
        SPOTGLASS_NEED_SHARED(folder, "data/her2st");
        const std::string name = section.toStdString();
        const auto slide = openSlide(folder / "ST-imgs" / (name + ".jpg")).value();
        const TissueMask mask = TissueMask::compute(*slide).value();
        std::ifstream file(folder / "ST-spotfiles" / (name + "_selection.tsv"));
        std::string line;
        std::getline(file, line);
        int spots = 0, on = 0;
        while (std::getline(file, line)) {
            std::istringstream fields(line);
            double x = 0, y = 0, newX = 0, newY = 0, pixelX = 0, pixelY = 0;
            QVERIFY(static_cast<bool>(fields >> x >> y >> newX >> newY >> pixelX >> pixelY));
            ++spots;
            on += mask.coverage({pixelX - 72, pixelY - 72, 144, 144}) > 0.5 ? 1 : 0;
        }
        QVERIFY(spots > 100);
        QVERIFY2(on >= spots * 0.95, qPrintable(QStringLiteral("%1 of %2 spots").arg(on).arg(spots)));
        const double cells = mask.fraction() * 9270 * 9910 / (290.0 * 290.0); // of the spot lattice
        QVERIFY2(cells < spots * 1.25, qPrintable(QString::number(cells)));
        QVERIFY(!mask.contains({200, 200}));
    }
};

QTEST_GUILESS_MAIN(TestTissueMask)
#include "TestTissueMask.moc"
