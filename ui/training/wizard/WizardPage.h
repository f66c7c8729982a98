#pragma once

#include "ui/training/wizard/TrainingDraft.h"

#include <QVBoxLayout>
#include <QWizardPage>

namespace spotglass {

/// A model that a training can start from.
struct WizardModel {
    QString file, name;
    QStringList genes;
    QString warning; ///< what to know before it is used; may be empty
};

/// An image encoder at hand.
struct WizardEncoder {
    QString name;
    int width = 0; ///< numbers it gives for a patch; 0: not known
};

/// What all pages of the wizard share. Owned by the wizard.
struct WizardState {
    CohortService& service;
    TrainingDraft draft;
    AuditedCohort cohort = {}; ///< empty until the audit has answered
    ChosenPanel panel = {};    ///< empty until it was chosen
    QList<WizardModel> models = {};
    QList<WizardEncoder> encoders = {};
    QMap<QString, QJsonObject> presets = {}; ///< by name: quick, laboratory, published

    /// The configuration as it is chosen so far.
    [[nodiscard]] QJsonObject config() const;
    [[nodiscard]] const WizardModel* model() const; ///< that is started from; null: from scratch
};

/// A page that reads from the draft when it is shown, and writes to it whenever something is changed.
class WizardPage : public QWizardPage {
    Q_OBJECT

  public:
    WizardPage(WizardState& state, const QString& title, const QString& explanation,
               QWidget* parent = nullptr);

  Q_SIGNALS:
    void draftChanged();

  protected:
    /// To be called after a change of the draft.
    void changed();
    [[nodiscard]] WizardState& state() { return state_; }
    [[nodiscard]] const WizardState& state() const { return state_; }
    [[nodiscard]] TrainingDraft& draft() { return state_.draft; }
    [[nodiscard]] QVBoxLayout& column() { return *column_; }

  private:
    WizardState& state_;
    QVBoxLayout* column_;
};

} // namespace spotglass
