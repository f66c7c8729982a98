#pragma once

#include "ui/DisplaySettings.h"
#include "ui/Services.h"
#include "viewer/canvas/DoubtfulCells.h"

#include <QObject>

namespace spotglass {

class HeatmapLayer;
class LegendWidget;
class SlideView;

/// The 1st and 99th percentile of the values that are known, a little apart even when all values are equal;
/// nothing when none is known. Linear in the number of values.
[[nodiscard]] std::optional<ValueRange> automaticRange(const ExpressionField& field);

/// Keeps the heatmap and the legend of one gene in step with the values predicted so far and the display
/// settings. Owns neither: the view does. GUI thread only; nothing blocks.
class HeatmapPresenter : public QObject {
    Q_OBJECT

  public:
    HeatmapPresenter(SlideView& view, PredictionService& predictions, QObject* parent = nullptr);

    void setModel(const ModelDescription& model);
    void setGene(const QString& symbol);
    void setDisplay(const DisplaySettings& settings);
    /// Shows or hides the colours and their legend, to look at the tissue beneath.
    void setVisible(bool visible);
    /// Takes the values predicted so far from the service.
    void refresh();
    /// Takes layer and legend off the view, which must still be there; nothing may be asked of this object
    /// afterwards.
    void withdraw();

    /// The model set last.
    [[nodiscard]] const ModelDescription& model() const { return model_; }
    [[nodiscard]] const QString& gene() const { return gene_; }
    [[nodiscard]] const DisplaySettings& display() const { return display_; }
    [[nodiscard]] HeatmapLayer& layer() { return *layer_; }
    [[nodiscard]] const HeatmapLayer& layer() const { return *layer_; }
    [[nodiscard]] const LegendWidget& legend() const { return *legend_; }

    /// "FN1 1.234 log10(...)" for the status bar, with a word where the cell is flagged as doubtful; empty
    /// where nothing is predicted.
    [[nodiscard]] QString readout(Level0Point point) const;

  Q_SIGNALS:
    /// The colours span that range now.
    void rangeChanged(spotglass::ValueRange range);

  private:
    void applyRange();
    void showLegend();

    SlideView& view_;
    PredictionService& predictions_;
    HeatmapLayer* layer_;
    LegendWidget* legend_;
    ModelDescription model_;
    QString gene_;
    DisplaySettings display_;
    DoubtfulCells doubtful_;
};

} // namespace spotglass
