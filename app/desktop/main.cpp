#include "app/desktop/CohortController.h"
#include "app/desktop/EngineSettingsController.h"
#include "app/desktop/EnglishPlurals.h"
#include "app/desktop/MeasurementController.h"
#include "app/desktop/ModelLibraryController.h"
#include "app/desktop/Options.h"
#include "app/desktop/PredictionController.h"
#include "app/desktop/QueueController.h"
#include "app/desktop/Session.h"
#include "app/desktop/SlideController.h"
#include "app/desktop/SystemNotification.h"
#include "app/desktop/TrainingController.h"
#include "app/desktop/WorkspaceMemory.h"
#include "app/engine_module/EngineModule.h"
#include "ui/MainWindow.h"
#include "viewer/base/Process.h"

#include <optional>
#include <QApplication>
#include <QStyleFactory>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

using namespace spotglass;

namespace {

Result<EngineFactory*> loadEngine() {
    auto module = loadEngineModule();
    if (!module) return tl::unexpected(module.error());
    return &(*module)->engines();
}

/// Trainings, what the wizard asks, and the library of models.
class Training {
  public:
    explicit Training(const std::shared_ptr<EngineHost>& host)
        : programs_(JobQueue::programsFor(workspacePath())), trainings_(programs_, features(), host),
          cohorts_(programs_.commandLine, programs_.slurmScript, features()),
          library_(ModelLibrary(workspacePath(), workspacePath().parent_path() / "models",
                                resourceFolder() / "models")) {}

    /// This must outlive the window.
    void serve(MainWindow& window, EngineSettingsService& engine) {
        const auto runs = workspacePath().parent_path() / "trainings";
        window.setTraining({trainings_, cohorts_, library_, engine},
                           {resourceFolder() / "training/wizard", QString::fromStdString(runs.string())});
        QObject::connect(&window, &MainWindow::notificationWanted, &showSystemNotification);
    }

  private:
    /// Beside the caches of slides; nowhere where those are nowhere.
    static std::filesystem::path features() {
        const auto slides = slideCachePath();
        return slides.empty() ? slides : slides.parent_path() / "training";
    }

    const JobQueue::Programs programs_;
    TrainingController trainings_;
    CohortController cohorts_;
    ModelLibraryController library_;
};

} // namespace

int main(int argc, char** argv) {
    chooseFastMatrixLibrary(MatrixChoice::Later);
    const auto parsed = parseOptions(argc, argv);
    if (parsed.exitCode) return *parsed.exitCode;
    const Options& options = parsed.options;
    spdlog::set_default_logger(spdlog::stderr_color_mt("spotglass")); // standard output is for results

    QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
    QCoreApplication::setApplicationName(QStringLiteral("Spotglass"));
    QCoreApplication::setApplicationVersion(QStringLiteral(SPOTGLASS_VERSION));
    int own = 1; // the options were ours; none is left for Qt
    QApplication application(own, argv);
    EnglishPlurals english;
    QCoreApplication::installTranslator(&english);
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));

    SlideController slides([file = workspacePath()] { return openWorkspaceMemory(file); });
    const auto host = std::make_shared<EngineHost>(loadEngine);
    EngineSettingsController settings(host, workspacePath(), slideCachePath());
    PredictionController predictions(host, resourceFolder() / "models");
    QObject::connect(&settings, &EngineSettingsController::computationChanged, &predictions,
                     &PredictionController::useNewSettings);
    std::optional<QueueController> queue; // a picture is made without other work beside it
    if (options.screenshot.empty()) queue.emplace(host, predictions, workspacePath());
    std::optional<Training> training;
    if (queue && !workspacePath().empty()) training.emplace(host);
    MeasurementController measurements;
    MainWindow window(slides, predictions);
    window.setMeasurements(measurements);
    window.setEngineSettings(settings);
    if (queue) window.setQueue(*queue);
    if (training) training->serve(window, settings);
    if (options.screenshot.empty()) window.restoreSettings(); // a picture looks the same wherever it is made
    Session session(options, window, predictions);
    QObject::connect(&session, &Session::finished, &application, &QCoreApplication::exit,
                     Qt::QueuedConnection);
    session.start();
    const int exitCode = QApplication::exec();
    endWithin(std::chrono::seconds(5), exitCode); // the window is closed; a drive that hangs must not keep us
    return exitCode;
}
