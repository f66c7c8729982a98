#pragma once

#include "ui/training/wizard/WizardPage.h"

class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QTableWidget;

namespace spotglass {

class SectionPicture;

/// Which sections there are, and what is wrong with them.
class CohortPage final : public WizardPage {
    Q_OBJECT

  public:
    explicit CohortPage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {} // going back loses nothing
    [[nodiscard]] bool isComplete() const override;

  protected:
    void showEvent(QShowEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

  private:
    void build();
    void choose(bool file);
    void look(const QString& path);
    void showCohort();
    void showSection(int row);
    void showRoles();
    void setBusy(bool busy);
    void takeCohort(const AuditedCohort& cohort);
    void takeRoles(const QMap<QString, SectionRole>& roles);

    QLineEdit* path_;
    QProgressBar* progress_;
    QPushButton *stop_, *anew_;
    QLabel *said_, *notes_;
    QTableWidget* table_;
    SectionPicture* picture_;
    bool busy_ = false, filling_ = false;
    bool proposed_ = false; ///< anew, because what was kept did not fit
};

} // namespace spotglass
