#pragma once

#include "ui/training/wizard/WizardPage.h"

class QGroupBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QRadioButton;
class QSpinBox;

namespace spotglass {

/// This computer or a cluster.
class PlacePage final : public WizardPage {
    Q_OBJECT

  public:
    explicit PlacePage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {}
    [[nodiscard]] bool isComplete() const override;

  protected:
    void showEvent(QShowEvent* event) override;

  private:
    void take();
    void forgetCheck();
    [[nodiscard]] QString whyNot() const; ///< why a training cannot run so; empty where it can

    QRadioButton *here_, *slurm_;
    QGroupBox* cluster_;
    QLineEdit *partition_, *time_, *modules_, *container_, *program_;
    QSpinBox *nodes_, *gpus_, *processors_, *memory_;
    QPushButton* check_;
    QLabel *said_, *wrong_;
    bool filling_ = false;
};

} // namespace spotglass
