#pragma once

#include "ui/models/ModelLibraryService.h"
#include "ui/training/TrainingServices.h"

#include <QWidget>

class QGroupBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QTableWidget;

namespace spotglass {

/// How a finished training did on sections that took no part in it, and what becomes of its model. The
/// library must outlive it.
class ResultPage final : public QWidget {
    Q_OBJECT

  public:
    explicit ResultPage(ModelLibraryService& library, QWidget* parent = nullptr);

    void setJob(const TrainingJob& job);
    void setReport(const TrainingReport& report);

  Q_SIGNALS:
    void geneChosen(const QString& gene); ///< to be shown on the maps

  private:
    void buildRegister();
    void registerModel();
    void updateRegister();

    ModelLibraryService& library_;
    std::optional<TrainingJob> job_;
    QLabel *verdict_, *said_;
    QTableWidget *means_, *genes_;
    QGroupBox* register_;
    QLineEdit *name_, *licence_;
    QPlainTextEdit* note_;
    QPushButton* add_;
    bool asked_ = false; ///< the library is adding it
};

} // namespace spotglass
