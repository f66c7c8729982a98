#pragma once

#include "ui/DisplaySettings.h"
#include "ui/Services.h"

#include <cstdint>
#include <vector>

#include <QObject>

namespace spotglass {

class HeatmapLayer;
class LegendWidget;
class SlideView;

/// The 1st and 99th percentile of the values that are known, a little apart even when all values are equal;
/// nothing when none is known. Linear in the number of values.
[[nodiscard]] std::optional<ValueRange> automaticRange(const ExpressionField& field);

/// Keeps the heatmap and the legend of a view in step with the chosen gene, the values predicted so far and
/// the display settings. Owns neither: the view does. GUI thread only; nothing blocks.
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

    /// Hatches cells whose prediction should not be trusted (HeatmapLayer::setDoubtful), one flag for each
    /// cell of the field shown.
    void setDoubtful(std::vector<std::uint8_t> flags);

    /// The model set last.
    [[nodiscard]] const ModelDescription& model() const { return model_; }
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

    PredictionService& predictions_;
    HeatmapLayer* layer_;
    LegendWidget* legend_;
    ModelDescription model_;
    QString gene_;
    DisplaySettings display_;
    bool visible_ = true;
};

} // namespace spotglass
