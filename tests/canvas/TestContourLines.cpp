#include "viewer/canvas/ContourLines.h"

#include "viewer/canvas/HeatmapLayer.h"

#include <cmath>

#include <QLineF>
#include <QPainter>
#include <QtTest>

using namespace spotglass;

class TestContourLines : public QObject {
    Q_OBJECT

    static Viewport viewport(double scale, Level0Point center) {
        Viewport view;
        view.setSize({640, 480}, 1);
        view.setSlideRect({0, 0, 20000, 20000});
        view.setView(center, scale);
        return view;
    }
    static QImage paint(HeatmapLayer& layer, const Viewport& view) {
        QImage image(640, 480, QImage::Format_RGB32);
        image.fill(Qt::red);
        QPainter painter(&image);
        layer.paint(painter, view);
        return image;
    }

  private Q_SLOTS:
    void linesOfLargeCellsAreAsRoundAsTheColours() {
        ExpressionField cone;
        cone.columns = cone.rows = 41;
        for (int row = 0; row < 41; ++row)
            for (int column = 0; column < 41; ++column)
                cone.values.push_back(static_cast<float>(std::hypot(column - 20, row - 20)));
        ContourCache cache;
        QVERIFY(ContourCache::areLarge(100));
        QVERIFY(!ContourCache::areLarge(10));
        const QRectF visible(12, 14, 10, 8);
        const auto& lines = cache.smoothAt(FilledLattice(cone), {5}, 100, visible);
        QCOMPARE(lines.size(), std::size_t{1});
        double length = 0, sharpest = 0, worst = 0;
        for (const ContourLine& line : lines[0]) {
            for (qsizetype i = 0; i < line.points.size(); ++i) {
                worst = std::max(worst,
                                 std::abs(std::hypot(line.points[i].x() - 20, line.points[i].y() - 20) - 5));
                if (i == 0) continue;
                const QLineF piece(line.points[i - 1], line.points[i]);
                if (visible.contains(piece.center())) length += piece.length();
                if (i < 2 || piece.length() < 0.01) continue;
                const QLineF before(line.points[i - 2], line.points[i - 1]);
                if (before.length() < 0.01) continue;
                const double turn = before.angleTo(piece);
                sharpest = std::max(sharpest, std::min(turn, 360 - turn));
            }
        }
        QVERIFY2(worst < 0.012, qPrintable(QString::number(worst))); // straight pieces: 0.025
        QVERIFY2(sharpest < 8, qPrintable(QString::number(sharpest)));
        QVERIFY2(length > 8, qPrintable(QString::number(length))); // a third of the circle is in view
        // A view nearby is served from what was traced, another one is not.
        const auto* first = lines[0].data();
        QVERIFY(cache.smoothAt(FilledLattice(cone), {5}, 100, visible.translated(1, 1))[0].data() == first);
        cache.clear();
        cone.values.assign(cone.values.size(), 1);
        QVERIFY(cache.smoothAt(FilledLattice(cone), {5}, 100, visible)[0].empty());
    }
    void contourLinesRunWhereTheValueIs() {
        ExpressionField cone;
        cone.columns = cone.rows = 41;
        cone.latticeToLevel0 = {100, 0, 1000, 0, 100, 1000};
        for (int row = 0; row < 41; ++row)
            for (int column = 0; column < 41; ++column)
                cone.values.push_back(static_cast<float>(std::hypot(column - 20, row - 20)));
        const auto lines = traceContour(cone, 10);
        double length = 0;
        for (const ContourLine& line : lines) {
            for (qsizetype i = 0; i < line.points.size(); ++i) {
                QVERIFY(std::abs(std::hypot(line.points[i].x() - 20, line.points[i].y() - 20) - 10) < 0.03);
                if (i > 0) length += QLineF(line.points[i - 1], line.points[i]).length();
            }
        }
        QVERIFY(std::abs(length - 2 * M_PI * 10) < 0.3); // once around, without gaps
        HeatmapLayer layer;
        layer.setField(cone);
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setRange(0, 40);
        layer.setOpacity(1);
        Viewport view = viewport(0.2, {3000, 3000});
        view.setRotation(20);
        const QImage without = paint(layer, view);
        layer.setContourLevels({10});
        const QImage with = paint(layer, view);
        int changed = 0;
        for (int y = 0; y < 480; ++y) {
            for (int x = 0; x < 640; ++x) {
                if (with.pixel(x, y) == without.pixel(x, y)) continue;
                ++changed;
                QVERIFY(std::abs(std::hypot(x + 0.5 - 320, y + 0.5 - 240) - 200) < 2.5);
            }
        }
        QVERIFY(changed > 1200);
        layer.setThreshold(12.0F); // nothing is painted there, nor is the line
        layer.setContourLevels({});
        const QImage hidden = paint(layer, view);
        layer.setContourLevels({10});
        QCOMPARE(paint(layer, view), hidden);
    }
    void contourLinesEndAtMissingCellsAndDecideSaddles() {
        ExpressionField saddle;
        saddle.columns = saddle.rows = 2;
        saddle.values = {1, 0, 0, 1};
        QCOMPARE(traceContour(saddle, 0.6F).size(), std::size_t(2));
        QCOMPARE(traceContour(saddle, 2.0F).size(), std::size_t(0));
        saddle.values = {1, 0, 0, ExpressionField::missing};
        QVERIFY(traceContour(saddle, 0.6F).empty());
        QCOMPARE(contourLevels(0, 4, 3), (std::vector<float>{1, 2, 3}));
        QVERIFY(contourLevels(1, 1, 3).empty());
    }
    /// Where cells are smaller than pixels the lines are those of means, and lie where the others do.
    void farAwayTheLinesAreFewerAndInTheSamePlace() {
        ExpressionField cone;
        cone.columns = cone.rows = 200;
        for (int row = 0; row < 200; ++row)
            for (int column = 0; column < 200; ++column)
                cone.values.push_back(static_cast<float>(std::hypot(column - 99.5, row - 99.5)));
        ContourCache cache;
        const auto points = [&](double cellPixels) {
            qsizetype count = 0;
            for (const ContourLine& line : cache.at(cone, {60}, cellPixels)[0]) {
                count += line.points.size();
                for (const QPointF& point : line.points)
                    if (std::abs(std::hypot(point.x() - 99.5, point.y() - 99.5) - 60) > 0.5)
                        return qsizetype(-1);
            }
            return count;
        };
        const qsizetype all = points(20), few = points(1);
        QVERIFY(all > 400 && few > 30 && few < all / 4);
        QCOMPARE(points(20), all); // kept
    }
};

QTEST_GUILESS_MAIN(TestContourLines)
#include "TestContourLines.moc"
