#pragma once

#include "ui/models/ModelLibraryService.h"
#include "ui/Services.h"
#include "ui/training/TrainingServices.h"

#include <QMainWindow>
#include <QPointer>

class QMenu;

namespace spotglass {

class JobsDock;
class JobWindow;
class ModelsDialog;
class TrainingWizard;
struct WizardEncoder;
struct WizardModel;

/// Trainings and models in the window: a menu, the dock of trainings, and the windows that these open. The
/// services must outlive it. GUI thread only; nothing blocks.
class TrainingCommands final : public QObject {
    Q_OBJECT

  public:
    struct Services {
        TrainingService& trainings;
        CohortService& cohorts;
        ModelLibraryService& library;
        EngineSettingsService& engine; ///< knows the image encoders
    };
    struct Places {
        std::filesystem::path presets; ///< folder of the wizard's presets
        QString runs;                  ///< where trainings go unless another folder is chosen
    };
    TrainingCommands(const Services& services, Places places, QMainWindow& window);

    void fillMenu(QMenu& menu);
    /// Opens the wizard as it was left, or brings it to the front. `from`: a model to begin with; empty: as
    /// it was.
    void newTraining(const QString& from = {});
    void openJob(const QString& id);
    void showModels();
    /// The models for the chooser beside the slide, without those whose file is missing or damaged.
    [[nodiscard]] QList<ModelListing> listings() const;

    [[nodiscard]] JobsDock& dock() { return *dock_; }
    [[nodiscard]] TrainingWizard* wizard(); ///< null: not open

  Q_SIGNALS:
    void modelWanted(const std::filesystem::path& file); ///< for predictions
    void listingsChanged();
    void notify(const QString& title, const QString& text); ///< something that was waited for has ended

  private:
    void openWizard(const QString& from);
    [[nodiscard]] QList<WizardModel> wizardModels() const;
    [[nodiscard]] QList<WizardEncoder> wizardEncoders() const;

    Services services_;
    const Places places_;
    QMainWindow& window_;
    JobsDock* dock_;
    QList<EncoderListing> encoders_;
    QPointer<TrainingWizard> wizard_;
    QPointer<ModelsDialog> models_;
    QList<QPointer<JobWindow>> jobWindows_;
};

} // namespace spotglass
