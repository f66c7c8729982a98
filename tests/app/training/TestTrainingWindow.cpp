#include "app/desktop/CohortController.h"
#include "app/desktop/EngineSettingsController.h"
#include "app/desktop/EnglishPlurals.h"
#include "app/desktop/ModelLibraryController.h"
#include "app/desktop/PredictionController.h"
#include "app/desktop/SlideController.h"
#include "app/desktop/TrainingController.h"
#include "app/desktop/WorkspaceMemory.h"
#include "app/engine_module/EngineModule.h"
#include "Shared.h"
#include "ui/GenePanelDock.h"
#include "ui/HeatmapPresenter.h"
#include "ui/MainWindow.h"
#include "ui/models/ModelsDialog.h"
#include "ui/training/jobs/JobsDock.h"
#include "ui/training/jobs/JobWindow.h"
#include "ui/training/wizard/TrainingWizard.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>
#include <cmath>
#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QDirIterator>
#include <QDoubleSpinBox>
#include <QGroupBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QProcess>
#include <QPushButton>
#include <QRadioButton>
#include <QSettings>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTableWidget>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;
using Phase = PredictionState::Phase;

namespace {

Result<EngineFactory*> loadEngine() {
    auto module = loadEngineModule();
    if (!module) return tl::unexpected(module.error());
    return &(*module)->engines();
}

} // namespace

/// From a laboratory's sections to its own prediction on a slide, in the window, with real processes: the
/// wizard, the training, its model in the library, and that model on a section that took no part.
class TestTrainingWindow : public QObject {
    Q_OBJECT
    QTemporaryDir dir_{QDir::tempPath() + QStringLiteral("/breast-XXXXXX")};
    EnglishPlurals english_;
    int rounds_ = 5;
    /// The pictures of the manual show a training that is worth it.
    const bool forManual_ = qEnvironmentVariableIsSet("SPOTGLASS_PICTURES");
    std::shared_ptr<EngineHost> host_;
    std::unique_ptr<SlideController> slides_;
    std::unique_ptr<EngineSettingsController> settings_;
    std::unique_ptr<PredictionController> predictions_;
    std::unique_ptr<TrainingController> trainings_;
    std::unique_ptr<CohortController> cohorts_;
    std::unique_ptr<ModelLibraryController> library_;
    std::unique_ptr<MainWindow> window_;

    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }
    [[nodiscard]] QString cohort() const { return dir_.filePath(QStringLiteral("cohort")); }

    /// SPOTGLASS_PICTURES names a folder for what a user sees on the way: the pictures of the manual.
    static void picture(QWidget& widget, const char* name) {
        const auto folder = qEnvironmentVariable("SPOTGLASS_PICTURES");
        if (folder.isEmpty()) return;
        QTest::qWait(200);
        widget.grab().save(QDir(folder).filePath(QLatin1String(name) + QStringLiteral(".png")));
    }
    TrainingWizard& wizard() { return *window_->training()->wizard(); }
    template <typename T> T* onPage(const char* name) {
        auto* widget = wizard().currentPage()->findChild<T*>(QLatin1String(name));
        if (!widget) qFatal("there is no %s", name);
        return widget;
    }
    bool canGoOn() {
        return QTest::qWaitFor([this] { return wizard().currentPage()->isComplete(); }, 60'000);
    }
    [[nodiscard]] QAction* command(const QString& text) const {
        for (const auto* top : window_->menuBar()->actions())
            for (auto* action : top->menu()->actions())
                if (action->text().remove(u'&') == text) return action;
        return nullptr;
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QCoreApplication::installTranslator(&english_);
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope,
                           dir_.filePath(QStringLiteral("settings")));
        QProcess synth;
        synth.start(QStringLiteral(SPOTGLASS_CLI),
                    {QStringLiteral("synth"), QStringLiteral("-o"), cohort(), QStringLiteral("--sections"),
                     QStringLiteral("4"), QStringLiteral("--size"),
                     forManual_ ? QStringLiteral("4096") : QStringLiteral("2048"), QStringLiteral("--seed"),
                     QStringLiteral("3")});
        QVERIFY(synth.waitForFinished(120'000) && synth.exitCode() == 0);

        const auto workspace = at("workspace.sqlite");
        const JobQueue::Programs programs{SPOTGLASS_CLI, "none", workspace,
                                          workspace.string() + ".predicting"};
        slides_ = std::make_unique<SlideController>([workspace] { return openWorkspaceMemory(workspace); });
        host_ = std::make_shared<EngineHost>(loadEngine);
        settings_ = std::make_unique<EngineSettingsController>(host_, workspace, fs::path());
        predictions_ = std::make_unique<PredictionController>(host_, at("none"));
        trainings_ = std::make_unique<TrainingController>(programs, at("features"), host_);
        cohorts_ = std::make_unique<CohortController>(SPOTGLASS_CLI, "none", at("features"));
        library_ =
            std::make_unique<ModelLibraryController>(ModelLibrary(workspace, at("models"), at("none")));
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        window_->setEngineSettings(*settings_);
        window_->setTraining({*trainings_, *cohorts_, *library_, *settings_},
                             {SPOTGLASS_PRESETS, dir_.filePath(QStringLiteral("trainings"))});
        window_->show();
    }
    void cleanupTestCase() { window_.reset(); }

    void theWizardLeadsToATraining() {
        command(QStringLiteral("New training..."))->trigger();
        QVERIFY(QTest::qWaitForWindowExposed(&wizard()));
        picture(wizard(), "1-sections-empty");
        onPage<QLineEdit>("cohort")->setText(cohort());
        Q_EMIT onPage<QLineEdit>("cohort")->editingFinished();
        QVERIFY2(canGoOn(), "the audit of a good cohort lets go on");
        QCOMPARE(onPage<QTableWidget>("sections")->rowCount(), 4);
        picture(wizard(), "1-sections");
        wizard().next();
        onPage<QSpinBox>("size")->setValue(12);
        onPage<QSpinBox>("minimum")->setValue(10);
        onPage<QPushButton>("show")->click();
        QVERIFY(canGoOn());
        QTRY_COMPARE_WITH_TIMEOUT(onPage<QTableWidget>("genes")->rowCount(), 12, 60'000);
        onPage<QTableWidget>("genes")->setCurrentCell(0, 0);
        picture(wizard(), "2-genes");
        for (const char* page : {"3-knowledge", "4-start", "5-image", "6-split"}) {
            QVERIFY2(canGoOn(), page);
            wizard().next();
            picture(wizard(), page);
        }
        QVERIFY(onPage<QLabel>("said")->text().contains(QStringLiteral("No patient is on two sides")));
        QVERIFY(canGoOn());
        wizard().next();
        onPage<QRadioButton>(forManual_ ? "laboratory" : "quick")->click();
        onPage<QGroupBox>("more")->setChecked(true);
        if (forManual_) rounds_ = 40;
        onPage<QDoubleSpinBox>("maximum_epochs")->setValue(rounds_);
        picture(wizard(), "7-settings");
        wizard().next();
        picture(wizard(), "8-place");
        wizard().next();
        QVERIFY2(QTest::qWaitFor(
                     [this] {
                         return onPage<QLabel>("estimate")
                             ->text()
                             .contains(QStringLiteral("at most %1 rounds").arg(rounds_));
                     },
                     120'000),
                 qPrintable(onPage<QLabel>("estimate")->text()));
        onPage<QLineEdit>("name")->setText(QStringLiteral("Our first model"));
        picture(wizard(), "9-summary");
        QVERIFY(canGoOn());
        wizard().button(QWizard::FinishButton)->click();
        QTRY_COMPARE(trainings_->jobs().size(), 1);
        QVERIFY(window_->training()->dock().isVisible());
    }

    void theTrainingIsFollowedAndJudged() {
        QSignalSpy finished(trainings_.get(), &TrainingService::finished);
        QSignalSpy notified(window_.get(), &MainWindow::notificationWanted);
        const auto id = trainings_->jobs().front().id;
        window_->training()->openJob(id);
        auto* job = window_->findChild<JobWindow*>();
        QVERIFY(job);
        QVERIFY(QTest::qWaitFor([&] { return trainings_->jobs().front().epoch >= (forManual_ ? 12 : 2); },
                                400'000));
        picture(*job, "10-progress");
        job->pages().setCurrentIndex(1);
        QTest::qWait(1200);
        picture(*job, "11-maps");
        QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), 500'000);
        const auto done = trainings_->jobs().front();
        QVERIFY2(done.state == TrainingJob::State::Done, qPrintable(done.sentence));
        QVERIFY(!notified.isEmpty() &&
                notified.front()[0].toString().contains(QStringLiteral("Our first model")));
        auto* verdict = job->findChild<QLabel*>(QStringLiteral("verdict"));
        QTRY_VERIFY(verdict->text().contains(QStringLiteral("ridge")));
        QCOMPARE(job->findChild<QTableWidget*>(QStringLiteral("genes"))->rowCount(), 12);
        picture(*job, "12-result");
    }

    void itsModelIsKeptAndAppearsAtOnce() {
        auto* job = window_->findChild<JobWindow*>();
        QSignalSpy added(library_.get(), &ModelLibraryService::added);
        job->findChild<QPushButton*>(QStringLiteral("add"))->click();
        QVERIFY(added.wait(30'000));
        auto* models = window_->panel().findChild<QComboBox*>(QStringLiteral("models"));
        QTRY_VERIFY_WITH_TIMEOUT(models->currentText().startsWith(QStringLiteral("Our first model")), 30'000);
        QTRY_COMPARE_WITH_TIMEOUT(predictions_->state().phase, Phase::Ready, 30'000);
        window_->training()->showModels();
        picture(*window_->findChild<ModelsDialog*>(), "13-models");
        window_->findChild<ModelsDialog*>()->close();
        job->close();
    }

    void andPredictsASectionThatTookNoPart() {
        QDirIterator images(cohort(), {QStringLiteral("D1*.jpg")}, QDir::Files, QDirIterator::Subdirectories);
        QVERIFY(images.hasNext());
        window_->openSlide(images.next().toStdString());
        QTRY_VERIFY_WITH_TIMEOUT(window_->slide() && window_->view().isSharp(), 60'000);
        QVERIFY(window_->slide()->scale.has_value());
        QVERIFY(window_->panel().chooseGene(QStringLiteral("FN1")));
        window_->predict();
        QTRY_COMPARE_WITH_TIMEOUT(predictions_->state().phase, Phase::Done, 120'000);
        QVERIFY(predictions_->state().total >= 20);
        const auto field = predictions_->field(QStringLiteral("FN1"));
        float low = INFINITY, high = -INFINITY;
        for (const float value : field.values)
            if (std::isfinite(value)) {
                low = std::min(low, value);
                high = std::max(high, value);
            }
        QVERIFY2(high > low && std::isfinite(high), "a trained model does not give one value everywhere");
        picture(*window_, "14-prediction");
    }

    /// Up to the estimate, as somebody with four consecutive cuts of one tumour would.
    void realSectionsOfOnePatient() {
        SPOTGLASS_NEED_SHARED(real, "data/her2st");
        command(QStringLiteral("New training..."))->trigger();
        QVERIFY(QTest::qWaitForWindowExposed(&wizard()));
        onPage<QLineEdit>("cohort")->setText(QString::fromStdString(real.string()));
        Q_EMIT onPage<QLineEdit>("cohort")->editingFinished();
        QVERIFY(canGoOn());
        QCOMPARE(onPage<QTableWidget>("sections")->rowCount(), 4);
        QVERIFY(onPage<QLabel>("said")->text().contains(QStringLiteral("genes in common")));
        picture(wizard(), "real-1-sections");
        wizard().next();
        onPage<QSpinBox>("size")->setValue(250);
        onPage<QSpinBox>("minimum")->setValue(1000);
        onPage<QPushButton>("show")->click();
        QTRY_COMPARE_WITH_TIMEOUT(onPage<QTableWidget>("genes")->rowCount(), 250, 60'000);
        onPage<QTableWidget>("genes")->setCurrentCell(0, 0);
        picture(wizard(), "real-2-genes");
        while (wizard().currentPage()->title() != QStringLiteral("Training and test")) {
            QVERIFY(canGoOn());
            wizard().next();
        }
        QVERIFY(!wizard().currentPage()->isComplete()); // one patient on both sides has to be acknowledged
        onPage<QCheckBox>("known")->setChecked(true);
        picture(wizard(), "real-6-split");
        QVERIFY(wizard().currentPage()->isComplete());
        wizard().next();
        wizard().next();
        wizard().next();
        QCOMPARE(wizard().currentPage()->title(), QStringLiteral("Summary"));
        QVERIFY2(
            QTest::qWaitFor(
                [this] { return onPage<QLabel>("estimate")->text().contains(QStringLiteral("rounds of")); },
                300'000),
            qPrintable(onPage<QLabel>("estimate")->text()));
        picture(wizard(), "real-9-summary");
        wizard().reject();
    }
};

QTEST_MAIN(TestTrainingWindow)
#include "TestTrainingWindow.moc"
