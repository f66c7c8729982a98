#include "ui/DisplayPanel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QSettings>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

class TestDisplayPanel : public QObject {
    Q_OBJECT
    template <typename T> static T* part(DisplayPanel& panel, const char* name) {
        return panel.findChild<T*>(QLatin1String(name));
    }

  private Q_SLOTS:
    void everyControlReachesTheSettings() {
        DisplayPanel panel;
        int changes = 0;
        connect(&panel, &DisplayPanel::settingsChanged, &panel, [&changes] { ++changes; });
        part<QComboBox>(panel, "colors")->setCurrentText(QStringLiteral("magma"));
        part<QSlider>(panel, "opacity")->setValue(30);
        part<QComboBox>(panel, "smooth")->setCurrentIndex(1);
        part<QCheckBox>(panel, "automaticRange")->click();
        part<QDoubleSpinBox>(panel, "rangeMinimum")->setValue(0.25);
        part<QDoubleSpinBox>(panel, "rangeMaximum")->setValue(2.5);
        part<QCheckBox>(panel, "hide")->click();
        part<QDoubleSpinBox>(panel, "hideBelow")->setValue(0.5);
        const DisplaySettings& now = panel.settings();
        QCOMPARE(now.colors.name(), QStringLiteral("magma"));
        QCOMPARE(now.opacity, 0.3);
        QVERIFY(!now.smooth && !now.automaticRange);
        QCOMPARE(now.minimum, 0.25F);
        QCOMPARE(now.maximum, 2.5F);
        QCOMPARE(now.hideBelow.value(), 0.5F);
        QCOMPARE(changes, 8);
    }
    void theRangeByHandStartsFromTheAutomaticOne() {
        DisplayPanel panel;
        panel.showRange({0.5F, 1.5F});
        QVERIFY(!part<QDoubleSpinBox>(panel, "rangeMinimum")->isEnabled());
        part<QCheckBox>(panel, "automaticRange")->click();
        QCOMPARE(panel.settings().minimum, 0.5F);
        QCOMPARE(panel.settings().maximum, 1.5F);
        panel.showRange({7, 8}); // no longer automatic: what the user set stays
        QCOMPARE(part<QDoubleSpinBox>(panel, "rangeMinimum")->value(), 0.5);
    }
    void coloursAndOpacityAreKeptTheRangeIsNot() {
        QTemporaryDir dir;
        QSettings settings(dir.filePath(QStringLiteral("s.ini")), QSettings::IniFormat);
        DisplayPanel before;
        part<QComboBox>(before, "colors")->setCurrentText(QStringLiteral("turbo"));
        part<QSlider>(before, "opacity")->setValue(42);
        part<QCheckBox>(before, "automaticRange")->click();
        before.save(settings);
        DisplayPanel after;
        after.restore(settings);
        QCOMPARE(after.settings().colors.name(), QStringLiteral("turbo"));
        QCOMPARE(after.settings().opacity, 0.42);
        QVERIFY(after.settings().automaticRange);
    }
};

QTEST_MAIN(TestDisplayPanel)
#include "TestDisplayPanel.moc"
