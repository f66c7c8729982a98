#include "ui/PictureCommands.h"

#include "ui/ActiveWindow.h"
#include "ui/ExportDialog.h"
#include "ui/Fakes.h"
#include "ui/MainWindow.h"
#include "viewer/canvas/SlideView.h"

#include <QClipboard>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QStatusBar>
#include <QTemporaryDir>
#include <QToolButton>
#include <QtTest>

using namespace spotglass;

/// Copying and exporting from the window, by keys and clicks.
class TestPictureCommands : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<FakeSlides> slides_;
    std::unique_ptr<FakePredictions> predictions_;
    std::unique_ptr<MainWindow> window_;

    template <typename T> T* part(const char* name) { return window_->findChild<T*>(QLatin1String(name)); }
    [[nodiscard]] QString at(const char* name) const { return folder_.filePath(QLatin1String(name)); }
    void predictAll() {
        window_->openModel("/models/breast.safetensors");
        predictions_->finishModel(FakePredictions::someModel());
        window_->predict();
        predictions_->grow(FakePredictions::total);
    }
    ExportDialog* ask(const char* file) {
        QTest::keyClick(&window_->view(), Qt::Key_S, Qt::ControlModifier);
        auto* dialog = part<ExportDialog>("ExportDialog");
        if (dialog) part<QLineEdit>("file")->setText(at(file));
        return dialog;
    }
    void wholeSlideAtFullResolution() {
        auto* what = part<QComboBox>("what");
        what->setCurrentIndex(what->findData(int(ExportChoice::What::Slide)));
        auto* measure = part<QComboBox>("measure");
        measure->setCurrentIndex(measure->findData(int(ExportChoice::Measure::Percent)));
        part<QDoubleSpinBox>("amount")->setValue(100);
    }
    void keepPicture(const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (!folder.isEmpty()) QFile::copy(at(name), folder + QLatin1Char('/') + QLatin1String(name));
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder_.path());
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("TestPictureCommands"));
    }
    void init() {
        QSettings().clear();
        slides_ = std::make_unique<FakeSlides>();
        slides_->add("/slides/tissue.svs", MicronsPerPixel{0.5, 0.5});
        predictions_ = std::make_unique<FakePredictions>();
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        window_->view().setAnimated(false);
        QVERIFY(showActive(*window_));
        window_->openSlide("/slides/tissue.svs");
        QTRY_VERIFY(window_->view().isSharp());
    }
    void cleanup() { window_.reset(); }

    void theViewIsCopiedWithWhereItComesFrom() {
        predictAll();
        QTest::keyClick(&window_->view(), Qt::Key_C, Qt::ControlModifier);
        const QMimeData* data = QGuiApplication::clipboard()->mimeData();
        QCOMPARE(data->imageData().value<QImage>().size(), window_->view().size());
        QVERIFY2(data->text().startsWith(QStringLiteral("tissue.svs (")), qPrintable(data->text()));
        QVERIFY(data->text().contains(QStringLiteral("Predicted - research use only")));
        QVERIFY(data->text().contains(QStringLiteral("Breast, 4 genes")));
    }
    void withoutAPredictionNothingSaysPredicted() {
        QTest::keyClick(&window_->view(), Qt::Key_C, Qt::ControlModifier);
        QVERIFY(!QGuiApplication::clipboard()->mimeData()->text().contains(QStringLiteral("Predicted")));
    }
    void thePictureIsWrittenBesideTheWindow() {
        predictAll();
        auto* dialog = ask("view.png");
        QVERIFY(dialog);
        if (const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES"); !folder.isEmpty())
            dialog->grab().save(folder + QStringLiteral("/dialog.png"));
        QTest::mouseClick(part<QPushButton>("export"), Qt::LeftButton);
        QVERIFY(part<QWidget>("exportProgress")->isVisible());
        QTRY_VERIFY(!part<QWidget>("exportProgress")->isVisible());
        QVERIFY(window_->statusBar()->currentMessage().contains(at("view.png")));
        const QImage picture(at("view.png"));
        QVERIFY(picture.width() >= window_->view().width());
        QCOMPARE(picture.text(QStringLiteral("Notice")), QStringLiteral("Predicted - research use only"));
        QCOMPARE(picture.text(QStringLiteral("Slide")), QStringLiteral("tissue.svs"));
        keepPicture("view.png");
    }
    void theFolderAndTheChoiceAreKept() {
        QVERIFY(ask("kept.tif"));
        auto* format = part<QComboBox>("format");
        format->setCurrentIndex(format->findData(int(PictureFormat::Tiff)));
        QTest::mouseClick(part<QPushButton>("export"), Qt::LeftButton);
        QTRY_VERIFY(QFile::exists(at("kept.tif")));
        QTRY_VERIFY(!part<QWidget>("exportProgress")->isVisible());
        QTRY_VERIFY(!part<ExportDialog>("ExportDialog"));
        window_->activateWindow(); // no window manager does it here
        QTRY_VERIFY(window_->isActiveWindow());
        QTest::keyClick(&window_->view(), Qt::Key_S, Qt::ControlModifier);
        QTRY_VERIFY(part<ExportDialog>("ExportDialog"));
        QCOMPARE(part<ExportDialog>("ExportDialog")->file(), at("tissue-picture.tif"));
    }
    void cancellingLeavesNoFile() {
        QVERIFY(ask("cancelled.png"));
        wholeSlideAtFullResolution();
        QTest::mouseClick(part<QPushButton>("export"), Qt::LeftButton);
        QTest::mouseClick(part<QToolButton>("exportCancel"), Qt::LeftButton);
        QTRY_VERIFY(!part<QWidget>("exportProgress")->isVisible());
        QVERIFY(window_->statusBar()->currentMessage().contains(QStringLiteral("cancelled")));
        QVERIFY(QDir(folder_.path()).entryList({QStringLiteral("cancelled*")}).isEmpty());
    }
    void closingTheWindowEndsTheExport() {
        QVERIFY(ask("closed.png"));
        wholeSlideAtFullResolution();
        QTest::mouseClick(part<QPushButton>("export"), Qt::LeftButton);
        window_.reset();
        QVERIFY(QDir(folder_.path()).entryList({QStringLiteral("closed*")}).isEmpty());
    }
    void aFolderThatCannotBeWrittenIsReported() {
        QSignalSpy problems(window_.get(), &MainWindow::problem);
        QVERIFY(ask("x.png"));
        part<QLineEdit>("file")->setText(QStringLiteral("/proc/none/x.png"));
        QTest::mouseClick(part<QPushButton>("export"), Qt::LeftButton);
        QTRY_COMPARE(problems.count(), 1);
        const auto error = problems[0][0].value<Error>();
        QVERIFY2(error.sentence().starts_with("/proc/none/x.png: "), error.sentence().c_str());
    }
    void damagedPlacesAreReportedAndTheRestIsThere() {
        SyntheticSlideOptions options;
        options.width = 4000;
        options.height = 3000;
        options.broken = {{100, 100, 10, 10}};
        slides_->slides["/slides/broken.svs"] = {
            "/slides/broken.svs", std::make_shared<SyntheticSlideSource>(options), MicronsPerPixel{0.5, 0.5}};
        window_->openSlide("/slides/broken.svs");
        QTRY_VERIFY(window_->view().isSharp());
        QSignalSpy problems(window_.get(), &MainWindow::problem);
        QVERIFY(ask("damaged.png"));
        wholeSlideAtFullResolution();
        QTest::mouseClick(part<QPushButton>("export"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(problems.count(), 1, 60000);
        const auto sentence = problems[0][0].value<Error>().sentence();
        QVERIFY2(sentence.find("damaged at one place") != std::string::npos, sentence.c_str());
        QVERIFY(QFile::exists(at("damaged.png")));
    }
    void aRegionIsDrawnOnTheSlide() {
        auto* dialog = ask("region.png");
        QVERIFY(dialog);
        QTest::mouseClick(part<QPushButton>("draw"), Qt::LeftButton);
        QVERIFY(!dialog->isVisible());
        SlideView& view = window_->view();
        const Viewport before = view.viewport();
        QTest::mousePress(&view, Qt::LeftButton, {}, {100, 120});
        QTest::mouseMove(&view, {200, 180});
        QTest::mouseRelease(&view, Qt::LeftButton, {}, {300, 220});
        QCOMPARE(view.viewport(), before); // drawn, not dragged
        QVERIFY(dialog->isVisible());
        const Level0Rect meant = before.toLevel0(QRectF(100, 120, 200, 100)), got = dialog->choice().region;
        QVERIFY(std::abs(got.x - meant.x) <= 1 && std::abs(got.right() - meant.right()) <= 1);
        QVERIFY(std::abs(got.y - meant.y) <= 1 && std::abs(got.bottom() - meant.bottom()) <= 1);
        QCOMPARE(dialog->choice().what, ExportChoice::What::Region);
    }
    void escapeGivesUpDrawing() {
        auto* dialog = ask("region.png");
        QTest::mouseClick(part<QPushButton>("draw"), Qt::LeftButton);
        QTest::keyClick(&window_->view(), Qt::Key_Escape);
        QVERIFY(dialog->isVisible());
        QCOMPARE(dialog->choice().what, ExportChoice::What::View);
    }
};

QTEST_MAIN(TestPictureCommands)
#include "TestPictureCommands.moc"
