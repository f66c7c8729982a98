#pragma once

#include "ui/training/wizard/WizardPage.h"

class QLabel;
class QLineEdit;

namespace spotglass {

/// What is known about the genes, in words.
class KnowledgePage final : public WizardPage {
    Q_OBJECT

  public:
    explicit KnowledgePage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {}
    [[nodiscard]] bool isComplete() const override;

  protected:
    void showEvent(QShowEvent* event) override;

  private:
    void take(const QString& file);
    void ask();
    void showGaps();
    [[nodiscard]] bool isAsking() const;

    QLineEdit* file_;
    QLabel *encoder_, *said_, *gaps_;
};

} // namespace spotglass
