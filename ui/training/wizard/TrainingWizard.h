#pragma once

#include "ui/training/wizard/WizardPage.h"

#include <filesystem>
#include <QWizard>

namespace spotglass {

/// Leads to a training: every page explains itself, and going back loses nothing. Non-modal; the services
/// must outlive it.
class TrainingWizard final : public QWizard {
    Q_OBJECT

  public:
    struct Setting {
        QJsonObject draft;             ///< kept from the last time; may be empty
        QList<WizardModel> models;     ///< to start from
        QList<WizardEncoder> encoders; ///< at hand
        std::filesystem::path presets; ///< folder with quick.json, laboratory.json and published.json
        QString folders;               ///< where runs go unless another folder is chosen
    };
    TrainingWizard(CohortService& service, const Setting& setting, QWidget* parent = nullptr);
    ~TrainingWizard() override;

    /// What there is now, while the wizard is open.
    void setModels(const QList<WizardModel>& models);
    void setEncoders(const QList<WizardEncoder>& encoders);

    /// What `spotglass-cli train --config` would be given now.
    [[nodiscard]] QJsonObject config() const { return state_.config(); }

  Q_SIGNALS:
    void draftChanged(const QJsonObject& draft);
    void trainingWanted(const QJsonObject& config, const std::filesystem::path& folder,
                        const spotglass::TrainingPlace& place);

  private:
    void showStock();

    WizardState state_;
};

} // namespace spotglass
