#pragma once

#include "ui/models/ModelLibraryService.h"
#include "ui/training/TrainingServices.h"

#include <QWidget>

class QLabel;
class QMenu;
class QPlainTextEdit;
class QPushButton;
class QTabWidget;

namespace spotglass {

class MapPage;
class ResultPage;
class TrainingCharts;

/// One training: its curves, its maps, how it ended, and what it has written. Follows it while it is open.
/// The services must outlive it.
class JobWindow final : public QWidget {
    Q_OBJECT

  public:
    JobWindow(TrainingService& trainings, ModelLibraryService& library, QString job,
              QWidget* parent = nullptr);
    ~JobWindow() override;

    [[nodiscard]] const QString& job() const { return id_; }
    [[nodiscard]] QTabWidget& pages() { return *pages_; }

  private:
    void build();
    void update();
    void offerOthers();
    void takeHistory(const QString& id, const TrainingHistory& history);
    void exportFigures();
    [[nodiscard]] std::optional<TrainingJob> find(const QString& id) const;

    TrainingService& trainings_;
    const QString id_;
    QLabel* state_;
    QPushButton *pause_, *cancel_, *compare_, *export_;
    QMenu* others_;
    QTabWidget* pages_;
    TrainingCharts* charts_;
    MapPage* maps_;
    ResultPage* result_;
    QPlainTextEdit* log_;
    QStringList compared_; ///< ids of the runs that are laid over it
    bool wasOver_ = false;
};

} // namespace spotglass
