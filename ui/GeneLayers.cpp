#include "ui/GeneLayers.h"

#include "ui/HeatmapPresenter.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>

namespace spotglass {

GeneLayers::GeneLayers(SlideView& view, PredictionService& predictions, QObject* parent)
    : QObject(parent), view_(view), predictions_(predictions) {}

// Layers and legends belong to the view, which may be gone already.
GeneLayers::~GeneLayers() = default;

bool GeneLayers::add(const QString& gene, const DisplaySettings& display, const Layer& above) {
    if (gene.isEmpty() || genes().contains(gene)) return false;
    auto added = std::make_unique<HeatmapPresenter>(view_, predictions_);
    added->setModel(model_);
    added->setDisplay(display);
    added->setGene(gene);
    const auto place = std::ranges::find(view_.layers(), &above);
    view_.moveLayer(&added->layer(), static_cast<std::size_t>(place - view_.layers().begin()));
    presenters_.push_back(std::move(added));
    return true;
}

HeatmapPresenter* GeneLayers::presenterOf(const Layer* layer) const {
    const auto found = std::ranges::find_if(
        presenters_, [layer](const auto& presenter) { return &presenter->layer() == layer; });
    return found == presenters_.end() ? nullptr : found->get();
}

void GeneLayers::remove(const Layer* layer) {
    const auto found = std::ranges::find_if(
        presenters_, [layer](const auto& presenter) { return &presenter->layer() == layer; });
    if (found == presenters_.end()) return;
    const auto removed = std::move(*found);
    presenters_.erase(found);
    removed->withdraw();
}

QStringList GeneLayers::genes() const {
    QStringList all;
    for (const auto& presenter : presenters_)
        all << presenter->gene();
    return all;
}

QStringList GeneLayers::visibleGenes() const {
    QStringList all;
    for (const auto& presenter : presenters_)
        if (presenter->layer().isVisible() && !presenter->layer().field().isEmpty()) all << presenter->gene();
    return all;
}

void GeneLayers::setModel(const ModelDescription& model) {
    model_ = model;
    std::vector<const Layer*> unknown;
    for (const auto& presenter : presenters_) {
        if (std::ranges::find(model.genes, presenter->gene(), &GeneEntry::symbol) == model.genes.end()) {
            unknown.push_back(&presenter->layer());
        } else {
            presenter->setModel(model);
            presenter->setGene(presenter->gene()); // its held-out correlation is another
        }
    }
    for (const Layer* layer : unknown)
        remove(layer);
}

void GeneLayers::refresh() {
    for (const auto& presenter : presenters_)
        presenter->refresh();
}

QString GeneLayers::readout(Level0Point point) const {
    QStringList all;
    for (const auto& presenter : presenters_)
        if (const auto value = presenter->layer().valueAt(point); value && presenter->layer().isVisible())
            all << tr("%1 %2").arg(presenter->gene(), QString::number(static_cast<double>(*value), 'f', 3));
    return all.join(QStringLiteral(", "));
}

} // namespace spotglass
