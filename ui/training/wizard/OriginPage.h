#pragma once

#include "ui/training/wizard/WizardPage.h"

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QGroupBox;
class QLabel;

namespace spotglass {

/// From scratch, or from a model; what of it is held still.
class OriginPage final : public WizardPage {
    Q_OBJECT

  public:
    explicit OriginPage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {}
    [[nodiscard]] bool isComplete() const override;
    void showStock() override;

  private:
    [[nodiscard]] QString whyNot() const; ///< why it cannot begin so; empty where it can
    void fillModels();
    void take();
    void takeFile(const QString& file);
    void updateControls();

    QComboBox *from_, *freeze_;
    QCheckBox* keepPanel_;
    QGroupBox* own_;
    QMap<QString, QDoubleSpinBox*> rates_; ///< by part
    QLabel* warning_;
    bool filling_ = false;
};

/// By what the tissue is described, and how much of it at once.
class EncoderPage final : public WizardPage {
    Q_OBJECT

  public:
    explicit EncoderPage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {}
    [[nodiscard]] bool isComplete() const override;
    void showStock() override;

  private:
    void take();
    void showSaid();

    QComboBox *encoder_, *scale_;
    QDoubleSpinBox* microns_;
    QLabel* said_;
    bool filling_ = false;
};

} // namespace spotglass
