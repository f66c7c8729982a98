#include "ui/MainWindow.h"

#include "ui/ActiveWindow.h"
#include "ui/Banner.h"
#include "ui/Fakes.h"
#include "ui/GenePanelDock.h"
#include "ui/HeatmapPresenter.h"
#include "ui/ScaleDialog.h"
#include "ui/StartPage.h"
#include "ui/ThreadClock.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideView.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QDropEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QStatusBar>
#include <QTemporaryDir>
#include <QTreeView>
#include <QtTest>

using namespace spotglass;
using Phase = PredictionState::Phase;

/// The window with fake services, driven as a user would: by clicks and keys.
class TestMainWindow : public QObject {
    Q_OBJECT
    QTemporaryDir settings_;
    std::unique_ptr<FakeSlides> slides_;
    std::unique_ptr<FakePredictions> predictions_;
    std::unique_ptr<MainWindow> window_;

    template <typename T> T* part(const char* name) { return window_->findChild<T*>(QLatin1String(name)); }
    void click(const char* name) { QTest::mouseClick(part<QWidget>(name), Qt::LeftButton); }
    void openSlideWithScale() {
        window_->openSlide("/slides/tissue.svs");
        QVERIFY(window_->slide());
        QTRY_VERIFY(window_->view().isSharp());
    }
    void openModel() {
        window_->openModel("/models/breast.safetensors");
        predictions_->finishModel(FakePredictions::someModel());
    }
    void predictAll() {
        openSlideWithScale();
        openModel();
        click("predict");
        predictions_->grow(FakePredictions::total);
    }
    void hover(Level0Point point) {
        const ScreenPoint at = window_->view().viewport().toScreen(point);
        QMouseEvent move(QEvent::MouseMove, QPointF(at.x, at.y),
                         window_->view().mapToGlobal(QPointF(at.x, at.y)), Qt::NoButton, Qt::NoButton,
                         Qt::NoModifier);
        QCoreApplication::sendEvent(&window_->view(), &move);
    }
    void drop(const QString& file) {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(file)});
        QDragEnterEvent enter({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window_.get(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent dropped({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window_.get(), &dropped);
    }
    /// Keeps a picture for a look at it, where SPOTGLASS_TEST_PICTURES names a folder.
    void keepPicture(const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (folder.isEmpty()) return;
        QTest::qWait(200); // for the eye: whatever is still on its way to the screen
        window_->grab().save(folder + QLatin1Char('/') + QLatin1String(name));
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path());
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("TestMainWindow"));
    }
    void init() {
        QSettings().clear();
        slides_ = std::make_unique<FakeSlides>();
        slides_->add("/slides/tissue.svs", MicronsPerPixel{0.5, 0.5});
        slides_->add("/slides/photo.png", std::nullopt);
        predictions_ = std::make_unique<FakePredictions>();
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        window_->view().setAnimated(false);
        QVERIFY(showActive(*window_));
    }
    void cleanup() { window_.reset(); }

    void theStartPageSaysHowToBeginAndOffersRecentSlides() {
        auto* start = part<StartPage>("StartPage");
        QVERIFY(start->isVisible());
        slides_->setRecent({QStringLiteral("/slides/tissue.svs")});
        for (auto* button : start->findChildren<QPushButton*>())
            if (button->text() == QStringLiteral("tissue.svs")) QTest::mouseClick(button, Qt::LeftButton);
        QVERIFY(window_->slide());
        QVERIFY(!start->isVisible());
        keepPicture("recent.png");
    }
    void anOpenedSlideNamesTheWindow() {
        openSlideWithScale();
        QVERIFY(window_->windowTitle().contains(QStringLiteral("tissue.svs")));
        QCOMPARE(predictions_->slide->path, std::filesystem::path("/slides/tissue.svs"));
        QVERIFY(!part<Banner>("Banner")->isVisible());
    }
    void aSlideThatCannotBeOpenedIsNamedAndTheOldOneStays() {
        openSlideWithScale();
        QSignalSpy spy(window_.get(), &MainWindow::problem);
        window_->openSlide("/slides/gone.svs");
        auto* box = window_->findChild<QMessageBox*>();
        QVERIFY(box && box->isVisible());
        QVERIFY(box->informativeText().contains(QStringLiteral("/slides/gone.svs")));
        QCOMPARE(spy.count(), 1);
        QVERIFY(window_->windowTitle().contains(QStringLiteral("tissue.svs")));
        QVERIFY(window_->view().slide());
        box->close();
    }
    void withoutDialogsAProblemIsOnlyReported() {
        window_->setDialogsEnabled(false);
        QSignalSpy spy(window_.get(), &MainWindow::problem);
        window_->openSlide("/slides/gone.svs");
        QCOMPARE(spy.count(), 1);
        QVERIFY(!window_->findChild<QMessageBox*>());
    }
    void aDroppedFileIsOpened() {
        drop(QStringLiteral("/slides/tissue.svs"));
        QVERIFY(window_->slide());
        drop(QStringLiteral("/models/b.safetensors"));
        QCOMPARE(predictions_->openedModels.size(), std::size_t{1});
    }
    void theListedModelIsOpenedAfterTheFirstPictureAndNotBefore() {
        Q_EMIT predictions_->modelsListed({{"/models/a.safetensors", QStringLiteral("A")}});
        QVERIFY(predictions_->openedModels.empty());
        openSlideWithScale();
        QTRY_COMPARE(predictions_->openedModels.size(), std::size_t{1});
        QCOMPARE(predictions_->openedModels.front(), std::filesystem::path("/models/a.safetensors"));
    }
    void aModelListedLateIsOpenedToo() {
        openSlideWithScale();
        Q_EMIT predictions_->modelsListed({{"/models/a.safetensors", QStringLiteral("A")}});
        QCOMPARE(predictions_->openedModels.size(), std::size_t{1});
        predictions_->refuseModel({ErrorKind::BadInput, "this is not a model", "/models/a.safetensors", {}});
        Q_EMIT predictions_->modelsListed({{"/models/a.safetensors", QStringLiteral("A")}});
        QCOMPARE(predictions_->openedModels.size(), std::size_t{1}); // what failed is not tried again unasked
    }
    void aModelShowsItsGenesBestFirst() {
        openSlideWithScale();
        openModel();
        auto* list = part<QTreeView>("genes");
        QCOMPARE(list->model()->rowCount(), 4);
        QCOMPARE(list->model()->index(0, 0).data().toString(), QStringLiteral("FN1"));
        QCOMPARE(list->model()->index(3, 0).data().toString(), QStringLiteral("SCD"));
        QCOMPARE(window_->panel().gene(), QStringLiteral("FN1"));
        QCOMPARE(part<QComboBox>("models")->currentText(), QStringLiteral("Breast, 4 genes"));
    }
    void aBrokenModelLeavesTheOldOneInUse() {
        openModel();
        window_->openModel("/models/broken.safetensors");
        predictions_->refuseModel({ErrorKind::BadInput, "this is not a model", "/models/broken.safetensors",
                                   "Choose another file"});
        auto* box = window_->findChild<QMessageBox*>();
        QVERIFY(box && box->informativeText().contains(QStringLiteral("broken.safetensors")));
        QCOMPARE(part<QComboBox>("models")->currentText(), QStringLiteral("Breast, 4 genes"));
        QCOMPARE(part<QTreeView>("genes")->model()->rowCount(), 4);
        box->close();
    }
    void typingNarrowsTheListAndEnterChooses() {
        openModel();
        QTest::keyClick(window_.get(), Qt::Key_F, Qt::ControlModifier);
        auto* search = part<QLineEdit>("geneSearch");
        QTRY_VERIFY(search->hasFocus());
        QTest::keyClicks(search, QStringLiteral("fas"));
        QCOMPARE(part<QTreeView>("genes")->model()->rowCount(), 1);
        QTest::keyClick(search, Qt::Key_Return);
        QCOMPARE(window_->panel().gene(), QStringLiteral("FASN"));
        QCOMPARE(part<QTreeView>("genes")->model()->rowCount(), 4);
        QTest::keyClicks(search, QStringLiteral("XYZ"));
        QTest::keyClick(search, Qt::Key_Return);
        QCOMPARE(window_->panel().gene(), QStringLiteral("FASN"));
        QVERIFY(part<QLabel>("progressText")->text().contains(QStringLiteral("XYZ")));
    }
    void predictGrowsTheHeatmapAndCountsSpots() {
        openSlideWithScale();
        QVERIFY(!part<QPushButton>("predict")->isEnabled());
        openModel();
        QVERIFY(part<QPushButton>("predict")->isEnabled());
        click("predict");
        QCOMPARE(predictions_->predicted, 1);
        QCOMPARE(part<QPushButton>("predict")->text(), QStringLiteral("Cancel"));
        predictions_->grow(100);
        QCOMPARE(part<QLabel>("progressText")->text(), QStringLiteral("100 of 300 spots"));
        const auto known = [this] {
            const auto& values = window_->heatmap().layer().field().values;
            return std::ranges::count_if(values, [](float value) { return std::isfinite(value); });
        };
        QCOMPARE(known(), 100);
        keepPicture("half.png");
        predictions_->grow(FakePredictions::total);
        QCOMPARE(known(), 300);
        QVERIFY(window_->heatmap().legend().isVisible());
        QVERIFY(part<QLabel>("notice")->isVisible());
        QVERIFY(part<QLabel>("notice")->text().contains(QStringLiteral("Research use only")));
        keepPicture("done.png");
    }
    void anotherGeneIsThereWithin100Milliseconds() {
        predictAll();
        const double before = threadMilliseconds();
        QVERIFY(window_->panel().chooseGene(QStringLiteral("GNAS")));
        (void)window_->grab(); // painted, not only set
        const double work = threadMilliseconds() - before;
        qInfo("another gene painted in %.1f ms of work", work);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) // those slow everything down
        QVERIFY(work < 100);
#endif
        QCOMPARE(window_->heatmap().layer().field().gene, std::string("GNAS"));
        QCOMPARE(window_->heatmap().legend().gene(), QStringLiteral("GNAS"));
        QCOMPARE(predictions_->predicted, 1);
    }
    void cancelKeepsWhatIsThere() {
        openSlideWithScale();
        openModel();
        click("predict");
        predictions_->grow(100);
        click("predict");
        QCOMPARE(predictions_->cancelled, 1);
        QVERIFY(part<QLabel>("progressText")->text().startsWith(QStringLiteral("Stopped after 100")));
        QVERIFY(!window_->heatmap().layer().field().isEmpty());
        QVERIFY(part<QPushButton>("predict")->isEnabled());
    }
    void escapeCancelsToo() {
        openSlideWithScale();
        openModel();
        QTest::keyClick(window_.get(), Qt::Key_Return, Qt::ControlModifier);
        QCOMPARE(predictions_->predicted, 1);
        QTest::keyClick(window_.get(), Qt::Key_Escape);
        QCOMPARE(predictions_->cancelled, 1);
    }
    void theStatusBarTellsWhatIsUnderTheCursor() {
        predictAll();
        hover({3.5 * FakePredictions::pitch, 2.5 * FakePredictions::pitch});
        QVERIFY2(part<QLabel>("value")->text().startsWith(QStringLiteral("FN1 1.050 log10")),
                 qPrintable(part<QLabel>("value")->text()));
        const QString position = part<QLabel>("position")->text();
        QVERIFY2(position.contains(QStringLiteral("px")) && position.contains(QString::fromUtf8("\u00b5m")),
                 qPrintable(position));
        QVERIFY(part<QLabel>("zoom")->text().contains(QStringLiteral("%")));
        window_->panel().chooseGene(QStringLiteral("FASN")); // without moving the mouse
        QVERIFY(part<QLabel>("value")->text().startsWith(QStringLiteral("FASN 2.050")));
    }
    void theEngineHearsWhatIsOnScreen() {
        openSlideWithScale();
        window_->view().setView({1000, 800}, 1);
        QTRY_VERIFY(predictions_->visible.contains({1000, 800}) && predictions_->visible.width < 2000);
    }
    void aSlideWithoutScaleAsksOnceAndRemembers() {
        window_->openSlide("/slides/photo.png");
        openModel();
        QVERIFY(part<Banner>("Banner")->isVisible());
        QVERIFY(!window_->view().micronsPerPixel());
        click("predict");
        QCOMPARE(predictions_->predicted, 0);
        auto* dialog = part<ScaleDialog>("ScaleDialog");
        QVERIFY(dialog && dialog->isVisible());
        if (!qEnvironmentVariable("SPOTGLASS_TEST_PICTURES").isEmpty())
            dialog->grab().save(qEnvironmentVariable("SPOTGLASS_TEST_PICTURES") +
                                QStringLiteral("/scale.png"));
        keepPicture("banner.png");
        auto* value = dialog->findChild<QDoubleSpinBox*>();
        QTest::keyClick(value, Qt::Key_Return); // nothing is guessed: there is no number to agree to
        QCOMPARE(predictions_->predicted, 0);
        value->setValue(0.01);
        QTest::keyClick(value, Qt::Key_Return); // no microscope does that
        QCOMPARE(predictions_->predicted, 0);
        value->setValue(0.69);
        QTest::keyClick(value, Qt::Key_Return);
        QCOMPARE(slides_->remembered.size(), std::size_t{1});
        QCOMPARE(slides_->remembered.front().x, 0.69);
        QCOMPARE(predictions_->slide->scale->y, 0.69);
        QCOMPARE(predictions_->predicted, 1);
        QVERIFY(!part<Banner>("Banner")->isVisible());
        QCOMPARE(window_->view().micronsPerPixel()->x, 0.69);
    }
    void refusingToGiveAScalePredictsNothing() {
        window_->openSlide("/slides/photo.png");
        openModel();
        click("predict");
        QTest::keyClick(part<ScaleDialog>("ScaleDialog"), Qt::Key_Escape);
        QCOMPARE(predictions_->predicted, 0);
        QVERIFY(slides_->remembered.empty());
        QVERIFY(part<Banner>("Banner")->isVisible());
    }
    void withoutDialogsAMissingScaleIsAProblem() {
        window_->setDialogsEnabled(false);
        window_->openSlide("/slides/photo.png");
        openModel();
        QSignalSpy spy(window_.get(), &MainWindow::problem);
        window_->predict();
        QCOMPARE(spy.count(), 1);
        const auto error = spy.front().front().value<Error>();
        QVERIFY(error.sentence().find("--mpp") != std::string::npos);
        QCOMPARE(error.exitCode(), 3);
    }
    void presentationShowsThePictureAloneAndEscapeLeaves() {
        openSlideWithScale();
        QTest::keyClick(window_.get(), Qt::Key_F5);
        QVERIFY(window_->view().isPresentation() && window_->isFullScreen());
        QVERIFY(!window_->menuBar()->isVisible() && !window_->statusBar()->isVisible());
        QVERIFY(!window_->panel().isVisible());
        QTest::keyClick(&window_->view(), Qt::Key_Escape);
        QVERIFY(!window_->view().isPresentation() && !window_->isFullScreen());
        QVERIFY(window_->menuBar()->isVisible() && window_->panel().isVisible());
    }
    void theColoursCanBeHiddenToSeeTheTissue() {
        predictAll();
        QTest::keyClick(window_.get(), Qt::Key_E, Qt::ControlModifier);
        QVERIFY(!window_->heatmap().layer().isVisible());
        QTest::keyClick(window_.get(), Qt::Key_E, Qt::ControlModifier);
        QVERIFY(window_->heatmap().layer().isVisible());
    }
    void settingsComeBack() {
        openModel();
        window_->panel().chooseGene(QStringLiteral("GNAS"));
        part<QComboBox>("colors")->setCurrentText(QStringLiteral("magma"));
        window_->resize(1111, 777);
        window_->close();
        MainWindow next(*slides_, *predictions_);
        next.restoreSettings();
        QCOMPARE(next.size(), QSize(1111, 777));
        QCOMPARE(next.findChild<QComboBox*>(QStringLiteral("colors"))->currentText(),
                 QStringLiteral("magma"));
        next.panel().setModel(FakePredictions::someModel());
        QCOMPARE(next.panel().gene(), QStringLiteral("GNAS"));
    }
};

QTEST_MAIN(TestMainWindow)
#include "TestMainWindow.moc"
