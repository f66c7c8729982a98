#include "ui/SpotPresenter.h"

#include "ui/HeatmapPresenter.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/canvas/SpotLayer.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

SpotPresenter::SpotPresenter(SlideView& view, MeasurementService& measurements, QObject* parent)
    : QObject(parent), measurements_(measurements), layer_(new SpotLayer), legend_(new LegendWidget) {
    view.addLayer(layer_);
    view.addOverlay(legend_);
    legend_->setOrigin(LegendWidget::Origin::Measured);
    legend_->hide();
    connect(&measurements_, &MeasurementService::valuesRead, this, &SpotPresenter::take);
    connect(layer_, &Layer::appearanceChanged, this, [this] { applyRange(); });
}

void SpotPresenter::setSpots(const MeasuredSpots& spots, std::optional<MicronsPerPixel> scale) {
    spots_ = spots;
    layer_->setSpots(spots.spots);
    // By the array itself where it is regular: a wrong scale of the slide does not matter then.
    if (spots.pitchPixels > 0 && spots.pitchMicrons > 0) {
        const double diameter = spots.diameterMicrons * spots.pitchPixels / spots.pitchMicrons;
        layer_->setDiameterLevel0(diameter, diameter);
    } else if (scale) {
        layer_->setDiameter(spots.diameterMicrons, *scale);
    }
    layer_->setName(tr("Measured spots"));
    ask();
    applyRange();
}

void SpotPresenter::clear() {
    spots_.reset();
    waiting_ = false;
    layer_->setSpots({});
    layer_->setName({});
    applyRange();
}

void SpotPresenter::setGene(const QString& gene, const QStringList& panel) {
    gene_ = gene;
    panel_ = panel;
    ask();
}

void SpotPresenter::setDisplay(const DisplaySettings& settings) {
    display_ = settings;
    layer_->setColorMap(settings.colors);
    layer_->setGamma(settings.gamma);
    layer_->setThreshold(settings.hideBelow);
    legend_->setColorMap(settings.colors);
    legend_->setGamma(settings.gamma);
    legend_->setThreshold(settings.hideBelow);
    applyRange();
}

void SpotPresenter::ask() {
    waiting_ = spots_ && spots_->hasCounts && !gene_.isEmpty();
    if (waiting_) measurements_.askValues(gene_, panel_);
}

void SpotPresenter::take(const QString& gene, const std::vector<float>& values, const QString& unit) {
    if (!spots_ || gene != gene_) return;
    waiting_ = false;
    std::vector<SpotValue> spots = spots_->spots;
    for (std::size_t i = 0; i < spots.size() && i < values.size(); ++i)
        spots[i].value = values[i];
    layer_->setSpots(std::move(spots));
    layer_->setName(values.empty() ? tr("Measured spots (%1 was not measured)").arg(gene)
                                   : tr("%1 (measured)").arg(gene));
    legend_->setGene(gene);
    legend_->setUnit(unit);
    applyRange();
    Q_EMIT valuesShown();
}

void SpotPresenter::applyRange() {
    ExpressionField all;
    for (const SpotValue& spot : layer_->spots())
        all.values.push_back(spot.value);
    auto range = automaticRange(all);
    legend_->setVisible(range && layer_->isVisible());
    if (!range) return;
    if (!display_.automaticRange)
        range = ValueRange{display_.minimum, std::max(display_.minimum, display_.maximum)};
    layer_->setRange(range->minimum, range->maximum);
    legend_->setRange(range->minimum, range->maximum);
}

QString SpotPresenter::readout(Level0Point point) const {
    const SpotValue* spot = layer_->isVisible() ? layer_->spotAt(point) : nullptr;
    if (!spot) return {};
    const QString id = QString::fromStdString(spot->id);
    if (!std::isfinite(spot->value)) return tr("Spot %1").arg(id);
    return tr("%1 %2 (measured, %3)")
        .arg(gene_, QString::number(static_cast<double>(spot->value), 'f', 3), id);
}

} // namespace spotglass
