#pragma once

#include "ui/training/TrainingServices.h"

#include <QWidget>

class QComboBox;
class QLabel;

namespace spotglass {

class SectionPicture;

/// One gene in a section as it was measured, beside what the model predicts; after every epoch anew. The
/// service must outlive it.
class MapPage final : public QWidget {
    Q_OBJECT

  public:
    MapPage(TrainingService& trainings, QString job, QWidget* parent = nullptr);

    /// The panel, when it is known; keeps the gene that is shown.
    void setGenes(const QStringList& genes);
    /// Shows this gene; nothing happens for one that the panel does not have.
    void setGene(const QString& gene);

  private:
    void show(const SectionMap& map);

    TrainingService& trainings_;
    const QString job_;
    QComboBox* gene_;
    SectionPicture *measured_, *predicted_, *parent_;
    QLabel *measuredText_, *predictedText_, *parentText_, *said_;
    QWidget* parentPart_;
};

} // namespace spotglass
