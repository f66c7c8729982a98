#pragma once

#include "ui/training/wizard/WizardPage.h"

class QCheckBox;
class QLabel;
class QTableWidget;

namespace spotglass {

/// What each section does, and whether a patient is on two sides.
class SplitPage final : public WizardPage {
    Q_OBJECT

  public:
    explicit SplitPage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {}
    [[nodiscard]] bool isComplete() const override;

  private:
    void fillSections();
    void fillMatrix();
    void askPanel();
    void take(const QString& section, SectionRole role);

    QTableWidget *sections_, *matrix_;
    QCheckBox* known_;
    QLabel* said_;
};

} // namespace spotglass
