#include "viewer/canvas/LegendWidget.h"

#include <QtTest>

using namespace spotglass;

class TestLegendWidget : public QObject {
    Q_OBJECT

    static QImage grab(LegendWidget& legend) {
        legend.resize(legend.sizeHint());
        return legend.grab().toImage();
    }

  private Q_SLOTS:
    void alwaysSaysWhereTheValuesComeFrom() {
        LegendWidget legend;
        QCOMPARE(legend.originText(), QStringLiteral("Predicted - research use only"));
        legend.setOrigin(LegendWidget::Origin::Measured);
        QCOMPARE(legend.originText(), QStringLiteral("Measured"));
        legend.setOrigin(LegendWidget::Origin::Difference);
        QVERIFY(legend.originText().contains(QStringLiteral("research use only")));
    }
    void growsWithItsText() {
        LegendWidget legend;
        legend.setGene(QStringLiteral("FN1"));
        const int plain = legend.sizeHint().height();
        legend.setUnit(QStringLiteral("log10(1 + counts per 10,000 of the panel), 3 x 3 smoothed"));
        const int withUnit = legend.sizeHint().height();
        QVERIFY(withUnit > plain + 20); // two lines
        legend.setNote(QStringLiteral("held-out correlation 0.41"));
        QVERIFY(legend.sizeHint().height() > withUnit);
    }
    void showsTheColoursLowAtTheFootHighAtTheTop() {
        LegendWidget legend;
        legend.setGene(QStringLiteral("FN1"));
        const ColorMap map = *ColorMap::named(QStringLiteral("viridis"));
        legend.setColorMap(map);
        const QImage image = grab(legend);
        const auto nearest = [&image](QRgb colour) { // first row, from the top, that shows about this colour
            for (int y = 0; y < image.height(); ++y) {
                const QRgb pixel = image.pixel(23, y);
                if (std::abs(qRed(pixel) - qRed(colour)) + std::abs(qGreen(pixel) - qGreen(colour)) +
                        std::abs(qBlue(pixel) - qBlue(colour)) <
                    12)
                    return y;
            }
            return -1;
        };
        const int high = nearest(map.table()[255]), middle = nearest(map.table()[128]),
                  low = nearest(map.table()[0]);
        QVERIFY(high > 0 && middle > high + 60 && low > middle + 60);
        legend.setColorMap(map.reversed());
        QVERIFY(grab(legend) != image);
    }
    void aThresholdAndARangeAreVisible() {
        LegendWidget legend;
        const QImage plain = grab(legend);
        legend.setThreshold(0.4F);
        const QImage dimmed = grab(legend);
        QVERIFY(dimmed != plain);
        legend.setRange(0, 4);
        QVERIFY(grab(legend) != dimmed);
        legend.setRange(1, 1); // an empty range must not divide by zero
        QVERIFY(!grab(legend).isNull());
    }
    void gammaMovesTheMarksNotTheColours() {
        LegendWidget legend;
        legend.setColorMap(*ColorMap::named(QStringLiteral("grey")));
        const auto markAt = [&legend](float level) { // height of the mark above the bar's foot, 0 to 1
            legend.setContourLevels({});
            const QImage without = grab(legend);
            legend.setContourLevels({level});
            const QImage with = grab(legend);
            double sum = 0, weights = 0;
            for (int y = 0; y < with.height(); ++y) {
                const double weight = std::abs(qGray(with.pixel(23, y)) - qGray(without.pixel(23, y)));
                sum += weight * (y + 0.5);
                weights += weight;
            }
            int top = 0, bottom = without.height() - 1; // the bar is where grey runs from white to black
            while (qGray(without.pixel(23, top)) < 245)
                ++top;
            while (qGray(without.pixel(23, bottom)) > 6)
                --bottom;
            return (bottom + 1 - sum / weights) / (bottom + 1 - top);
        };
        QVERIFY(std::abs(markAt(0.25F) - 0.25) < 0.02);
        legend.setGamma(0.5F);
        QVERIFY(std::abs(markAt(0.25F) - 0.5) < 0.02);
        legend.setGamma(2);
        QVERIFY(std::abs(markAt(0.5F) - 0.25) < 0.02);
        legend.setRange(0, 4);
        QVERIFY(std::abs(markAt(2.0F) - 0.25) < 0.02);
    }
};

QTEST_MAIN(TestLegendWidget)
#include "TestLegendWidget.moc"
