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
    void aTurnedClippedPaintGivesTheSamePixels() {
        HeatmapLayer layer;
        prepare(layer);
        layer.setDoubtful(flags());
        Viewport view = viewport(0.37, {5000, 2500});
        view.setMirrored(true);
        view.setRotation(37);
        for (const auto style : {LatticeStyle::Blocks, LatticeStyle::Smooth, LatticeStyle::Spots}) {
            layer.setStyle(style);
            const QImage whole = paint(layer, view);
            QImage part(640, 480, QImage::Format_RGB32);
            part.fill(nothing);
            QPainter painter(&part);
            painter.setClipRect(QRect(211, 97, 200, 133));
            layer.paint(painter, view);
            QCOMPARE(part.copy(211, 97, 200, 133), whole.copy(211, 97, 200, 133));
        }
    }
    /// The picture of a turned, mirrored view is that of the upright one, turned and mirrored: the colours,
    /// the tissue's edge and the spots.
    void aTurnedViewShowsTheSamePicture() {
        auto tissue = std::make_shared<TissueOutline>();
        tissue->width = 200;
        tissue->height = 200;
        tissue->cellWidth = tissue->cellHeight = 100;
        for (int i = 0; i < tissue->width * tissue->height; ++i)
            tissue->cells.push_back(i % 200 < 52 && i / 200 > 20 ? 255 : 0);
        HeatmapLayer layer;
        prepare(layer);
        ExpressionField masked = field();
        masked.tissue = tissue;
        layer.setField(masked);
        const Viewport upright = viewport(0.5, {5000, 2300});
        for (const auto style : {LatticeStyle::Blocks, LatticeStyle::Smooth, LatticeStyle::Spots}) {
            layer.setStyle(style);
            const QImage plain = paint(layer, upright);
            for (const double turn : {0.0, 90.0, 180.0, 270.0, 33.0}) {
                Viewport view = upright;
                view.setMirrored(true);
                view.setRotation(turn);
                const QImage turned = paint(layer, view);
                int compared = 0, painted = 0, different = 0;
                for (int y = 0; y < 480; ++y) {
                    for (int x = 0; x < 640; ++x) {
                        const ScreenPoint at = upright.toScreen(view.toLevel0(ScreenPoint{x + 0.5, y + 0.5}));
                        if (at.x < 0 || at.y < 0 || at.x >= 640 || at.y >= 480) continue;
                        const QRgb a = turned.pixel(x, y),
                                   b = plain.pixel(static_cast<int>(at.x), static_cast<int>(at.y));
                        ++compared;
                        painted += b != nothing;
                        different += std::abs(qRed(a) - qRed(b)) > 40 || std::abs(qBlue(a) - qBlue(b)) > 40;
                    }
                }
                QVERIFY(compared > 100000 && painted > 20000);
                // Quarter turns map pixels onto pixels; others differ along edges, by less than a pixel.
                QVERIFY2(different <= (turn == 33 ? compared / 25 : compared / 1000),
                         qPrintable(QStringLiteral("%1 of %2 at %3").arg(different).arg(compared).arg(turn)));
            }
        }
    }
    void smoothStaysBetweenItsNeighbours() {
        ExpressionField steps;
        steps.columns = steps.rows = 12;
        steps.latticeToLevel0 = {100, 0, 1000, 0, 100, 1000};
        std::mt19937 random(1);
        for (int i = 0; i < 144; ++i) // hard edges, where a cubic overshoots most
            steps.values.push_back(random() % 9 == 0 ? ExpressionField::missing
                                   : random() % 2    ? 60.0F
                                                     : 190.0F);
        HeatmapLayer layer;
        prepare(layer);
        layer.setStyle(LatticeStyle::Smooth);
        layer.setField(steps);
        Viewport view = viewport(0.4, {1550, 1550});
        for (const double turn : {0.0, 25.0}) {
            view.setRotation(turn);
            const QImage image = paint(layer, view);
            int low = 255, high = 0;
            for (int y = 0; y < 480; ++y) {
                for (int x = 0; x < 640; ++x) {
                    if (image.pixel(x, y) == nothing) continue;
                    low = std::min(low, qRed(image.pixel(x, y)));
                    high = std::max(high, qRed(image.pixel(x, y)));
                }
            }
            QCOMPARE(low, 60);
            QCOMPARE(high, 190);
        }
    }
    void gammaBendsTheColours() {
        HeatmapLayer layer;
        prepare(layer);
        layer.updateCells({{10, 10, 63.75F}});
        const Viewport view = viewport(1, field().latticeToLevel0.toLevel0(10, 10));
        const auto middle = [&] { return qRed(paint(layer, view).pixel(320, 240)); };
        QCOMPARE(middle(), 64);
        layer.setGamma(0.5F);
        QCOMPARE(middle(), 128);
        layer.setGamma(2);
        QCOMPARE(middle(), 16);
        layer.setGamma(0); // no gamma
        QCOMPARE(layer.gamma(), 2.0F);
    }
    void aThresholdCutsTheInterpolatedValue() {
        ExpressionField ramp;
        ramp.columns = 10;
        ramp.rows = 4;
        ramp.latticeToLevel0 = {100, 0, 1000, 0, 100, 1000};
        for (int i = 0; i < 40; ++i)
            ramp.values.push_back(static_cast<float>(i % 10));
        HeatmapLayer layer;
        layer.setField(ramp);
        layer.setStyle(LatticeStyle::Smooth);
        layer.setRange(0, 9);
        layer.setThreshold(4.25F);
        const Viewport view = viewport(1, {1425, 1150});
        const QImage image = paint(layer, view);
        QCOMPARE(image.pixel(318, 240), nothing); // the value is 4.25 in the middle of the view
        QVERIFY(image.pixel(322, 240) != nothing);
    }
    void spotsHaveTheirDiameter() {
        HeatmapLayer layer;
        prepare(layer);
        layer.setStyle(LatticeStyle::Spots);
        layer.setSpotDiameter(60);
        const Viewport view = viewport(2, field().latticeToLevel0.toLevel0(10, 10));
        const QImage image = paint(layer, view);
        int wide = 0, high = 0;
        for (int i = 100; i < 540; ++i)
            wide += i > 210 && i < 430 && image.pixel(i, 240) != nothing;
        for (int i = 150; i < 330; ++i)
            high += image.pixel(320, i) != nothing;
        QVERIFY(std::abs(wide - 120) <= 2 && std::abs(high - 120) <= 2);
        QVERIFY(std::abs(HeatmapLayer().spotDiameter() - 0.55) < 1e-9);
    }
    /// Cells of the left half.
    static std::vector<std::uint8_t> flags() {
        std::vector<std::uint8_t> left;
        for (int i = 0; i < 40 * 30; ++i)
            left.push_back(i % 40 < 20);
        return left;
    }
    void doubtfulCellsAreHatched() {
        HeatmapLayer layer;
        prepare(layer);
        const Viewport view = viewport(0.2, field().latticeToLevel0.toLevel0(19.5, 14.5));
        const QImage plain = paint(layer, view);
        layer.setDoubtful({1, 2, 3}); // not of this lattice
        QCOMPARE(paint(layer, view), plain);
        layer.setDoubtful(flags());
        const QImage hatched = paint(layer, view);
        int left = 0;
        for (int y = 0; y < 480; ++y) {
            for (int x = 0; x < 640; ++x) {
                if (x >= 320)
                    QCOMPARE(hatched.pixel(x, y), plain.pixel(x, y));
                else
                    left += hatched.pixel(x, y) != plain.pixel(x, y);
            }
        }
        QVERIFY(left > 30000);
        QVERIFY(layer.isDoubtfulAt(field().latticeToLevel0.toLevel0(19, 3)));
        QVERIFY(!layer.isDoubtfulAt(field().latticeToLevel0.toLevel0(20, 3)));
        layer.setField(field()); // another gene on the same lattice
        QCOMPARE(paint(layer, view), hatched);
        // The stripes move with the slide.
        Viewport moved = view;
        moved.panBy(37, -21);
        const QImage later = paint(layer, moved);
        QCOMPARE(later.copy(137, 79, 150, 200), hatched.copy(100, 100, 150, 200));
    }
};

QTEST_GUILESS_MAIN(TestHeatmapLayer)
#include "TestHeatmapLayer.moc"
