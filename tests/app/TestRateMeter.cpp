#include "app/desktop/RateMeter.h"

#include <QtTest>

using namespace spotglass;

class TestRateMeter : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void nothingIsSaidTooEarly() {
        RateMeter meter;
        QCOMPARE(meter.perSecond(), 0.0);
        meter.add(5, 0);
        meter.add(5.2, 40);
        QCOMPARE(meter.perSecond(), 0.0);
        meter.add(7, 200);
        QCOMPARE(meter.perSecond(), 100.0);
    }
    void onlyTheLastSecondsCount() {
        RateMeter meter;
        for (int second = 0; second <= 20; ++second)
            meter.add(second, static_cast<std::size_t>(second) * 10);
        for (int second = 21; second <= 40; ++second)
            meter.add(second, 200 + static_cast<std::size_t>(second - 20) * 50);
        QCOMPARE(meter.perSecond(), 50.0);
    }
    void aSlowEngineHasASpeedToo() {
        RateMeter meter;
        meter.add(0, 0);
        meter.add(60, 6);
        QCOMPARE(meter.perSecond(), 0.1);
        meter.add(90, 6); // nothing new: no news
        QCOMPARE(meter.perSecond(), 0.1);
        meter.add(120, 18);
        QCOMPARE(meter.perSecond(), 0.2);
        meter.clear();
        QCOMPARE(meter.perSecond(), 0.0);
    }
};

QTEST_GUILESS_MAIN(TestRateMeter)
#include "TestRateMeter.moc"
