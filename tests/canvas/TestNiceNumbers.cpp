#include "viewer/canvas/NiceNumbers.h"
#include "viewer/canvas/ScaleBar.h"

#include <cmath>

#include <QLocale>
#include <QtTest>

using namespace spotglass;

class TestNiceNumbers : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }
    void lengthsAreOneTwoOrFive() {
        QCOMPARE(niceLengthBelow(7.3), 5.0);
        QCOMPARE(niceLengthBelow(4999), 2000.0);
        QCOMPARE(niceLengthBelow(0.19), 0.1);
        QCOMPARE(niceLengthBelow(100), 100.0);
        QCOMPARE(niceLengthBelow(0), 0.0);
        QCOMPARE(niceLengthBelow(NAN), 0.0);
    }
    void ticksAreRoundAndInside() {
        QCOMPARE(niceTicks(0, 1, 6), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
        for (const auto& [low, high] :
             {std::pair{0.13, 2.87}, {-1.0, 1.0}, {1e-6, 4e-6}, {0.0, 12345.0}, {5.0, 5.01}}) {
            const auto ticks = niceTicks(low, high, 6);
            QVERIFY(ticks.size() >= 2 && ticks.size() <= 6);
            QVERIFY(ticks.front() >= low - 1e-9 && ticks.back() <= high + 1e-9);
        }
        QVERIFY(niceTicks(1, 1, 6).empty());
        QVERIFY(niceTicks(NAN, 1, 6).empty());
    }
    void textHasTheDigitsOfTheStep() {
        QCOMPARE(niceText(0.5, 0.25), QStringLiteral("0.50"));
        QCOMPARE(niceText(2, 1), QStringLiteral("2"));
        QCOMPARE(niceText(0.6000000000000001, 0.2), QStringLiteral("0.6"));
        QCOMPARE(niceText(0, 0.2), QStringLiteral("0.0"));
    }
    void scaleBarsAreRoundAndAsLongAsTheySay() {
        for (double scale = 0.001; scale < 32; scale *= 1.3) {
            const ScaleBar bar = ScaleBar::fitting({0.2528, 0.2528}, scale, 160);
            QVERIFY(bar.pixels <= 160.0001 && bar.pixels > 60);
            QVERIFY(std::abs(bar.micrometres - bar.pixels / scale * 0.2528) < 1e-9 * bar.micrometres);
            const double digit =
                bar.micrometres / std::pow(10.0, std::floor(std::log10(bar.micrometres) + 1e-9));
            QVERIFY(std::abs(digit - 1) < 1e-6 || std::abs(digit - 2) < 1e-6 || std::abs(digit - 5) < 1e-6);
        }
        QCOMPARE((ScaleBar{2000, 10}).text(), QStringLiteral("2 mm"));
        QCOMPARE((ScaleBar{50, 10}).text(), QStringLiteral("50 \u00b5m"));
        QCOMPARE((ScaleBar{0.5, 10}).text(), QStringLiteral("500 nm"));
        QCOMPARE(ScaleBar::fitting({0, 0}, 1, 160).pixels, 0.0);
    }
};

QTEST_GUILESS_MAIN(TestNiceNumbers)
#include "TestNiceNumbers.moc"
