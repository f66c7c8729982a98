#pragma once

#include "ui/training/wizard/WizardPage.h"

class QButtonGroup;
class QDoubleSpinBox;
class QFormLayout;
class QGroupBox;
class QLabel;
class QSpinBox;

namespace spotglass {

/// A preset, and what is set otherwise.
class SettingsPage final : public WizardPage {
    Q_OBJECT

  public:
    explicit SettingsPage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {}
    [[nodiscard]] bool isComplete() const override;

  private:
    struct Field {
        QString key;
        QWidget* box;
        double otherwise; ///< of the program, where the preset says nothing
    };
    void addField(QFormLayout& form, const QString& key, const QString& words, const QString& help,
                  double low, double high, int decimals, double otherwise);
    void fill();
    void take(const Field& field);
    [[nodiscard]] QString whyNot() const; ///< why these settings cannot be used; empty where they can
    [[nodiscard]] double presetValue(const Field& field) const;

    QButtonGroup* presets_;
    QGroupBox* more_;
    QLabel* said_;
    QList<Field> fields_;
    bool filling_ = false;
};

} // namespace spotglass
