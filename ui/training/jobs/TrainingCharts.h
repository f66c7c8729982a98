#pragma once

#include "ui/training/TrainingServices.h"

#include <QSet>
#include <QWidget>

class QCheckBox;
class QComboBox;
class QCPGraph;
class QCustomPlot;
class QLabel;
class QLineEdit;
class QStringListModel;

namespace spotglass {

/// What a run tells epoch by epoch, as curves; other runs are laid over it, dashed.
class TrainingCharts final : public QWidget {
    Q_OBJECT

  public:
    explicit TrainingCharts(QWidget* parent = nullptr);

    /// The run this is about, or a later state of it.
    void setHistory(const TrainingHistory& history);
    /// A run to compare with, by its id, shown by its name; again to bring it up to date.
    void setOther(const QString& id, const QString& name, const TrainingHistory& history);
    void removeOther(const QString& id);
    /// Shows a gene's own correlation beside the means; empty: none.
    void setGene(const QString& gene);

    /// The upper plot (losses, or what is chosen beside it) and the lower one (correlations).
    [[nodiscard]] QCustomPlot& upper() { return *upper_; }
    [[nodiscard]] QCustomPlot& lower() { return *lower_; }
    /// All curves as a table with tabs, an epoch a line.
    [[nodiscard]] QString asTable() const;
    /// Both plots as a PNG, or as a PDF by the name's end. False where it cannot be written.
    bool savePicture(const QString& file);

  private:
    struct Other {
        QString name;
        TrainingHistory history;
    };
    struct Curve {
        QString name;
        QVector<double> x, y;
    };
    void build();
    void setUp(QCustomPlot& plot);
    void redraw();
    void draw(QCustomPlot& plot, const QList<Curve>& curves,
              const QList<QPair<QString, QList<Curve>>>& others);
    void showAll(QCustomPlot& plot);
    void markBest();
    void followPalette();
    void readOut(QCustomPlot& plot, double x);
    [[nodiscard]] QList<Curve> upperCurves(const TrainingHistory& history) const;
    [[nodiscard]] QList<Curve> lowerCurves(const TrainingHistory& history) const;

  protected:
    void changeEvent(QEvent* event) override;

  private:
    QCustomPlot *upper_, *lower_;
    QComboBox* what_;
    QCheckBox* logarithmic_;
    QLineEdit* gene_;
    QLabel* value_;
    QStringListModel* genes_;
    TrainingHistory history_;
    QMap<QString, Other> others_;     ///< by id: two runs may have one name
    QStringList hidden_;              ///< curves that the legend has switched off
    QSet<const QCustomPlot*> zoomed_; ///< by the user: new epochs leave what is in view
};

} // namespace spotglass
