#pragma once

#include "ui/DisplaySettings.h"
#include "ui/Services.h"

#include <memory>
#include <vector>

#include <QObject>
#include <QStringList>

namespace spotglass {

class HeatmapPresenter;
class SlideView;

/// Further genes over the slide, beside the chosen one: each with a layer and a legend of its own, so that
/// two or three can be seen together. They stay while slides change, and go with the model that predicts
/// them. GUI thread only; nothing blocks.
class GeneLayers : public QObject {
    Q_OBJECT

  public:
    GeneLayers(SlideView& view, PredictionService& predictions, QObject* parent = nullptr);
    ~GeneLayers() override;

    /// Lays the gene over the view as `display` says, right beneath the layer `above`. False, and nothing
    /// happens, when it is there already.
    bool add(const QString& gene, const DisplaySettings& display, const Layer& above);
    /// The gene whose layer it is; null for other layers. Valid until it is removed.
    [[nodiscard]] HeatmapPresenter* presenterOf(const Layer* layer) const;
    void remove(const Layer* layer);
    [[nodiscard]] QStringList genes() const; ///< oldest first
    [[nodiscard]] QStringList visibleGenes() const;

    /// Genes that are not in its panel are removed.
    void setModel(const ModelDescription& model);
    /// Takes the values predicted so far from the service.
    void refresh();
    /// What is predicted at the point, for the status bar; empty where nothing is.
    [[nodiscard]] QString readout(Level0Point point) const;

  private:
    SlideView& view_;
    PredictionService& predictions_;
    ModelDescription model_;
    std::vector<std::unique_ptr<HeatmapPresenter>> presenters_;
};

} // namespace spotglass
