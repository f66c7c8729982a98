#pragma once

#include "ui/DisplaySettings.h"
#include "ui/Services.h"

#include <QObject>
#include <QStringList>

namespace spotglass {

class LegendWidget;
class SlideView;
class SpotLayer;

/// Shows measured spots over a slide: their places, and the chosen gene where counts are there, with a legend
/// of its own. Layer and legend belong to the view. GUI thread only; nothing blocks.
class SpotPresenter : public QObject {
    Q_OBJECT

  public:
    SpotPresenter(SlideView& view, MeasurementService& measurements, QObject* parent = nullptr);

    /// Shows these spots, and asks for the values of the present gene.
    void setSpots(const MeasuredSpots& spots, std::optional<MicronsPerPixel> scale);
    void clear();
    [[nodiscard]] const std::optional<MeasuredSpots>& spots() const { return spots_; }
    /// The gene to show, of a model that predicts the genes of `panel`.
    void setGene(const QString& gene, const QStringList& panel);
    /// Colours and emphasis are those of the prediction, so that they can be compared; the range is their
    /// own, unless one was set by hand.
    void setDisplay(const DisplaySettings& settings);
    /// Whether values have been asked for and are not there yet.
    [[nodiscard]] bool isWaiting() const { return waiting_; }

    [[nodiscard]] const SpotLayer& layer() const { return *layer_; }
    [[nodiscard]] const LegendWidget& legend() const { return *legend_; }
    /// "FN1 1.234 (measured, 25x13)"; empty beside the spots.
    [[nodiscard]] QString readout(Level0Point point) const;

  Q_SIGNALS:
    /// The values that were asked for are shown, or there are none.
    void valuesShown();

  private:
    void ask();
    void take(const QString& gene, const std::vector<float>& values, const QString& unit);
    void applyRange();

    MeasurementService& measurements_;
    SpotLayer* layer_;
    LegendWidget* legend_;
    std::optional<MeasuredSpots> spots_;
    QString gene_;
    QStringList panel_;
    DisplaySettings display_;
    bool waiting_ = false;
};

} // namespace spotglass
