#include "ui/HeatmapPresenter.h"

#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

std::optional<ValueRange> automaticRange(const ExpressionField& field) {
    std::vector<float> known;
    known.reserve(field.values.size());
    std::ranges::copy_if(field.values, std::back_inserter(known),
                         [](float value) { return std::isfinite(value); });
    if (known.empty()) return std::nullopt;
    const auto percentile = [&known](double fraction) {
        const auto at = known.begin() + std::lround(fraction * static_cast<double>(known.size() - 1));
        std::ranges::nth_element(known, at);
        return *at;
    };
    ValueRange range{percentile(0.01), percentile(0.99)};
    constexpr float least = 1e-3F; // narrower differences are noise, and a legend could not show them
    if (range.maximum - range.minimum < least) {
        range.minimum -= least / 2;
        range.maximum += least / 2;
    }
    return range;
}

HeatmapPresenter::HeatmapPresenter(SlideView& view, PredictionService& predictions, QObject* parent)
    : QObject(parent), view_(view), predictions_(predictions), layer_(new HeatmapLayer),
      legend_(new LegendWidget) {
    layer_->setName(tr("Predicted expression"));
    view.addLayer(layer_);
    view.addOverlay(legend_);
    legend_->setOrigin(LegendWidget::Origin::Predicted);
    legend_->hide();
    // Whoever hides, shows or weakens the layer elsewhere.
    connect(layer_, &Layer::appearanceChanged, this, [this] {
        display_.opacity = layer_->opacity();
        display_.blending = layer_->blending();
        showLegend();
    });
    setDisplay({});
}

void HeatmapPresenter::withdraw() {
    view_.removeLayer(layer_);
    delete legend_;
}

void HeatmapPresenter::setModel(const ModelDescription& model) {
    model_ = model;
    legend_->setUnit(model.unit);
}

void HeatmapPresenter::setGene(const QString& symbol) {
    gene_ = symbol;
    layer_->setName(tr("%1 (predicted)").arg(symbol));
    legend_->setGene(symbol);
    const auto gene = std::ranges::find(model_.genes, symbol, &GeneEntry::symbol);
    const bool known = gene != model_.genes.end() && std::isfinite(gene->heldOutPcc);
    legend_->setNote(known ? tr("Held-out correlation %1").arg(QString::number(gene->heldOutPcc, 'f', 2))
                           : QString());
    refresh();
}

void HeatmapPresenter::setDisplay(const DisplaySettings& settings) {
    layer_->setOpacity(settings.opacity);
    layer_->setColorMap(settings.colors);
    layer_->setThreshold(settings.hideBelow);
    layer_->setStyle(settings.style);
    layer_->setGamma(settings.gamma);
    layer_->setBlending(settings.blending);
    legend_->setColorMap(settings.colors);
    legend_->setThreshold(settings.hideBelow);
    legend_->setGamma(settings.gamma);
    display_ = settings;
    layer_->setHatching(display_.hatchDoubtful);
    applyRange();
}

void HeatmapPresenter::setVisible(bool visible) {
    layer_->setVisible(visible);
}

void HeatmapPresenter::showLegend() {
    legend_->setVisible(layer_->isVisible() && !layer_->field().isEmpty());
}

void HeatmapPresenter::refresh() {
    layer_->setField(predictions_.field(gene_));
    layer_->setDoubtful(doubtful_.flags(layer_->field()));
    showLegend();
    applyRange();
}

void HeatmapPresenter::applyRange() {
    auto range = automaticRange(layer_->field());
    if (!display_.automaticRange)
        range = ValueRange{display_.minimum, std::max(display_.minimum, display_.maximum)};
    if (!range) return;
    layer_->setRange(range->minimum, range->maximum);
    legend_->setRange(range->minimum, range->maximum);
    const std::vector<float> levels = contourLevels(range->minimum, range->maximum, display_.contourLines);
    layer_->setContourLevels(levels);
    legend_->setContourLevels(levels);
    Q_EMIT rangeChanged(*range);
}

QString HeatmapPresenter::readout(Level0Point point) const {
    const auto value = layer_->valueAt(point);
    if (!value) return {};
    const QString text = tr("%1 %2 %3 (predicted)")
                             .arg(gene_, QString::number(static_cast<double>(*value), 'f', 3), model_.unit);
    return layer_->isDoubtfulAt(point) ? tr("%1, doubtful here").arg(text) : text;
}

} // namespace spotglass
