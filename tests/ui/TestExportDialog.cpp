#include "ui/ExportDialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using Measure = ExportChoice::Measure;
using What = ExportChoice::What;

class TestExportDialog : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ExportDialog> dialog_;

    [[nodiscard]] static ExportSubject subject() {
        Viewport seen;
        seen.setSlideRect({0, 0, 40000, 30000});
        seen.setSize({800, 600}, 1);
        seen.setView({20000, 15000}, 0.25);
        return {seen, 20, MicronsPerPixel{0.5, 0.5}};
    }
    void show(const ExportChoice& choice = {}, const ExportSubject& about = subject()) {
        dialog_ =
            std::make_unique<ExportDialog>(choice, about, folder_.filePath(QStringLiteral("tissue")), true);
        dialog_->show();
    }
    template <typename T> T* part(const char* name) { return dialog_->findChild<T*>(QLatin1String(name)); }
    void choose(const char* name, auto value) {
        auto* box = part<QComboBox>(name);
        box->setCurrentIndex(box->findData(static_cast<int>(value)));
        QCOMPARE(box->currentData().toInt(), static_cast<int>(value));
    }
    QString text(const char* name) { return part<QLabel>(name)->text(); }

  private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English)); }
    void cleanup() { dialog_.reset(); }

    void theViewIsAsLargeAsOnTheScreen() {
        show();
        QVERIFY(text("summary").startsWith(QStringLiteral("800 \u00d7 600 pixels, 135 \u00d7 102 mm")));
        QVERIFY(part<QPushButton>("export")->isEnabled());
        QVERIFY(!part<QWidget>("regionX")->isVisible());
    }
    void everyMeasureGivesThePixels_data() {
        QTest::addColumn<int>("measure");
        QTest::addColumn<double>("amount");
        QTest::addColumn<QSize>("pixels");
        QTest::newRow("times") << int(Measure::Times) << 10.0 << QSize(1600, 1200);
        QTest::newRow("um") << int(Measure::Microns) << 0.5 << QSize(3200, 2400);
        QTest::newRow("pixels") << int(Measure::Width) << 1000.0 << QSize(1000, 750);
        QTest::newRow("percent") << int(Measure::Percent) << 100.0 << QSize(3200, 2400);
    }
    void everyMeasureGivesThePixels() {
        QFETCH(int, measure);
        QFETCH(double, amount);
        QFETCH(QSize, pixels);
        show();
        choose("measure", Measure(measure));
        const auto same = viewFor(dialog_->choice(), subject());
        QVERIFY(same);
        QCOMPARE(picturePixels(*same), QSize(800, 600)); // begins as on the screen
        part<QDoubleSpinBox>("amount")->setValue(amount);
        QCOMPARE(picturePixels(*viewFor(dialog_->choice(), subject())), pixels);
    }
    void withoutAScaleOnlyPixelsAreOffered() {
        ExportSubject about = subject();
        about.scale.reset();
        about.magnification.reset();
        ExportChoice choice;
        choice.measure = Measure::Times; // of the last slide
        show(choice, about);
        QCOMPARE(part<QComboBox>("measure")->findData(int(Measure::Times)), -1);
        QCOMPARE(part<QComboBox>("measure")->findData(int(Measure::Microns)), -1);
        QVERIFY(!part<QCheckBox>("scaleBar")->isEnabled());
        QVERIFY(part<QPushButton>("export")->isEnabled());
    }
    void aRegionIsGivenByNumbers() {
        show();
        choose("what", What::Region);
        QVERIFY(part<QWidget>("regionX")->isVisible());
        QCOMPARE(dialog_->choice().region, (Level0Rect{18400, 13800, 3200, 2400})); // the screen's
        dialog_->setRegion({100.5, 200.5, 1000, 500});
        QCOMPARE(dialog_->choice().region, (Level0Rect{100, 200, 1001, 501}));
        choose("measure", Measure::Percent);
        part<QDoubleSpinBox>("amount")->setValue(100);
        QCOMPARE(picturePixels(*viewFor(dialog_->choice(), subject())), QSize(1001, 501));
    }
    void anEmptyRegionCannotBeExported() {
        show();
        choose("what", What::Region);
        part<QSpinBox>("regionWidth")->setValue(0);
        QVERIFY(!part<QPushButton>("export")->isEnabled());
        QVERIFY(!text("problem").isEmpty());
    }
    void whatIsTooLargeForTheFormatIsSaid() {
        show();
        choose("what", What::Slide);
        choose("measure", Measure::Percent);
        part<QDoubleSpinBox>("amount")->setValue(100);
        QVERIFY(part<QPushButton>("export")->isEnabled());
        choose("format", PictureFormat::Pdf);
        QVERIFY(!part<QPushButton>("export")->isEnabled());
        QVERIFY2(text("problem").contains(QStringLiteral("Choose TIFF")), qPrintable(text("problem")));
        choose("format", PictureFormat::Tiff);
        QVERIFY(part<QPushButton>("export")->isEnabled());
        QVERIFY(text("summary").contains(QStringLiteral("GB")));
    }
    void theSuffixFollowsTheFormat() {
        show();
        QVERIFY(dialog_->file().endsWith(QStringLiteral("tissue.png")));
        choose("format", PictureFormat::Svg);
        QVERIFY(dialog_->file().endsWith(QStringLiteral("tissue.svg")));
        part<QLineEdit>("file")->setText(QStringLiteral("/tmp/other.v2"));
        QCOMPARE(dialog_->file(), QStringLiteral("/tmp/other.v2.svg"));
        part<QLineEdit>("file")->setText({});
        QVERIFY(!part<QPushButton>("export")->isEnabled());
    }
    void aFileThatIsThereIsAnnounced() {
        QFile there(folder_.filePath(QStringLiteral("tissue.png")));
        QVERIFY(there.open(QIODevice::WriteOnly));
        show();
        QVERIFY(text("problem").contains(QStringLiteral("replaced")));
        QVERIFY(part<QPushButton>("export")->isEnabled());
        there.remove();
    }
    void theChoiceIsRemembered() {
        QSettings settings(folder_.filePath(QStringLiteral("s.ini")), QSettings::IniFormat);
        QCOMPARE(ExportChoice::remembered(settings).format, PictureFormat::Png);
        ExportChoice choice;
        choice.what = What::Slide;
        choice.measure = Measure::Times;
        choice.amount = 5;
        choice.format = PictureFormat::TiffJpeg;
        choice.legend = LegendPlace::Beside;
        choice.dotsPerInch = 300;
        choice.footer = false;
        choice.remember(settings);
        const ExportChoice back = ExportChoice::remembered(settings);
        QCOMPARE(back.measure, Measure::Times);
        QCOMPARE(back.amount, 5.0);
        QCOMPARE(back.format, PictureFormat::TiffJpeg);
        QCOMPARE(back.legend, LegendPlace::Beside);
        QCOMPARE(back.dotsPerInch, 300);
        QVERIFY(!back.footer && back.scaleBar);
        show(back);
        QCOMPARE(dialog_->choice().amount, 5.0);
        QCOMPARE(dialog_->choice().what, What::Slide);
        settings.setValue(QStringLiteral("export/format"), 99);
        QCOMPARE(ExportChoice::remembered(settings).format, PictureFormat::Png);
    }
};

QTEST_MAIN(TestExportDialog)
#include "TestExportDialog.moc"
