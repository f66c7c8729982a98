#include "canvas/MadeAnnotations.h"
#include "canvas/PictureTools.h"
#include "canvas/ReferencePictures.h"
#include "tiles/GradientSlide.h"
#include "viewer/canvas/AnnotationLayer.h"
#include "viewer/canvas/PictureRenderer.h"
#include "viewer/canvas/RulerLayer.h"
#include "viewer/canvas/SpotLayer.h"

#include <QApplication>
#include <QFontMetrics>
#include <QPainter>

using namespace spotglass;
using namespace spotglass::test;

/// What the canvas draws is what it drew when somebody last looked at it. The pictures are in
/// tests/canvas/pictures; SPOTGLASS_UPDATE_PICTURES=1 writes them anew, to be looked at before they are
/// committed. Words are covered, since fonts differ.
class TestReferencePictures : public QObject {
    Q_OBJECT
    static constexpr QSize size_{240, 160};
    std::unique_ptr<SlideView> view_;

    void showSlide(std::shared_ptr<const SlideSource> slide, QSize size = size_) {
        view_ = shownView(std::move(slide), size);
        view_->setScaleBarVisible(false);
    }
    /// Red grows to the right, green downwards: colours that have changed places cannot hide.
    void showGradient() {
        showSlide(std::make_shared<GradientSlide>(3000, 2000, 3));
        view_->setView({1500, 1000}, 0.1);
    }
    void showTissue(Level0Point center, double scale, double degrees = 0, bool mirrored = false) {
        SyntheticSlideOptions options;
        options.width = 3000;
        options.height = 2000;
        showSlide(std::make_shared<SyntheticSlideSource>(options), {200, 140});
        view_->setView(center, scale, degrees, mirrored);
    }
    /// Two hills, one of them narrow, and a corner where nothing is known. Cells of 250 level-0 pixels.
    static ExpressionField hills() {
        ExpressionField field;
        field.columns = 12;
        field.rows = 8;
        field.latticeToLevel0 = {250, 0, 125, 0, 250, 125};
        const auto hill = [](double x, double y, double width) {
            return std::max(0.0, 1 - (x * x + y * y) / (width * width));
        };
        for (int row = 0; row < field.rows; ++row)
            for (int column = 0; column < field.columns; ++column)
                field.values.push_back(
                    row + column < 3 ? ExpressionField::missing
                                     : static_cast<float>(std::max(hill(column - 3.3, row - 3.6, 4.5),
                                                                   hill(column - 8.7, row - 4.2, 2.5))));
        return field;
    }
    HeatmapLayer* addHills(LatticeStyle style, const char* map, double opacity) {
        auto* layer = new HeatmapLayer;
        layer->setField(hills());
        layer->setStyle(style);
        layer->setColorMap(ColorMap::named(QString::fromUtf8(map)).value());
        layer->setOpacity(opacity);
        view_->addLayer(layer);
        return layer;
    }
    /// Cells in the middle of the right hill, and one that has no value.
    static std::vector<std::uint8_t> doubtful() {
        std::vector<std::uint8_t> flags(12 * 8);
        for (const int cell : {3 * 12 + 8, 4 * 12 + 8, 4 * 12 + 9, 5 * 12 + 8, 1 * 12 + 1})
            flags[static_cast<std::size_t>(cell)] = 1;
        return flags;
    }
    void addSpots(bool outline, double y, std::optional<float> threshold) {
        auto* layer = new SpotLayer;
        std::vector<SpotValue> spots;
        for (int i = 0; i < 10; ++i)
            spots.push_back({std::to_string(i),
                             {420.0 + 240 * i, y + (i % 2) * 130},
                             i == 4 ? ExpressionField::missing : static_cast<float>(i) / 9});
        layer->setSpots(std::move(spots));
        layer->setDiameterLevel0(180, 180);
        layer->setThreshold(threshold);
        layer->setOutlineOnly(outline);
        view_->addLayer(layer);
    }
    AnnotationLayer* addAnnotations() {
        std::mt19937 random(5); // the same numbers everywhere, but not what is made of them
        std::vector<Annotation> made;
        made.push_back(area("island", {{450, 350}, {1350, 300}, {1500, 900}, {1100, 1150}, {400, 1000}},
                            {{{700, 550}, {1000, 500}, {1050, 800}, {750, 850}}}));
        made.back().classColor = Rgb{20, 60, 200};
        made.push_back(area("chosen", {{1700, 350}, {2500, 450}, {2350, 950}, {1800, 1000}},
                            {{{1950, 550}, {2200, 600}, {2100, 800}}}));
        made.push_back(Annotation::rectangle("box", {1500, 1200, 500, 400}));
        made.back().color = Rgb{250, 250, 250};
        Annotation line;
        line.id = "line";
        line.lines = {{{450, 1250}, {800, 1550}, {1200, 1300}}};
        made.push_back(line);
        Annotation points;
        points.id = "points";
        points.points = {{2200, 1250}, {2400, 1450}, {2250, 1600}};
        made.push_back(points);
        auto* layer = new AnnotationLayer;
        layer->setAnnotations(AnnotationSet::of(std::move(made)));
        layer->setSelected({"chosen"});
        view_->addLayer(layer);
        return layer;
    }
    /// What the window shows, once it is sharp; `words` are covered.
    void compare(const char* name, const QList<QRect>& words = {}) {
        QTRY_VERIFY_WITH_TIMEOUT(view_->isSharp(), 60000);
        QImage got = view_->grab().toImage().convertToFormat(QImage::Format_RGB32);
        QCOMPARE(got.size(), view_->size());
        compare(got, name, words);
    }
    static void compare(QImage got, const char* name, const QList<QRect>& words) {
        QPainter painter(&got);
        for (const QRect& word : words)
            painter.fillRect(word, QColor(128, 128, 128));
        painter.end();
        const QString wrong = differenceFromReference(got, QString::fromUtf8(name));
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
    void setColours(const ColorSettings& settings) {
        view_->setColorCorrection(ColorCorrection::make(settings).value());
    }

  private Q_SLOTS:
    void cleanup() { view_.reset(); }

    void aSlideMadeSmaller() {
        showTissue({1400, 900}, 0.37);
        compare("slide-smaller");
    }
    void aSlideEnlarged() {
        showTissue({1400, 900}, 3.3);
        compare("slide-enlarged");
    }
    void aSlideTurnedAndMirroredWithItsEdge() {
        showTissue({2500, 1500}, 0.16, 33, true);
        compare("slide-turned-mirrored");
    }
    void brightnessAndContrast() {
        showTissue({1400, 900}, 0.16);
        ColorSettings settings;
        settings.brightness = -0.15;
        settings.contrast = 1.6;
        settings.gamma = 1.3;
        setColours(settings);
        compare("colours-contrast");
    }
    void haematoxylinAlone() {
        showTissue({1400, 900}, 0.16);
        ColorSettings settings;
        settings.stain = StainView::Hematoxylin;
        setColours(settings);
        compare("colours-haematoxylin");
    }
    void blocksFromAThreshold() {
        showGradient();
        addHills(LatticeStyle::Blocks, "viridis_r", 0.8)->setThreshold(0.2F);
        compare("heatmap-blocks");
    }
    void smoothWithContourLines() {
        showGradient();
        auto* layer = addHills(LatticeStyle::Smooth, "magma", 0.7);
        layer->setGamma(0.6F);
        layer->setContourLevels({0.3F, 0.6F, 0.8F});
        compare("heatmap-smooth-lines");
    }
    void spotsWithDoubtfulCells() {
        showGradient();
        addHills(LatticeStyle::Spots, "turbo", 0.9)->setDoubtful(doubtful());
        compare("heatmap-spots-doubtful");
    }
    void multipliedTurnedAndCutAtTheTissue() {
        showGradient();
        auto* layer = addHills(LatticeStyle::Smooth, "coolwarm", 1);
        ExpressionField field = hills();
        TissueOutline tissue{30, 20, 100, 100, std::vector<std::uint8_t>(600, 255)};
        for (int row = 0; row < 20; ++row) // a slanted strip of glass
            for (int column = 0; column < 3; ++column)
                tissue.cells[static_cast<std::size_t>(row * 30 + 14 + row / 4 + column)] = 0;
        field.tissue = std::make_shared<const TissueOutline>(std::move(tissue));
        layer->setField(std::move(field));
        layer->setBlending(Layer::Blending::Multiply);
        layer->setDoubtful(doubtful());
        view_->setRotation(25);
        compare("heatmap-multiplied-turned");
    }
    void spots() {
        showGradient();
        addSpots(false, 450, 0.3F);
        addSpots(true, 1200, {});
        compare("spots");
    }
    void annotationsWithHolesAndASelection() {
        showGradient();
        auto* layer = addAnnotations();
        AnnotationStyle style;
        style.fillOpacity = 0.35;
        layer->setStyle(style);
        layer->setHovered("box");
        compare("annotations");
    }
    void rulersAndTheScaleBar() {
        if (!QFontMetrics(QApplication::font()).inFont(u'5'))
            QSKIP("There is no font: boxes are wider than what is covered.");
        showGradient();
        view_->setScaleBarVisible(true);
        auto* rulers = new RulerLayer;
        rulers->setMicronsPerPixel(MicronsPerPixel{0.5, 0.5});
        rulers->add({500, 700}, {1400, 700});
        rulers->add({1600, 500}, {1800, 1400});
        view_->addLayer(rulers);
        compare("rulers-scale-bar", {{5, 14, 120, 29}, {146, 44, 94, 40}, {20, 112, 100, 19}});
    }
    void everythingForAScreenOfOneAndAHalf() {
        showGradient();
        auto* layer = addHills(LatticeStyle::Smooth, "viridis", 0.6);
        layer->setContourLevels({0.5F});
        layer->setThreshold(0.15F);
        addSpots(false, 450, {});
        addAnnotations();
        PictureOptions options;
        // 144 dots per inch are one and a half device pixels to a screen pixel.
        options.view = pictureView(Level0Rect{600, 300, 1800, 1100}, 0.15, 144);
        options.legend = LegendPlace::None;
        options.scaleBar = false;
        const auto scene = takeScene(*view_, options);
        QCOMPARE(scene->view.devicePixelRatio(), 1.5);
        PictureRenderer renderer(*scene);
        QImage got(scene->size, QImage::Format_RGB32);
        QVERIFY(renderer.drawRows(got, 0, {}));
        compare(got, "everything-at-1.5", {});
    }

    // The comparison itself.
    void aChangedPictureIsFound_data() {
        QTest::addColumn<QString>("name");
        const QDir folder(QStringLiteral(SPOTGLASS_REFERENCE_PICTURES));
        for (const QString& file : folder.entryList({QStringLiteral("*.png")}))
            QTest::newRow(qPrintable(file)) << file.chopped(4);
    }
    void aChangedPictureIsFound() {
        QFETCH(QString, name);
        const QImage wanted = QImage(referencePicture(name)).convertToFormat(QImage::Format_RGB32);
        QVERIFY(!wanted.isNull());
        const auto passes = [&wanted](const QImage& changed) {
            return differenceOf(changed, wanted).isWithin(PictureTolerance());
        };
        QVERIFY(passes(wanted));
        QVERIFY(!passes(wanted.rgbSwapped()));
        QVERIFY(!passes(wanted.mirrored(true, false)));
        QVERIFY(!passes(wanted.copy(1, 0, wanted.width() - 1, wanted.height())));
        QImage moved = wanted, brighter = wanted, lined = wanted, rounded = wanted;
        for (int y = 0; y < wanted.height(); ++y)
            for (int x = 0; x < wanted.width(); ++x) {
                const QRgb p = wanted.pixel(x, y);
                moved.setPixel(x, y, wanted.pixel(std::max(x - 1, 0), std::max(y - 1, 0)));
                const auto more = [](int channel) { return std::min(255, channel + 2); };
                brighter.setPixel(x, y, qRgb(more(qRed(p)), more(qGreen(p)), more(qBlue(p))));
                if ((x + y) % 4 == 0) rounded.setPixel(x, y, qRgb(more(qRed(p)), qGreen(p), qBlue(p)));
                if (y == 70 && x > 80 && x < 140) lined.setPixel(x, y, p ^ 0x808080U);
            }
        QVERIFY(!passes(moved));
        QVERIFY(!passes(brighter));
        QVERIFY(!passes(lined));
        QVERIFY(passes(rounded)); // a processor that rounds differently is no fault
    }
};

int main(int argc, char** argv) {
    // The pictures are for one device pixel to a screen pixel, whatever screen this runs on.
    qputenv("QT_ENABLE_HIGHDPI_SCALING", "0");
    qputenv("QT_SCALE_FACTOR", "1");
    QApplication application(argc, argv);
    TestReferencePictures test;
    return QTest::qExec(&test, argc, argv);
}
#include "TestReferencePictures.moc"
