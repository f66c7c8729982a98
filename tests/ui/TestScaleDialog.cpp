#include "ui/ScaleDialog.h"

#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QtTest>

using namespace spotglass;

class TestScaleDialog : public QObject {
    Q_OBJECT

    static QDoubleSpinBox* box(ScaleDialog& dialog, const char* name) {
        return dialog.findChild<QDoubleSpinBox*>(QLatin1String(name));
    }
    static QPushButton* use(ScaleDialog& dialog) {
        return dialog.findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Ok);
    }

  private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English)); }
    void nothingIsTakenForGranted() {
        ScaleDialog dialog(QStringLiteral("a.svs"), {});
        QCOMPARE(dialog.micronsPerPixel(), 0.0);
        QVERIFY(!use(dialog)->isEnabled());
        QVERIFY(!dialog.findChild<QPushButton*>(QStringLiteral("useObjective")));
    }
    void theObjectiveProposes() {
        ScaleDialog dialog(QStringLiteral("a.svs"), {0, 20.0, {}, {}});
        dialog.show();
        auto* propose = dialog.findChild<QPushButton*>(QStringLiteral("useObjective"));
        QVERIFY(propose->text().contains(QStringLiteral("0.5")));
        QCOMPARE(dialog.micronsPerPixel(), 0.0); // until somebody agrees
        QTest::mouseClick(propose, Qt::LeftButton);
        QCOMPARE(dialog.micronsPerPixel(), 0.5);
        QVERIFY(use(dialog)->isEnabled() && dialog.isVisible());
    }
    void aKnownLengthIsWorkedOut() {
        ScaleDialog dialog(QStringLiteral("a.jpg"), {0, {}, 289.9, {}});
        QCOMPARE(box(dialog, "knownPixels")->value(), 289.9); // from the ruler
        box(dialog, "knownLength")->setValue(200);
        QVERIFY(std::abs(dialog.micronsPerPixel() - 200 / 289.9) < 1e-4);
        box(dialog, "knownPixels")->setValue(100);
        QVERIFY(std::abs(dialog.micronsPerPixel() - 2) < 1e-9);
    }
    void thePitchOfTheSpotsProposes() {
        ScaleProposals proposals;
        proposals.spotPitch = ScaleProposals::Pitch{200, 289.9};
        ScaleDialog dialog(QStringLiteral("a.jpg"), proposals);
        dialog.show();
        QCOMPARE(dialog.micronsPerPixel(), 0.0);
        QTest::mouseClick(dialog.findChild<QPushButton*>(QStringLiteral("useSpotPitch")), Qt::LeftButton);
        QVERIFY(std::abs(dialog.micronsPerPixel() - 200 / 289.9) < 1e-4);
        QVERIFY(use(dialog)->isEnabled());
    }
    void aContradictionIsSaid() {
        ScaleDialog dialog(QStringLiteral("a<b>.svs"),
                           {0, 40.0, {}, QStringLiteral("The file contradicts itself.")});
        bool said = false;
        for (const QLabel* label : dialog.findChildren<QLabel*>())
            said = said || (label->text().contains(QStringLiteral("contradicts itself")) &&
                            label->text().contains(QStringLiteral("a&lt;b&gt;")));
        QVERIFY(said);
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        dialog.show();
        if (!folder.isEmpty()) dialog.grab().save(folder + QStringLiteral("/scale.png"));
    }
};

QTEST_MAIN(TestScaleDialog)
#include "TestScaleDialog.moc"
