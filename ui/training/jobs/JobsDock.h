#pragma once

#include "ui/training/TrainingServices.h"

#include <QDockWidget>

class QListWidget;
class QPushButton;
class QStackedWidget;

namespace spotglass {

/// The trainings: what runs, waits, and is over. The service must outlive it.
class JobsDock final : public QDockWidget {
    Q_OBJECT

  public:
    explicit JobsDock(TrainingService& trainings, QWidget* parent = nullptr);

    /// The job that is chosen; empty: none.
    [[nodiscard]] QString chosen() const;

  Q_SIGNALS:
    void newTrainingWanted();
    void openWanted(const QString& id);
    void notify(const QString& title, const QString& text); ///< for the system's notification

  private:
    void build();
    void fill();
    void updateButtons();
    void move(int by);
    void cancel();
    void remove();
    [[nodiscard]] const TrainingJob* find(const QString& id) const;

    TrainingService& trainings_;
    QStackedWidget* pages_;
    QListWidget* list_;
    QPushButton *new_, *open_, *pause_, *cancel_, *up_, *down_, *remove_;
    QList<TrainingJob> jobs_; ///< as shown
};

} // namespace spotglass
