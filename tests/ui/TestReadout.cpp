#include "ui/Readout.h"

#include <QLocale>
#include <QtTest>

using namespace spotglass;

class TestReadout : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English)); }
    void positionInPixelsAndMicrometres() {
        QCOMPARE(positionText({1234.7, 567}, MicronsPerPixel{0.5, 2}),
                 QString::fromUtf8("x 1,234  y 567 px  (617, 1,134 \u00b5m)"));
    }
    void withoutAScaleThereAreOnlyPixels() {
        QCOMPARE(positionText({10, 20}, {}), QStringLiteral("x 10  y 20 px"));
        QCOMPARE(positionText({10, 20}, MicronsPerPixel{0, 0}), QStringLiteral("x 10  y 20 px"));
    }
    void magnificationComesFromTheObjective() {
        QCOMPARE(zoomText(0.5, 40, MicronsPerPixel{1, 1}), QString::fromUtf8("20\u00d7  (50 %)"));
    }
    void orFromTheScale() {
        QCOMPARE(zoomText(0.25, {}, MicronsPerPixel{0.5, 0.5}), QString::fromUtf8("5.0\u00d7  (25 %)"));
    }
    void orIsNotShown() { QCOMPARE(zoomText(0.001, {}, {}), QStringLiteral("0.10 %")); }
};

QTEST_GUILESS_MAIN(TestReadout)
#include "TestReadout.moc"
