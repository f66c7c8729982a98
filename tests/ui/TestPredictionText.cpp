#include "ui/PredictionText.h"

#include <QLocale>
#include <QtTest>

using namespace spotglass;
using Phase = PredictionState::Phase;

class TestPredictionText : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English)); }
    void theTimeLeft_data() {
        QTest::addColumn<double>("seconds");
        QTest::addColumn<QString>("text");
        QTest::newRow("nothing") << 0.0 << QStringLiteral("less than a minute left");
        QTest::newRow("seconds") << 59.0 << QStringLiteral("less than a minute left");
        QTest::newRow("a minute") << 60.0 << QStringLiteral("about 1 min left");
        QTest::newRow("minutes") << 170.0 << QStringLiteral("about 3 min left");
        QTest::newRow("many minutes") << 5000.0 << QStringLiteral("about 84 min left");
        QTest::newRow("hours") << 2.25 * 3600 << QStringLiteral("about 2.3 h left");
        QTest::newRow("a day") << 30.2 * 3600 << QStringLiteral("about 30 h left");
        QTest::newRow("days") << 75.0 * 3600 << QStringLiteral("about 3 days left");
        QTest::newRow("nonsense") << -1.0 << QString();
        QTest::newRow("never") << std::numeric_limits<double>::infinity() << QString();
    }
    void theTimeLeft() {
        QFETCH(double, seconds);
        QFETCH(QString, text);
        QCOMPARE(timeLeftText(seconds), text);
        QCOMPARE(timeLeftText({}), QString());
    }
    void theSpeed() {
        QCOMPARE(rateText(310.4), QStringLiteral("310 a second"));
        QCOMPARE(rateText(4.26), QStringLiteral("4.3 a second"));
        QCOMPARE(rateText(0.5), QStringLiteral("30 a minute"));
        QCOMPARE(rateText(0), QString());
    }
    void theProgress() {
        PredictionState state{Phase::Running, 1240, 60000};
        QCOMPARE(progressText(state, true), QStringLiteral("1,240 of 60,000 spots"));
        state.spotsPerSecond = 310;
        state.secondsLeft = 180;
        QCOMPARE(progressText(state, true),
                 QStringLiteral("1,240 of 60,000 spots, 310 a second, about 3 min left"));
        state.phase = Phase::Paused;
        QCOMPARE(progressText(state, true), QStringLiteral("Paused after 1,240 of 60,000 spots"));
    }
    void theDevice() {
        PredictionState state{Phase::Running, 1, 2};
        QCOMPARE(deviceText(state), QString());
        state.device = QStringLiteral("graphics processor 0");
        state.precision = QStringLiteral("bf16");
        QCOMPARE(deviceText(state), QStringLiteral("Computed on graphics processor 0, bf16."));
    }
};

QTEST_GUILESS_MAIN(TestPredictionText)
#include "TestPredictionText.moc"
