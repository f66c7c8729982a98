#pragma once

#include "ui/training/wizard/WizardPage.h"

class QLabel;
class QLineEdit;
class QPushButton;

namespace spotglass {

/// All choices in words, what it will take, and where it goes.
class SummaryPage final : public WizardPage {
    Q_OBJECT

  public:
    /// `folders`: where runs go unless another folder is chosen.
    SummaryPage(WizardState& state, QString folders, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override;
    [[nodiscard]] bool isComplete() const override;

  private:
    void take();
    void askEstimate();
    void showEstimate(const TrainingEstimate& estimate);
    void saveSettings();
    [[nodiscard]] static QStringList cautions(const TrainingEstimate& estimate);
    [[nodiscard]] QString inWords() const;
    [[nodiscard]] QString freeName() const;
    [[nodiscard]] QString whyNot() const; ///< why the folder cannot be used; empty where it can

    const QString folders_;
    QLineEdit *name_, *folder_, *licence_, *source_;
    QLabel *summary_, *estimate_, *said_;
    QPushButton *again_, *save_;
    bool filling_ = false;
};

} // namespace spotglass
