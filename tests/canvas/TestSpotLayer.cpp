#include "viewer/canvas/SpotLayer.h"

#include <cmath>
#include <random>
#include <string>

#include <QPainter>
#include <QtTest>

using namespace spotglass;

class TestSpotLayer : public QObject {
    Q_OBJECT

    static QImage paint(SpotLayer& layer, double scale, double turn = 0, bool mirrored = false) {
        Viewport view;
        view.setSize({400, 400}, 1);
        view.setSlideRect({0, 0, 10000, 10000});
        view.setView({5000, 5000}, scale);
        view.setMirrored(mirrored);
        view.setRotation(turn);
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
    void aTurnedViewTurnsThem() {
        SpotLayer layer;
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setDiameterLevel0(60, 180);
        layer.setSpots({{"1x1", {5000, 5000}, 0.0F}, {"2x1", {5120, 5000}, 0.0F}});
        const auto lengthFrom = [](const QImage& image, double degrees) { // of the dark, through the middle
            int dark = 0;
            for (double r = -150; r < 150; r += 0.5) {
                const double x = 200 + r * std::cos(degrees * M_PI / 180),
                             y = 200 + r * std::sin(degrees * M_PI / 180);
                dark += qGray(image.pixel(static_cast<int>(x), static_cast<int>(y))) < 128;
            }
            return dark / 2.0;
        };
        const QImage image = paint(layer, 1, 30);
        QVERIFY(std::abs(lengthFrom(image, 120) - 180) < 4);    // the long axis points down, turned by 30
        QVERIFY(qGray(image.pixel(200 + 104, 200 + 60)) < 128); // 120 to the right, turned by 30
        QVERIFY(qGray(image.pixel(200 - 104, 200 - 60)) > 128);
        const QImage mirrored = paint(layer, 1, 30, true);
        QVERIFY(qGray(mirrored.pixel(200 - 104, 200 - 60)) < 128);
    }
    void theLastSpotLiesOnTop() {
        SpotLayer layer;
        layer.setDiameterLevel0(100, 100);
        std::vector<SpotValue> spots;
        for (int i = 0; i < 50; ++i)
            spots.push_back(
                {std::to_string(i), {5000.0 + i % 7, 5000.0 + i % 5}, static_cast<float>(i) / 49});
        layer.setSpots(spots);
        QCOMPARE(layer.spotAt({5003, 5003})->id, std::string("49"));
        QCOMPARE(paint(layer, 1).pixel(203, 203), ColorMap().table()[255]);
    }
    void theIndexFindsWhatAFullSearchFinds() {
        std::mt19937 random(9);
        std::uniform_real_distribution<double> x(100, 9000), y(-50, 400);
        std::vector<SpotValue> spots;
        for (int i = 0; i < 3000; ++i)
            spots.push_back({{}, {x(random), y(random)}, 0});
        spots[7].center = {NAN, 3};
        const SpotIndex index(spots);
        for (int round = 0; round < 200; ++round) {
            const Level0Rect area{x(random) - 200, y(random) - 50, x(random) / 10, y(random) / 2 + 30};
            std::vector<std::uint32_t> expected;
            for (std::uint32_t i = 0; i < spots.size(); ++i)
                if (spots[i].center.x >= area.x && spots[i].center.x <= area.right() &&
                    spots[i].center.y >= area.y && spots[i].center.y <= area.bottom())
                    expected.push_back(i);
            QCOMPARE(index.within(area), expected);
        }
        QVERIFY(SpotIndex().within({0, 0, 10, 10}).empty());
        const std::vector<SpotValue> twins(2, {{}, {3, 3}, 0}); // all at one place
        QCOMPARE(SpotIndex(twins).within({0, 0, 10, 10}).size(), std::size_t(2));
    }
    void tinySpotsAreMergedIntoTheirMean() {
        SpotLayer layer;
        layer.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        layer.setDiameterLevel0(22, 22);
        std::vector<SpotValue> spots; // one every 25 level-0 pixels, black and white in turn
        for (int row = 0; row < 80; ++row)
            for (int column = 0; column < 80; ++column)
                spots.push_back(
                    {{}, {4012.5 + column * 25, 4012.5 + row * 25}, static_cast<float>((row + column) % 2)});
        layer.setSpots(spots);
        const QImage image = paint(layer, 0.02); // two by two spots a pixel
        double sum = 0;
        for (int y = 190; y < 210; ++y)
            for (int x = 190; x < 210; ++x)
                sum += qGray(image.pixel(x, y));
        const double covered = M_PI * 11 * 11 / 625, expected = covered * 127.5 + (1 - covered) * 255;
        QVERIFY2(std::abs(sum / 400 - expected) < 6, qPrintable(QString::number(sum / 400)));
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
