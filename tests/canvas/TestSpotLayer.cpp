#include "viewer/canvas/SpotLayer.h"

#include <cmath>

#include <QPainter>
#include <QtTest>

using namespace spotglass;

class TestSpotLayer : public QObject {
    Q_OBJECT

    static QImage paint(SpotLayer& layer, double scale) {
        Viewport view;
        view.setSize({400, 400}, 1);
        view.setSlideRect({0, 0, 10000, 10000});
        view.setView({5000, 5000}, scale);
        QImage image(400, 400, QImage::Format_RGB32);
        image.fill(Qt::white);
        QPainter painter(&image);
        layer.paint(painter, view);
        return image;
    }

  private Q_SLOTS:
    void circlesHaveTheirPhysicalSizeAtEveryZoom() {
        SpotLayer layer;
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setDiameter(55, {0.5, 0.25}); // 110 x 220 level-0 pixels
        layer.setSpots({{"1x1", {5000, 5000}, 0.0F}});
        for (const double scale : {0.25, 0.5, 1.0, 1.5}) {
            const QImage image = paint(layer, scale);
            int width = 0, height = 0;
            for (int i = 0; i < 400; ++i) {
                width += qGray(image.pixel(i, 200)) < 128;
                height += qGray(image.pixel(200, i)) < 128;
            }
            QVERIFY(std::abs(width - 110 * scale) <= 2);
            QVERIFY(std::abs(height - 220 * scale) <= 2);
        }
    }
    void valueAtKnowsTheCircle() {
        SpotLayer layer;
        layer.setDiameterLevel0(100, 100);
        layer.setSpots({{"a", {5000, 5000}, 1.5F}, {"b", {5200, 5000}, ExpressionField::missing}});
        QCOMPARE(layer.valueAt({5049, 5000}), std::optional<float>(1.5F));
        QVERIFY(!layer.valueAt({5040, 5040}));
        QVERIFY(!layer.valueAt({5200, 5000}));
        QCOMPARE(layer.spotAt({5200, 5000})->id, std::string("b"));
        QVERIFY(!layer.spotAt({5100, 5000}));
    }
    void coloursFollowTheRangeAndUnknownSpotsAreRings() {
        SpotLayer layer;
        layer.setDiameterLevel0(100, 100);
        layer.setRange(0, 2);
        layer.setSpots({{"a", {5000, 5000}, 2.0F},
                        {"b", {5120, 5000}, ExpressionField::missing},
                        {"c", {4880, 5000}, 0.5F}});
        QImage image = paint(layer, 1);
        QCOMPARE(image.pixel(200, 200), ColorMap().table()[255]);
        QCOMPARE(image.pixel(320, 200), qRgb(255, 255, 255));
        QVERIFY(image.pixel(80, 200) != qRgb(255, 255, 255));
        layer.setThreshold(1.0F);
        QCOMPARE(paint(layer, 1).pixel(80, 200), qRgb(255, 255, 255));
        layer.setOutlineOnly(true);
        image = paint(layer, 1);
        QCOMPARE(image.pixel(200, 200), qRgb(255, 255, 255));
        QVERIFY(image.pixel(151, 200) != qRgb(255, 255, 255));
    }
};

QTEST_GUILESS_MAIN(TestSpotLayer)
#include "TestSpotLayer.moc"
