// The layers over the slide in MainWindow: their order and looks, and genes that stay beside the chosen one.
#include "ui/DisplayPanel.h"
#include "ui/GeneLayers.h"
#include "ui/GenePanelDock.h"
#include "ui/HeatmapPresenter.h"
#include "ui/LayerDock.h"
#include "ui/MainWindow.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>
#include <QStatusBar>

namespace spotglass {
namespace {

/// Several genes are told apart by hue.
std::vector<ColorMap> hues() {
    std::vector<ColorMap> all;
    for (const char* name : {"reds", "greens", "blues"})
        all.push_back(*ColorMap::named(QLatin1String(name)));
    return all;
}

bool contains(const std::vector<ColorMap>& maps, const ColorMap& map) {
    return std::ranges::find(maps, map) != maps.end();
}

ColorMap unusedHue(const std::vector<ColorMap>& used) {
    const std::vector<ColorMap> all = hues();
    const auto free =
        std::ranges::find_if(all, [&used](const ColorMap& map) { return !contains(used, map); });
    return free == all.end() ? ColorMap() : *free;
}

} // namespace

void MainWindow::buildLayers() {
    layers_ = new LayerDock(*view_, this);
    addDockWidget(Qt::RightDockWidgetArea, layers_);
    layers_->hide();
    genes_ = new GeneLayers(*view_, predictions_, this);
    layers_->setKinds([this](const Layer* layer) { return genes_->presenterOf(layer) || isSpots(layer); },
                      [](const Layer* layer) {
                          const auto* heatmap = qobject_cast<const HeatmapLayer*>(layer);
                          return heatmap ? &heatmap->colorMap() : nullptr;
                      });
    connect(layers_, &LayerDock::keepWanted, this, &MainWindow::keepGene);
    connect(layers_, &LayerDock::removeWanted, this, [this](Layer* layer) {
        if (isSpots(layer))
            closeSpots();
        else
            genes_->remove(layer);
    });
    connect(layers_, &LayerDock::colorsWanted, this, [this](Layer* layer, const ColorMap& map) {
        HeatmapPresenter* kept = genes_->presenterOf(layer);
        if (!kept) return panel_->display().setColors(map);
        DisplaySettings display = kept->display();
        display.colors = map;
        kept->setDisplay(display);
    });
    const HeatmapLayer* chosen = &heatmap_->layer();
    connect(chosen, &Layer::appearanceChanged, this,
            [this, chosen] { panel_->display().setLayer(chosen->opacity(), chosen->blending()); });
    connect(&predictions_, &PredictionService::modelOpened, this, [this](const ModelDescription& model) {
        genes_->setModel(model);
        layers_->setKeepEnabled(true);
    });
    connect(&predictions_, &PredictionService::fieldGrew, genes_, &GeneLayers::refresh);
}

// Colours that cover what lies beneath could show one gene only: from now on both darken the tissue.
void MainWindow::keepGene() {
    const QString gene = panel_->gene();
    std::vector<ColorMap> used;
    for (const Layer* layer : view_->layers())
        if (const HeatmapPresenter* kept = genes_->presenterOf(layer)) used.push_back(kept->display().colors);
    DisplaySettings display = heatmap_->display();
    const bool hued = display.blending == Layer::Blending::Multiply && contains(hues(), display.colors) &&
                      !contains(used, display.colors);
    if (!hued) display.colors = unusedHue(used);
    display.blending = Layer::Blending::Multiply;
    display.contourLines = 0;
    if (!genes_->add(gene, display, heatmap_->layer())) {
        statusBar()->showMessage(tr("%1 has a layer already.").arg(gene), 8000);
        return;
    }
    used.push_back(display.colors);
    panel_->display().setColors(unusedHue(used));
    panel_->display().setLayer(heatmap_->layer().opacity(), Layer::Blending::Multiply);
    layers_->showChosen();
    statusBar()->showMessage(tr("%1 stays. Choose another gene to see both.").arg(gene), 8000);
}

} // namespace spotglass
