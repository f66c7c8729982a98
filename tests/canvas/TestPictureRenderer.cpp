#include "viewer/canvas/PictureRenderer.h"

#include "canvas/PictureTools.h"
#include "viewer/canvas/AnnotationLayer.h"
#include "viewer/canvas/RulerLayer.h"
#include "viewer/canvas/SlideLayer.h"
#include "viewer/canvas/SpotLayer.h"

#include <thread>

#include <QPainter>
#include <QTemporaryDir>

using namespace spotglass;
using namespace spotglass::test;

/// A picture has the slide's own pixels, and is what the screen shows.
class TestPictureRenderer : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

    [[nodiscard]] std::filesystem::path at(const char* name) const {
        return std::filesystem::path(folder_.path().toStdString()) / name;
    }
    QImage png(const PictureScene& scene, const char* name = "a.png") {
        const auto outcome = written(scene, PictureFormat::Png, at(name));
        if (!outcome) qWarning("%s", outcome.error().sentence().c_str());
        keepPicture(at(name));
        return QImage(QString::fromStdString(at(name).string())).convertToFormat(QImage::Format_RGB32);
    }
    /// The picture as shown, beside the screen itself; overlays stay away.
    void compareWithScreen(SlideView& view, const char* name, int most = 2) {
        QTRY_VERIFY(view.isSharp());
        view.setScaleBarVisible(false);
        for (auto* legend : view.findChildren<LegendWidget*>())
            legend->hide();
        const QImage screen = view.grab().toImage().convertToFormat(QImage::Format_RGB32);
        PictureOptions options;
        options.view = pictureView(view.viewport(), view.viewport().deviceScale(), 96);
        options.scaleBar = false;
        options.surround = QColor(43, 44, 48);
        const auto scene = takeScene(view, options);
        const QImage picture = png(*scene, name);
        QCOMPARE(picture.size(), screen.size());
        const int difference = largestDifference(picture, screen, screen.rect());
        QVERIFY2(difference <= most, qPrintable(QString::number(difference)));
    }

  private Q_SLOTS:
    void atFullResolutionThePixelsAreThoseOfTheSlide() {
        const auto slide = drawnSlide();
        const auto view = shownView(slide);
        const LevelRect region{1234, 777, 1500, 611};
        const auto scene = takeScene(*view, plain(pictureView(Level0Rect{1234, 777, 1500, 611}, 1, 96)));
        const QImage picture = png(*scene);
        QCOMPARE(picture.size(), QSize(1500, 611));
        const Raster truth = slide->readRegion(0, region).value();
        for (int y = 0; y < region.height; ++y)
            for (int x = 0; x < region.width; ++x)
                QCOMPARE(picture.pixel(x, y), truth.pixels[static_cast<std::size_t>(y * region.width + x)]);
    }
    void theResolutionOnPaperDoesNotChangeThePixels() {
        const auto view = shownView(drawnSlide());
        const Level0Rect region{100, 200, 301, 257};
        const QImage screen = png(*takeScene(*view, plain(pictureView(region, 1, 96))));
        const QImage print = png(*takeScene(*view, plain(pictureView(region, 1, 300))), "b.png");
        QCOMPARE(print.size(), QSize(301, 257));
        QCOMPARE(largestDifference(screen, print, screen.rect()), 0);
    }
    void beyondTheEdgeThePictureIsWhite() {
        const auto slide = drawnSlide();
        const auto view = shownView(slide);
        const QImage picture =
            png(*takeScene(*view, plain(pictureView(Level0Rect{-50, 3900, 200, 200}, 1, 96))), "edge.png");
        QCOMPARE(picture.pixel(49, 50), qRgb(255, 255, 255));
        QCOMPARE(picture.pixel(100, 100), qRgb(255, 255, 255));
        QCOMPARE(picture.pixel(50, 99), slide->readRegion(0, {0, 3999, 1, 1})->pixels[0]);
    }
    void thePictureOfTheViewIsTheScreen_data() {
        QTest::addColumn<double>("scale");
        QTest::addColumn<double>("degrees");
        QTest::addColumn<bool>("mirrored");
        QTest::newRow("full") << 1.0 << 0.0 << false;
        QTest::newRow("smaller") << 0.37 << 0.0 << false;
        QTest::newRow("enlarged") << 3.3 << 0.0 << false;
        QTest::newRow("turned") << 0.37 << 33.0 << false;
        QTest::newRow("turned and mirrored") << 0.9 << 200.0 << true;
        QTest::newRow("a quarter, beside the slide") << 0.08 << 90.0 << false;
    }
    void thePictureOfTheViewIsTheScreen() {
        QFETCH(double, scale);
        QFETCH(double, degrees);
        QFETCH(bool, mirrored);
        const auto view = shownView(drawnSlide());
        addHeatmap(*view);
        view->setView({2100, 1700}, scale);
        view->setRotation(degrees);
        if (mirrored) view->flipHorizontally();
        compareWithScreen(*view, "view.png");
    }
    void aMultipliedHeatmapIsTheScreenToo() {
        const auto view = shownView(drawnSlide());
        addHeatmap(*view, Layer::Blending::Multiply)->setStyle(LatticeStyle::Smooth);
        view->setView({3000, 2000}, 0.2);
        compareWithScreen(*view, "multiply.png");
    }
    void spotsAreTheScreenToo() {
        const auto view = shownView(drawnSlide());
        auto* spots = new SpotLayer;
        spots->setSpots({{"a", {3000, 2000}, 0.2F}, {"b", {3300, 2100}, 0.9F}, {"c", {2700, 2000}}});
        spots->setDiameter(100, {0.5, 0.5});
        view->addLayer(spots);
        view->setView({3000, 2000}, 0.5);
        compareWithScreen(*view, "spots.png");
    }
    void annotationsAreTheScreenToo() {
        Annotation area;
        area.id = "a";
        area.polygons = {{{{2800, 1900}, {3300, 1950}, {3200, 2300}, {2750, 2200}}, {}}};
        const auto view = shownView(drawnSlide());
        auto* layer = new AnnotationLayer;
        layer->setAnnotations(AnnotationSet::of({area}));
        view->addLayer(layer);
        view->setView({3000, 2000}, 0.5);
        compareWithScreen(*view, "annotations.png");
    }
    void rulersAreTheScreenToo() {
        const auto view = shownView(drawnSlide());
        auto* rulers = new RulerLayer;
        rulers->setMicronsPerPixel(MicronsPerPixel{0.5, 0.5});
        rulers->add({2700, 1900}, {3300, 2100});
        view->addLayer(rulers);
        view->setView({3000, 2000}, 0.9);
        view->setRotation(20);
        compareWithScreen(*view, "rulers.png",
                          16); // recorded points are rounded: smooth edges differ a little
    }
    void shapesLookLikeThePictureOfThem() {
        const auto view = shownView(drawnSlide());
        addHeatmap(*view);
        auto* spots = new SpotLayer;
        spots->setSpots({{"a", {2500, 2000}, 0.2F}, {"b", {3300, 2100}, 0.9F}, {"c", {2700, 2000}}});
        spots->setDiameter(100, {0.5, 0.5});
        view->addLayer(spots);
        Annotation area;
        area.id = "a";
        area.polygons = {{{{2800, 1900}, {3300, 1950}, {3200, 2300}, {2750, 2200}}, {}}};
        area.points = {{2600, 2200}};
        auto* annotations = new AnnotationLayer;
        annotations->setAnnotations(AnnotationSet::of({area}));
        view->addLayer(annotations);
        PictureOptions options;
        options.view = pictureView(Level0Rect{2300, 1700, 1400, 800}, 0.5, 96);
        options.scaleBar = false;
        options.legend = LegendPlace::None;
        const QImage picture = png(*takeScene(*view, options), "flat.png");
        options.shapes = true;
        const auto scene = takeScene(*view, options);
        QCOMPARE(scene->layers.size(), std::size_t{1}); // the colours of the heatmap
        const QImage shapes = png(*scene, "shapes.png");
        QCOMPARE(shapes.size(), picture.size());
        // Edges are smoothed in other ways; a line that is missing or off by a pixel would count far more.
        int different = 0;
        for (int y = 0; y < picture.height(); ++y)
            for (int x = 0; x < picture.width(); ++x)
                different += largestDifference(picture, shapes, {x, y, 1, 1}) > 60;
        QVERIFY2(different < 60, qPrintable(QString::number(different)));
        QVERIFY(written(*scene, PictureFormat::Svg, at("shapes.svg")));
        QVERIFY(written(*scene, PictureFormat::Pdf, at("shapes.pdf")));
        keepPicture(at("shapes.svg"));
        keepPicture(at("shapes.pdf"));
        const std::string svg = readFile(at("shapes.svg")).value();
        QVERIFY(svg.find("<polyline") != std::string::npos); // contour lines
        QVERIFY(svg.find("#dc1e1e") != std::string::npos);   // the outline in its own colour
    }
    void theSlidesColoursAreThoseOfTheScreen() {
        const auto view = shownView(drawnSlide());
        ColorSettings settings;
        settings.brightness = -0.2;
        settings.gamma = 1.4;
        view->setColorCorrection(ColorCorrection::make(settings).value());
        view->setView({3000, 2000}, 0.5);
        compareWithScreen(*view, "colours.png");
    }
    void whatChangesAfterwardsDoesNotChangeThePicture() {
        const auto view = shownView(drawnSlide());
        HeatmapLayer* heatmap = addHeatmap(*view);
        PictureOptions options;
        options.view = pictureView(Level0Rect{1000, 1000, 800, 600}, 1, 96);
        const QImage before = png(*takeScene(*view, options));
        const auto scene = takeScene(*view, options);
        heatmap->setField({});
        view->setSlide(nullptr);
        QCOMPARE(largestDifference(png(*scene, "b.png"), before, before.rect()), 0);
    }
    void aLayerWithoutSnapshotIsShownAllTheSame() {
        class Cross : public Layer {
            void paint(QPainter& painter, const Viewport& viewport) override {
                const ScreenPoint at = viewport.toScreen(Level0Point{1200, 1100});
                painter.fillRect(QRectF(at.x - 5, at.y - 5, 10, 10), Qt::blue);
            }
        };
        const auto view = shownView(drawnSlide());
        view->addLayer(new Cross);
        PictureOptions options;
        options.view = pictureView(Level0Rect{1000, 1000, 400, 300}, 1, 96);
        const QImage picture = png(*takeScene(*view, options), "cross.png");
        QCOMPARE(picture.pixel(200, 100), qRgb(0, 0, 255));
        QVERIFY(picture.pixel(190, 100) != qRgb(0, 0, 255));
    }
    void aDamagedPlaceIsHatchedAndTold() {
        const auto slide = drawnSlide({{2000, 1000, 10, 10}});
        const auto view = shownView(slide);
        const auto scene = takeScene(*view, plain(pictureView(Level0Rect{1600, 800, 700, 500}, 1, 96)));
        const auto outcome = written(*scene, PictureFormat::Png, at("damage.png"));
        QVERIFY(outcome);
        QCOMPARE(outcome->damagedTiles, 1);
        QVERIFY(!outcome->damage.isEmpty());
        keepPicture(at("damage.png"));
        const QImage picture(QString::fromStdString(at("damage.png").string()));
        int hatched = 0;
        for (int x = 300; x < 440; ++x)
            hatched += picture.pixel(x, 205) == qRgb(150, 40, 40);
        QVERIFY2(hatched > 10 && hatched < 40, qPrintable(QString::number(hatched)));
        QCOMPARE(picture.pixel(20, 20), slide->readRegion(0, {1620, 820, 1, 1})->pixels[0]);
    }
    void memoryDoesNotGrowWithThePicture() {
        const auto slide = drawnSlide();
        const auto view = shownView(slide);
        // 6,000 x 4,000 pixels, read once each: the tiles of the row above are still there.
        const std::size_t before = slide->readCount();
        const auto scene = takeScene(*view, plain(pictureView(Level0Rect{0, 0, 6000, 4000}, 1, 96)));
        PictureRenderer renderer(*scene);
        QImage band(6000, 256, QImage::Format_RGB32);
        for (int top = 0; top + 256 <= 4000; top += 250)
            QVERIFY(renderer.drawRows(band, top, {}));
        QVERIFY(slide->readCount() - before <= 24 * 16 + 50); // the view reads some as well
    }
    void cancellingEndsIt() {
        const auto view = shownView(drawnSlide());
        const auto scene = takeScene(*view, plain(pictureView(Level0Rect{0, 0, 600, 400}, 1, 96)));
        PictureRenderer renderer(*scene);
        QImage band(600, 100, QImage::Format_RGB32);
        CancelToken cancel;
        cancel.cancel();
        const auto done = renderer.drawRows(band, 0, cancel);
        QVERIFY(!done);
        QCOMPARE(done.error().kind, ErrorKind::Cancelled);
    }
};

QTEST_MAIN(TestPictureRenderer)
#include "TestPictureRenderer.moc"
