#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/SpotLayer.h"

#include <cmath>

#include <QPainter>
#include <QtTest>

using namespace spotglass;

/// A lattice whose place is known, drawn through real viewports at many zooms, rotations and mirrored, and
/// found again in the picture: nothing may be off by more than half a device pixel.
class TestOverlayPlacement : public QObject {
    Q_OBJECT

    static constexpr double allowed = 0.5; ///< device pixels
    static constexpr QRgb white = 0xFFFFFFFF, black = 0xFF000000;
    static constexpr LatticeAffine affine{113.37, 0, 40211.63, 0, 97.81, 33020.29};
    static constexpr LatticeAffine oblique{108.2, -21.7, 40211.63, 19.4, 96.3, 33020.29};

    /// A chess board.
    static ExpressionField field(const LatticeAffine& its) {
        ExpressionField made;
        made.columns = 90;
        made.rows = 70;
        made.latticeToLevel0 = its;
        for (int row = 0; row < made.rows; ++row)
            for (int column = 0; column < made.columns; ++column)
                made.values.push_back(static_cast<float>((column + row) % 2));
        return made;
    }
    static void prepare(HeatmapLayer& layer, const LatticeAffine& its) {
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setField(field(its));
    }
    /// From 7 device pixels a cell to one cell wider than the view.
    static double scaleOf(int zoom) { return 0.075 * std::pow(1.2, zoom); }
    static Viewport view(double scale, double turn, bool mirrored, double ratio, int number) {
        Viewport made;
        made.setSize({400, 300}, ratio);
        made.setSlideRect({0, 0, 90000, 90000});
        const LatticeAffine& its = affine;
        made.setView(its.toLevel0(40.3 + number % 7 * 0.731, 30.9 + number % 5 * 0.457), scale);
        made.setMirrored(mirrored);
        made.setRotation(turn);
        return made;
    }
    static QImage paint(Layer& layer, const Viewport& view) {
        QImage image((view.size() * view.devicePixelRatio()).toSize(), QImage::Format_RGB32);
        image.setDevicePixelRatio(view.devicePixelRatio());
        image.fill(Qt::red);
        QPainter painter(&image);
        layer.paint(painter, view);
        painter.end();
        image.setDevicePixelRatio(1);
        return image;
    }
    struct Found {
        double worst = 0;
        int count = 0;
    };
    /// Follows the sides of cells and looks along the pixels across them for the place where the colour
    /// changes. A pixel shows the cell under its centre, so that place is only known to half a pixel; what is
    /// measured is how far the true side lies beyond the two pixels between which it must lie.
    static Found sides(const QImage& image, const Viewport& view, const LatticeAffine& its) {
        Found found;
        const double ratio = view.devicePixelRatio();
        const QTransform toDevice = QTransform(its.xx, its.yx, its.xy, its.yy, its.dx, its.dy) *
                                    view.level0ToScreen() * QTransform::fromScale(ratio, ratio);
        const QTransform back = toDevice.inverted();
        const auto cell = [&](double x, double y) { return back.map(QPointF(x, y)); };
        for (int y = 3; y < image.height() - 3; y += 5) {
            for (int x = 3; x + 4 < image.width(); ++x) {
                if (image.pixel(x, y) == image.pixel(x + 1, y)) continue;
                measure(found, cell(x + 0.5, y + 0.5), cell(x + 1.5, y + 0.5));
            }
        }
        for (int x = 3; x < image.width() - 3; x += 5) {
            for (int y = 3; y + 4 < image.height(); ++y) {
                if (image.pixel(x, y) == image.pixel(x, y + 1)) continue;
                measure(found, cell(x + 0.5, y + 0.5), cell(x + 0.5, y + 1.5));
            }
        }
        return found;
    }
    /// The colour changes between the centres of two neighbouring pixels, which lie at `from` and `to` on the
    /// lattice. The middle between them may be half a pixel from the true side.
    static void measure(Found& found, QPointF from, QPointF to) {
        const QPointF step = to - from, middle = (from + to) / 2;
        double nearest = 1e9; // pixels along the line to the next side of a cell
        for (const auto& [at, slope] : {std::pair(middle.x(), step.x()), std::pair(middle.y(), step.y())}) {
            const double side = std::round(at - 0.5) + 0.5;
            if (std::abs(slope) > 1e-12) nearest = std::min(nearest, std::abs((side - at) / slope));
        }
        found.worst = std::max(found.worst, nearest);
        ++found.count;
    }

  private Q_SLOTS:
    void sidesOfCells_data() {
        QTest::addColumn<double>("ratio");
        QTest::addColumn<bool>("mirrored");
        QTest::addColumn<bool>("turnedLattice");
        for (const double ratio : {1.0, 1.5})
            for (const bool mirrored : {false, true})
                for (const bool turned : {false, true})
                    QTest::addRow("ratio %g%s%s", ratio, mirrored ? ", mirrored" : "",
                                  turned ? ", oblique lattice" : "")
                        << ratio << mirrored << turned;
    }
    /// 30 zooms and 12 rotations each.
    void sidesOfCells() {
        QFETCH(double, ratio);
        QFETCH(bool, mirrored);
        QFETCH(bool, turnedLattice);
        const LatticeAffine& its = turnedLattice ? oblique : affine;
        HeatmapLayer layer;
        prepare(layer, its);
        double worst = 0;
        int count = 0;
        for (int zoom = 0; zoom < 30; ++zoom) {
            for (int turn = 0; turn < 12; ++turn) {
                const Viewport shown =
                    view(scaleOf(zoom), turn * 30 + (turn % 3) * 3.7, mirrored, ratio, zoom + turn);
                const QImage image = paint(layer, shown);
                const Found found = sides(image, shown, its);
                if (zoom < 20) QVERIFY(found.count > 20);
                QVERIFY2(found.worst <= allowed + 1e-3,
                         qPrintable(QStringLiteral("%1 pixels at scale %2, rotation %3")
                                        .arg(found.worst)
                                        .arg(shown.scale())
                                        .arg(shown.rotation())));
                expectCells(image, shown, its);
                if (QTest::currentTestFailed()) return;
                worst = std::max(worst, found.worst);
                count += found.count;
            }
        }
        qInfo("%d places on the sides of cells, the worst %.4f device pixels off", count, worst);
    }
    /// Every pixel whose centre lies more than half a pixel inside a cell has that cell's colour: no side is
    /// missing, and none is there that should not be.
    static void expectCells(const QImage& image, const Viewport& view, const LatticeAffine& its) {
        const auto toLattice = latticeOf(view, its);
        const double ratio = view.devicePixelRatio();
        const double reach = std::hypot(toLattice.m11(), toLattice.m21()) / ratio * 0.5,
                     reachDown = std::hypot(toLattice.m12(), toLattice.m22()) / ratio * 0.5;
        for (int y = 0; y < image.height(); y += 11) {
            for (int x = 0; x < image.width(); x += 3) {
                const QPointF at = toLattice.map(QPointF((x + 0.5) / ratio, (y + 0.5) / ratio));
                const double column = std::floor(at.x() + 0.5), row = std::floor(at.y() + 0.5);
                if (std::abs(at.x() - column) > 0.5 - reach || std::abs(at.y() - row) > 0.5 - reachDown)
                    continue;
                const bool inside = column >= 0 && row >= 0 && column < 90 && row < 70;
                const QRgb expected = !inside                                     ? qRgb(255, 0, 0)
                                      : (static_cast<int>(column + row) % 2 == 1) ? white
                                                                                  : black;
                QCOMPARE(image.pixel(x, y), expected);
            }
        }
    }
    static QTransform latticeOf(const Viewport& view, const LatticeAffine& its) {
        return (QTransform(its.xx, its.yx, its.xy, its.yy, its.dx, its.dy) * view.level0ToScreen())
            .inverted();
    }
    /// The centre of gravity of what covers the background, within `reach` pixels of `around`.
    static QPointF centroid(const QImage& image, QPointF around, double reach) {
        double weights = 0, x = 0, y = 0;
        for (int row = static_cast<int>(around.y() - reach); row <= around.y() + reach; ++row) {
            for (int column = static_cast<int>(around.x() - reach); column <= around.x() + reach; ++column) {
                const double weight = 255 - qRed(image.pixel(column, row));
                weights += weight;
                x += weight * (column + 0.5);
                y += weight * (row + 0.5);
            }
        }
        return {x / weights, y / weights};
    }
    /// Distance of the drawn centres from the true ones, for a layer whose discs are black on red.
    static double worstCentre(Layer& layer, const LatticeAffine& its, double diameter, int* count) {
        double worst = 0;
        for (int zoom = 0; zoom < 30; ++zoom) {
            for (int turn = 0; turn < 12; ++turn) {
                for (const double ratio : {1.0, 1.5}) {
                    const Viewport shown =
                        view(scaleOf(zoom), turn * 30 + (turn % 3) * 3.7, turn % 2 == 1, ratio, zoom + turn);
                    const double reach = diameter * shown.deviceScale() / 2 + 1.5;
                    const QImage image = paint(layer, shown);
                    for (int row = 5; row < 65; row += 3) {
                        for (int column = 5; column < 85; column += 3) {
                            const ScreenPoint at = shown.toScreen(its.toLevel0(column, row));
                            const QPointF truth = QPointF(at.x, at.y) * ratio;
                            if (!QRectF(image.rect())
                                     .adjusted(reach, reach, -reach - 1, -reach - 1)
                                     .contains(truth))
                                continue;
                            const QPointF off = centroid(image, truth, reach) - truth;
                            worst = std::max({worst, std::abs(off.x()), std::abs(off.y())});
                            ++*count;
                        }
                    }
                }
            }
        }
        return worst;
    }

  private Q_SLOTS:
    void centresOfTheHeatmapsSpots() {
        ExpressionField sparse = field(affine);
        for (float& value : sparse.values)
            value = 0;
        HeatmapLayer layer;
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setField(sparse);
        layer.setStyle(LatticeStyle::Spots);
        layer.setSpotDiameter(55);
        int count = 0;
        const double worst = worstCentre(layer, affine, 55, &count);
        qInfo("%d spots of the heatmap, the worst %.4f device pixels off", count, worst);
        QVERIFY(count > 5000);
        QVERIFY(worst <= allowed);
    }
    void centresOfSingleSpots() {
        std::vector<SpotValue> spots;
        for (int row = 0; row < 70; ++row)
            for (int column = 0; column < 90; ++column)
                spots.push_back({{}, oblique.toLevel0(column, row), 0.0F});
        SpotLayer layer;
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setDiameterLevel0(55, 55);
        layer.setSpots(std::move(spots));
        int count = 0;
        const double worst = worstCentre(layer, oblique, 55, &count);
        qInfo("%d single spots, the worst %.4f device pixels off", count, worst);
        QVERIFY(count > 5000);
        QVERIFY(worst <= allowed);
    }
    /// A painter that begins between device pixels, as a widget inside a window at 1.5 pixels a point may.
    void aPainterThatBeginsBetweenPixels() {
        HeatmapLayer layer;
        prepare(layer, affine);
        const Viewport shown = view(0.5, 0, false, 1.5, 3);
        QImage image(660, 510, QImage::Format_RGB32);
        image.setDevicePixelRatio(1.5);
        image.fill(Qt::red);
        QPainter painter(&image);
        painter.translate(21, 15); // 31.5 and 22.5 device pixels
        layer.paint(painter, shown);
        painter.end();
        image.setDevicePixelRatio(1);
        const ScreenPoint corner = shown.toScreen(affine.toLevel0(40.5, 30.5));
        const double x = corner.x * 1.5 + 31.5, y = corner.y * 1.5 + 22.5;
        const int left = static_cast<int>(std::floor(x - 0.5)), top = static_cast<int>(std::floor(y - 0.5));
        // The four pixels around the corner of four cells show the four cells.
        QVERIFY(image.pixel(left, top) != image.pixel(left + 1, top));
        QVERIFY(image.pixel(left, top) != image.pixel(left, top + 1));
        QCOMPARE(image.pixel(left, top), image.pixel(left + 1, top + 1));
    }
};

QTEST_GUILESS_MAIN(TestOverlayPlacement)
#include "TestOverlayPlacement.moc"
