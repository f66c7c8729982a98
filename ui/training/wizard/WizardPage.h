#pragma once

#include "ui/training/wizard/TrainingDraft.h"

#include <QVBoxLayout>
#include <QWizardPage>

namespace spotglass {

/// A model that a training can start from.
struct WizardModel {
    QString file, name;
    QStringList genes;
    QString warning;      ///< what to know before it is used; may be empty
    QString encoder = {}; ///< that it needs; empty: not known
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
    QJsonObject panelOf = {};  ///< the question that it answers
    QString panelTexts = {};   ///< the table of gene texts that the answer knows; empty: none
    QJsonObject asked = {};    ///< the question about the panel that waits for its answer; empty: none
    QString panelProblem = {}, textsProblem = {}; ///< why the last question had no panel, or no texts
    QList<WizardModel> models = {};
    QList<WizardEncoder> encoders = {};
    QMap<QString, QJsonObject> presets = {}; ///< by name: quick, laboratory, published

    /// The configuration as it is chosen so far.
    [[nodiscard]] QJsonObject config() const;
    [[nodiscard]] const WizardModel* model() const; ///< that is started from; null: from scratch
    /// Whether an image encoder can be used here; also where nothing is known about encoders yet.
    [[nodiscard]] bool hasEncoder(const QString& name) const;

    /// What the panel depends on, and nothing else: whatever is wrong on a later page must not keep it from
    /// being picked. Of the genes chosen in the wizard, also where a model's own follow later.
    [[nodiscard]] QJsonObject panelQuestion() const;
    [[nodiscard]] bool panelIsCurrent() const { return !panelOf.isEmpty() && panelOf == panelQuestion(); }
    void askPanel();
    /// The same, and which of its genes have a text in the draft's table.
    void askTexts();
    /// Keeps an answer, unless the choices have become others since it was asked for.
    void takePanel(const ChosenPanel& answer);
    void failPanel(const QString& sentence);
    void forgetPanel(); ///< an answer that is on its way is not taken any more
    void cancel();      ///< whatever is asked
};

/// A page that reads from the draft when it is shown, and writes to it whenever something is changed.
class WizardPage : public QWizardPage {
    Q_OBJECT

  public:
    WizardPage(WizardState& state, const QString& title, const QString& explanation,
               QWidget* parent = nullptr);

    /// The models or the encoders of the state have become others.
    virtual void showStock() {}

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
