#include "app/desktop/SystemNotification.h"

#include <QDBusConnection>
#include <QProcess>
#include <QtTest>

using namespace spotglass;

/// Stands in for the desktop: takes notifications on a real bus of its own.
class Desktop : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")

  public:
    QString title, text, from;

  public Q_SLOTS:
    Q_SCRIPTABLE uint Notify(const QString& program, uint, const QString&, const QString& summary,
                             const QString& body, const QStringList&, const QVariantMap&, int) {
        from = program;
        title = summary;
        text = body;
        return 1;
    }
};

class TestSystemNotification : public QObject {
    Q_OBJECT
    QProcess bus_;

  private Q_SLOTS:
    void initTestCase() {
        bus_.start(QStringLiteral("dbus-daemon"), {QStringLiteral("--session"), QStringLiteral("--nofork"),
                                                   QStringLiteral("--print-address")});
        if (!bus_.waitForStarted() || !bus_.waitForReadyRead(5000))
            QSKIP("dbus-daemon cannot be started here (Debian package dbus)");
        qputenv("DBUS_SESSION_BUS_ADDRESS", bus_.readAllStandardOutput().trimmed());
    }
    void cleanupTestCase() {
        bus_.terminate();
        bus_.waitForFinished(5000);
    }
    void withoutADesktopNothingHappens() { showSystemNotification(QStringLiteral("a"), QStringLiteral("b")); }
    void theDesktopIsTold() {
        Desktop desktop;
        auto connection = QDBusConnection::connectToBus(qEnvironmentVariable("DBUS_SESSION_BUS_ADDRESS"),
                                                        QStringLiteral("desktop"));
        QVERIFY(connection.registerObject(QStringLiteral("/org/freedesktop/Notifications"), &desktop,
                                          QDBusConnection::ExportScriptableSlots));
        QVERIFY(connection.registerService(QStringLiteral("org.freedesktop.Notifications")));
        showSystemNotification(QStringLiteral("Training Breast"), QStringLiteral("done, <0.6>"));
        QTRY_COMPARE(desktop.title, QStringLiteral("Training Breast"));
        QCOMPARE(desktop.text, QStringLiteral("done, &lt;0.6&gt;"));
        QCOMPARE(desktop.from, QStringLiteral("Spotglass"));
        QDBusConnection::disconnectFromBus(QStringLiteral("desktop"));
    }
};

QTEST_GUILESS_MAIN(TestSystemNotification)
#include "TestSystemNotification.moc"
