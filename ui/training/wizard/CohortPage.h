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
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

  private:
    void build();
    void choose(bool file);
    void look(const QString& path);
    void showCohort();
    void showSection(int row);
    void showNotes();
    void setBusy(bool busy);
    void takeRoles();

    QLineEdit* path_;
    QProgressBar* progress_;
    QPushButton* stop_;
    QLabel *said_, *notes_;
    QTableWidget* table_;
    SectionPicture* picture_;
    bool busy_ = false, filling_ = false;
};

} // namespace spotglass
