#include "ui/DisplayPanel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QSettings>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

class TestDisplayPanel : public QObject {
    Q_OBJECT
    template <typename T> static T* part(DisplayPanel& panel, const char* name) {
        return panel.findChild<T*>(QLatin1String(name));
    }

    static void choose(DisplayPanel& panel, const char* name, const char* what) {
        auto* box = part<QComboBox>(panel, name);
        box->setCurrentIndex(box->findData(QLatin1String(what)));
    }

  private Q_SLOTS:
    void everyControlReachesTheSettings() {
        DisplayPanel panel;
        int changes = 0;
        connect(&panel, &DisplayPanel::settingsChanged, &panel, [&changes] { ++changes; });
        choose(panel, "colors", "magma_r");
        part<QSlider>(panel, "opacity")->setValue(30);
        choose(panel, "blending", "multiply");
        part<QCheckBox>(panel, "automaticRange")->click();
        part<QDoubleSpinBox>(panel, "rangeMinimum")->setValue(0.25);
        part<QDoubleSpinBox>(panel, "rangeMaximum")->setValue(2.5);
        part<QSlider>(panel, "gamma")->setValue(-10);
        part<QCheckBox>(panel, "hide")->click();
        part<QDoubleSpinBox>(panel, "hideBelow")->setValue(0.5);
        choose(panel, "style", "spots");
        part<QCheckBox>(panel, "contours")->click();
        part<QSpinBox>(panel, "contourLines")->setValue(8);
        const DisplaySettings& now = panel.settings();
        QCOMPARE(now.colors.name(), QStringLiteral("magma_r"));
        QCOMPARE(now.opacity, 0.3);
        QVERIFY(!now.automaticRange);
        QCOMPARE(now.blending, Layer::Blending::Multiply);
        QCOMPARE(now.style, LatticeStyle::Spots);
        QCOMPARE(now.minimum, 0.25F);
        QCOMPARE(now.maximum, 2.5F);
        QCOMPARE(now.gamma, 0.5F);
        QCOMPARE(now.hideBelow.value(), 0.5F);
        QCOMPARE(now.contourLines, 8);
        QCOMPARE(changes, 12);
        choose(panel, "style", "blocks");
        QCOMPARE(panel.settings().style, LatticeStyle::Blocks);
        choose(panel, "blending", "screen");
        QCOMPARE(panel.settings().blending, Layer::Blending::Screen);
    }
    void everyControlExplainsItself() {
        DisplayPanel panel;
        for (const char* name : {"colors", "opacity", "blending", "automaticRange", "gamma", "hide", "style",
                                 "contours", "contourLines"})
            QVERIFY2(part<QWidget>(panel, name)->toolTip().size() > 20, name);
        QVERIFY(panel.settings() == DisplaySettings{}); // what it shows at first is what is painted at first
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
    void howThingsAreDrawnIsKeptTheRangeIsNot() {
        QTemporaryDir dir;
        QSettings settings(dir.filePath(QStringLiteral("s.ini")), QSettings::IniFormat);
        DisplayPanel before;
        choose(before, "colors", "turbo_r");
        choose(before, "style", "spots");
        choose(before, "blending", "screen");
        part<QSlider>(before, "opacity")->setValue(42);
        part<QSlider>(before, "gamma")->setValue(7);
        part<QCheckBox>(before, "contours")->click();
        part<QSpinBox>(before, "contourLines")->setValue(3);
        part<QCheckBox>(before, "automaticRange")->click();
        part<QCheckBox>(before, "hide")->click();
        before.save(settings);
        DisplayPanel after;
        after.restore(settings);
        DisplaySettings expected = before.settings();
        expected.automaticRange = true;
        expected.minimum = 0;
        expected.maximum = 1;
        expected.hideBelow.reset();
        QVERIFY(after.settings() == expected);
        QCOMPARE(after.settings().colors.name(), QStringLiteral("turbo_r"));
    }
    void aSettingsFileOfAnotherVersionIsHarmless() {
        QTemporaryDir dir;
        QSettings settings(dir.filePath(QStringLiteral("s.ini")), QSettings::IniFormat);
        settings.setValue(QStringLiteral("display/colors"), QStringLiteral("rainbow"));
        settings.setValue(QStringLiteral("display/style"), 7);
        settings.setValue(QStringLiteral("display/emphasis"), QStringLiteral("much"));
        settings.setValue(QStringLiteral("display/contourLines"), -4);
        DisplayPanel panel;
        panel.restore(settings);
        QVERIFY(panel.settings() == DisplaySettings{});
    }
    void aDragOnTheEmphasisChangesIt() {
        DisplayPanel panel;
        panel.resize(300, panel.sizeHint().height());
        panel.show();
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        auto* slider = part<QSlider>(panel, "gamma");
        QSignalSpy changed(&panel, &DisplayPanel::settingsChanged);
        QTest::keyClick(slider, Qt::Key_Left);
        QCOMPARE(changed.count(), 1);
        QVERIFY(panel.settings().gamma < 1);
        QTest::keyClick(slider, Qt::Key_End);
        QCOMPARE(panel.settings().gamma, 4.0F);
        QTest::mouseClick(part<QCheckBox>(panel, "contours"), Qt::LeftButton, {},
                          QPoint(8, part<QCheckBox>(panel, "contours")->height() / 2));
        QCOMPARE(panel.settings().contourLines, 5);
        const QByteArray folder = qgetenv("SPOTGLASS_PICTURES");
        if (!folder.isEmpty())
            panel.grab().save(QString::fromLocal8Bit(folder) + QStringLiteral("/panel.png"));
    }
};

QTEST_MAIN(TestDisplayPanel)
#include "TestDisplayPanel.moc"
