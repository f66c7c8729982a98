#include "viewer/canvas/HeatmapLayer.h"

#include <cmath>
#include <random>

#include <QPainter>
#include <QSignalSpy>
#include <QtTest>

using namespace spotglass;

class TestHeatmapLayer : public QObject {
    Q_OBJECT

    static constexpr QRgb nothing = 0xFF336699; // no map has it

    /// Every cell another value, some missing; the lattice starts off the grid of pixels.
    static ExpressionField field(LatticeAffine affine = {112.5, 0, 3456.25, 0, 98.25, 1234.75}) {
        ExpressionField made;
        made.gene = "FN1";
        made.columns = 40;
        made.rows = 30;
        made.latticeToLevel0 = affine;
        for (int row = 0; row < made.rows; ++row) {
            for (int column = 0; column < made.columns; ++column)
                made.values.push_back((column * 7 + row * 5) % 11 == 0
                                          ? ExpressionField::missing
                                          : static_cast<float>((column * 31 + row * 17) % 256));
        }
        return made;
    }
    static Viewport viewport(double scale, Level0Point center, double ratio = 1) {
        Viewport view;
        view.setSize({640, 480}, ratio);
        view.setSlideRect({0, 0, 20000, 20000});
        view.setView(center, scale);
        return view;
    }
    static QImage paint(HeatmapLayer& layer, const Viewport& view) {
        QImage image((view.size() * view.devicePixelRatio()).toSize(), QImage::Format_RGB32);
        image.setDevicePixelRatio(view.devicePixelRatio());
        image.fill(nothing);
        QPainter painter(&image);
        layer.paint(painter, view);
        return image;
    }
    /// Fractional lattice coordinates of the centre of a device pixel, by the field's own affine
    /// (axis-aligned).
    static QPointF latticeAt(const ExpressionField& its, const Viewport& view, int x, int y) {
        const double ratio = view.devicePixelRatio();
        const Level0Point point = view.toLevel0(ScreenPoint{(x + 0.5) / ratio, (y + 0.5) / ratio});
        return {(point.x - its.latticeToLevel0.dx) / its.latticeToLevel0.xx,
                (point.y - its.latticeToLevel0.dy) / its.latticeToLevel0.yy};
    }
    static void prepare(HeatmapLayer& layer) {
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setRange(0, 255);
        layer.setField(field());
    }

  private Q_SLOTS:
    // A pixel may show a neighbour's colour only when it lies within half a device pixel of the edge between
    // them.
    void noCellIsOffByHalfAPixelAtTwentyZooms() {
        HeatmapLayer layer;
        prepare(layer);
        const ExpressionField its = field();
        std::mt19937 random(5);
        std::uniform_real_distribution<double> unit(0, 1);
        for (int zoom = 0; zoom < 20; ++zoom) {
            const double ratio = zoom % 3 == 2 ? 2 : 1;
            const double scale = 0.02 * std::pow(1.47, zoom); // up to 30 screen pixels per level-0 pixel
            const Viewport view =
                viewport(scale, {3500 + unit(random) * 4000, 1300 + unit(random) * 2700}, ratio);
            const QImage image = paint(layer, view);
            const double slackX = 0.5 / (view.deviceScale() * 112.5) + 1e-9,
                         slackY = 0.5 / (view.deviceScale() * 98.25) + 1e-9;
            for (int y = 0; y < image.height(); y += 7) {
                for (int x = 0; x < image.width(); ++x) {
                    const QPointF at = latticeAt(its, view, x, y);
                    bool found = false;
                    for (const double dx : {0.0, -slackX, slackX}) {
                        for (const double dy : {0.0, -slackY, slackY}) {
                            const double column = std::floor(at.x() + dx + 0.5),
                                         row = std::floor(at.y() + dy + 0.5);
                            const bool inside =
                                column >= 0 && row >= 0 && column < its.columns && row < its.rows;
                            const float value =
                                inside ? its.at(static_cast<int>(column), static_cast<int>(row)) : NAN;
                            const int grey = static_cast<int>(std::isnan(value) ? 0 : value);
                            found = found || image.pixel(x, y) ==
                                                 (std::isnan(value) ? nothing : qRgb(grey, grey, grey));
                        }
                    }
                    QVERIFY2(found,
                             qPrintable(QStringLiteral("scale %1 at %2, %3").arg(scale).arg(x).arg(y)));
                }
            }
        }
    }
    /// Tissue left of level-0 x = 4200, glass right of it, in cells of 100 level-0 pixels.
    void glassIsLeftUnpainted() {
        auto tissue = std::make_shared<TissueOutline>();
        tissue->width = 120;
        tissue->height = 60;
        tissue->cellWidth = tissue->cellHeight = 100;
        for (int i = 0; i < tissue->width * tissue->height; ++i)
            tissue->cells.push_back(i % tissue->width < 42 ? 255 : 0);
        HeatmapLayer layer;
        prepare(layer);
        const Viewport view = viewport(0.2, {4200, 2000}, 1);
        const QImage open = paint(layer, view);
        ExpressionField masked = field();
        masked.tissue = tissue;
        layer.setField(masked);
        const QImage clipped = paint(layer, view);
        int kept = 0, taken = 0;
        for (int y = 0; y < open.height(); ++y)
            for (int x = 0; x < open.width(); ++x) {
                const double at = view.toLevel0(ScreenPoint{x + 0.5, y + 0.5}).x;
                if (open.pixel(x, y) == nothing || std::abs(at - 4200) < 120) continue;
                if (at < 4200) {
                    QCOMPARE(clipped.pixel(x, y), open.pixel(x, y));
                    ++kept;
                } else {
                    QCOMPARE(clipped.pixel(x, y), nothing);
                    ++taken;
                }
            }
        QVERIFY(kept > 1000);
        QVERIFY(taken > 1000);
    }
    void smoothStaysInsideAndMeetsTheValuesAtCellCentres() {
        HeatmapLayer layer;
        prepare(layer);
        layer.setStyle(LatticeStyle::Smooth);
        const ExpressionField its = field();
        for (const double scale : {0.15, 0.5, 2.0, 9.0}) {
            const Viewport view = viewport(scale, {5000, 2500});
            const QImage image = paint(layer, view);
            int between = 0;
            for (int y = 0; y < image.height(); ++y) {
                for (int x = 0; x < image.width(); ++x) {
                    const QPointF at = latticeAt(its, view, x, y);
                    const double column = std::floor(at.x() + 0.5), row = std::floor(at.y() + 0.5);
                    const bool inside = column >= 0 && row >= 0 && column < its.columns && row < its.rows;
                    const float value =
                        inside ? its.at(static_cast<int>(column), static_cast<int>(row)) : NAN;
                    const double edge = std::max(std::abs(at.x() - column), std::abs(at.y() - row));
                    if (std::abs(edge - 0.5) < 1e-6) continue; // on the edge itself either cell is right
                    const bool painted = image.pixel(x, y) != nothing;
                    QCOMPARE(painted, !std::isnan(value));
                    if (!painted) continue;
                    QCOMPARE(qRed(image.pixel(x, y)), qBlue(image.pixel(x, y)));
                    between += std::abs(qRed(image.pixel(x, y)) - value) > 2;
                    if (std::hypot(at.x() - column, at.y() - row) < 0.004)
                        QVERIFY(std::abs(qRed(image.pixel(x, y)) - value) <= 4);
                }
            }
            QVERIFY(between > 1000);
        }
    }
    void missingNeighboursDoNotDarkenACell() {
        ExpressionField lonely;
        lonely.columns = lonely.rows = 3;
        lonely.latticeToLevel0 = {100, 0, 1000, 0, 100, 1000};
        lonely.values.assign(9, ExpressionField::missing);
        lonely.values[4] = 200;
        HeatmapLayer layer;
        prepare(layer);
        layer.setStyle(LatticeStyle::Smooth);
        layer.setField(lonely);
        const QImage image = paint(layer, viewport(1, {1100, 1100}));
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                const bool inside = std::abs(x + 0.5 - 320) < 50 && std::abs(y + 0.5 - 240) < 50;
                if (!inside) QCOMPARE(image.pixel(x, y), nothing);
                if (inside) QVERIFY(std::abs(qRed(image.pixel(x, y)) - 200) <= 2);
            }
        }
    }
    void aTurnedLatticeIsDrawnWhereItsAffineSays() {
        const double turn = 0.4;
        const LatticeAffine affine{100 * std::cos(turn), -80 * std::sin(turn), 5000,
                                   100 * std::sin(turn), 80 * std::cos(turn),  3000};
        HeatmapLayer layer;
        prepare(layer);
        layer.setField(field(affine));
        for (const auto style : {LatticeStyle::Blocks, LatticeStyle::Smooth}) {
            layer.setStyle(style);
            const Viewport view = viewport(0.5, {6000, 5000});
            const QImage image = paint(layer, view);
            int seen = 0;
            for (int row = 0; row < 30; ++row) {
                for (int column = 0; column < 40; ++column) {
                    const ScreenPoint at = view.toScreen(affine.toLevel0(column, row));
                    if (at.x < 1 || at.y < 1 || at.x > 638 || at.y > 478) continue;
                    const float value = layer.field().at(column, row);
                    const QRgb pixel = image.pixel(static_cast<int>(at.x), static_cast<int>(at.y));
                    if (std::isnan(value))
                        QCOMPARE(pixel, nothing);
                    else
                        QVERIFY(std::abs(qRed(pixel) - value) <= (style == LatticeStyle::Blocks ? 0 : 14));
                    ++seen;
                }
            }
            QVERIFY(seen > 50);
        }
    }
    void valueAtNamesTheCellUnderTheCursor() {
        HeatmapLayer layer;
        prepare(layer);
        const ExpressionField its = field();
        for (int row = 0; row < its.rows; ++row) {
            for (int column = 0; column < its.columns; ++column) {
                for (const double off : {-0.49, 0.0, 0.49}) {
                    const auto value = layer.valueAt(its.latticeToLevel0.toLevel0(column + off, row - off));
                    QCOMPARE(value.has_value(), !std::isnan(its.at(column, row)));
                    if (value) QCOMPARE(*value, its.at(column, row));
                }
            }
        }
        QVERIFY(!layer.valueAt(its.latticeToLevel0.toLevel0(-0.51, 3)));
        QVERIFY(!layer.valueAt(its.latticeToLevel0.toLevel0(3, 29.51)));
        layer.setField({});
        QVERIFY(!layer.valueAt({4000, 2000}));
        QVERIFY(layer.extent().isEmpty());
    }
    void updatedCellsRepaintTheirRectangleAlone() {
        HeatmapLayer layer;
        prepare(layer);
        QSignalSpy changed(&layer, &Layer::changed);
        layer.updateCells({{3, 4, 100.0F}, {5, 6, 200.0F}, {-1, 0, 1.0F}, {40, 0, 1.0F}});
        QCOMPARE(changed.count(), 1);
        const auto area = changed[0][0].value<Level0Rect>();
        QCOMPARE(area, (Level0Rect{3456.25 + 2.5 * 112.5, 1234.75 + 3.5 * 98.25, 3 * 112.5, 3 * 98.25}));
        QCOMPARE(layer.field().at(5, 6), 200.0F);
        const Level0Point center = field().latticeToLevel0.toLevel0(5, 6);
        QCOMPARE(paint(layer, viewport(1, center)).pixel(320, 240), qRgb(200, 200, 200));
        layer.updateCells({{5, 6, ExpressionField::missing}});
        QCOMPARE(paint(layer, viewport(1, center)).pixel(320, 240), nothing);
        layer.updateCells({{70, 70, 1.0F}});
        QCOMPARE(changed.count(), 2);
    }
    void colourRangeAndThresholdApply() {
        HeatmapLayer layer;
        prepare(layer);
        layer.updateCells({{10, 10, 100.0F}});
        const Viewport view = viewport(1, field().latticeToLevel0.toLevel0(10, 10));
        const auto middle = [&] { return paint(layer, view).pixel(320, 240); };
        layer.setRange(0, 200);
        QCOMPARE(middle(), qRgb(128, 128, 128));
        layer.setRange(100, 300);
        QCOMPARE(middle(), qRgb(0, 0, 0)); // black is a colour, not a hole
        layer.setColorMap(*ColorMap::named(QStringLiteral("viridis_r")));
        QCOMPARE(middle(), qRgb(0xFD, 0xE7, 0x25));
        layer.setThreshold(100.5F);
        QCOMPARE(middle(), nothing);
        QCOMPARE(layer.valueAt(view.center()), std::optional<float>(100.0F));
        layer.setThreshold(std::nullopt);
        QVERIFY(middle() != nothing);
    }
    void aFieldThatDoesNotFitItsSizeShowsNothing() {
        HeatmapLayer layer;
        ExpressionField wrong = field();
        wrong.values.pop_back();
        layer.setField(wrong);
        QVERIFY(layer.field().isEmpty());
        QCOMPARE(paint(layer, viewport(1, {4000, 2000})).pixel(320, 240), nothing);
        ExpressionField flat = field({0, 0, 5, 0, 0, 5});
        layer.setField(flat);
        QCOMPARE(paint(layer, viewport(1, {5, 5})).pixel(320, 240), nothing);
    }
    void aClippedPaintGivesTheSamePixels() {
        HeatmapLayer layer;
        prepare(layer);
        layer.setStyle(LatticeStyle::Smooth);
        const Viewport view = viewport(0.37, {5000, 2500});
        const QImage whole = paint(layer, view);
        QImage part(640, 480, QImage::Format_RGB32);
        part.fill(nothing);
        QPainter painter(&part);
        painter.setClipRect(QRect(101, 57, 200, 133));
        layer.paint(painter, view);
        QCOMPARE(part.copy(101, 57, 200, 133), whole.copy(101, 57, 200, 133));
        QCOMPARE(part.pixel(100, 57), nothing);
    }
};

QTEST_GUILESS_MAIN(TestHeatmapLayer)
#include "TestHeatmapLayer.moc"
