// Measured spots in MainWindow.
#include "ui/Banner.h"
#include "ui/DisplayPanel.h"
#include "ui/GenePanelDock.h"
#include "ui/HeatmapPresenter.h"
#include "ui/MainWindow.h"
#include "ui/SpotPresenter.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/canvas/SpotLayer.h"

#include <algorithm>
#include <cmath>
#include <QAction>
#include <QFileDialog>
#include <QLocale>
#include <QStatusBar>

namespace spotglass {
namespace {

constexpr double tolerable = 0.05; ///< by which the scale of the slide and that of the array may differ

QString number(double value) {
    return QLocale().toString(value, 'g', 3);
}

} // namespace

void MainWindow::setMeasurements(MeasurementService& measurements) {
    measurements_ = &measurements;
    spots_ = new SpotPresenter(*view_, measurements, this);
    // Over what is predicted, under annotations.
    const auto& layers = view_->layers();
    const auto heatmap = std::ranges::find(layers, &heatmap_->layer());
    for (Layer* layer : layers)
        if (layer == &spots_->layer())
            view_->moveLayer(layer, static_cast<std::size_t>(heatmap - layers.begin()) + 1);
    spots_->setDisplay(panel_->display().settings());
    connect(&panel_->display(), &DisplayPanel::settingsChanged, spots_, &SpotPresenter::setDisplay);
    connect(panel_, &GenePanelDock::geneChosen, this, [this](const QString& gene) {
        QStringList panel;
        for (const GeneEntry& entry : heatmap_->model().genes)
            panel << entry.symbol;
        spots_->setGene(gene, panel);
    });
    connect(&measurements, &MeasurementService::opened, this, &MainWindow::showSpots);
    connect(&measurements, &MeasurementService::failed, this, [this](const Error& error) {
        loadingSpots_ = false;
        report(tr("The measured spots could not be opened"), error);
    });
    connect(spots_, &SpotPresenter::valuesShown, this, &MainWindow::spotsShown);
    spotsAction_->setVisible(true);
}

void MainWindow::closeSpots() {
    loadingSpots_ = false;
    if (!spots_) return;
    measurements_->close();
    spots_->clear();
}

bool MainWindow::isSpots(const Layer* layer) const {
    return spots_ && layer == &spots_->layer();
}

bool MainWindow::isLoadingSpots() const {
    return loadingSpots_ || (spots_ && spots_->isWaiting());
}

void MainWindow::chooseSpotFile() {
    auto* dialog = new QFileDialog(this, tr("Open measured spots"), lastFolder("spots"),
                                   tr("Spot files (*_selection.tsv *_selection.tsv.gz);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& file) { openSpots(file.toStdString()); });
    dialog->open();
}

void MainWindow::openSpots(const std::filesystem::path& file) {
    if (!measurements_) return;
    rememberFolder("spots", file);
    if (!slide_)
        return report(tr("The measured spots could not be opened"),
                      Error{ErrorKind::Usage, "there is no slide to show them on", file.string(),
                            "Open the slide first"});
    loadingSpots_ = true;
    measurements_->openSpots(file, slide_->path);
}

void MainWindow::showSpots(const MeasuredSpots& spots) {
    loadingSpots_ = false;
    if (!slide_) return;
    const auto inside = std::ranges::count_if(spots.spots, [this](const SpotValue& spot) {
        return view_->viewport().slideRect().contains(spot.center);
    });
    const auto all = static_cast<std::ptrdiff_t>(spots.spots.size());
    if (inside * 2 < all)
        return report(tr("The measured spots could not be opened"),
                      Error{ErrorKind::BadInput,
                            std::to_string(all - inside) + " of " + std::to_string(all) +
                                " spots lie outside the slide",
                            spots.source.toStdString(),
                            "The spot file belongs to another image, or to another size of this one"});
    spots_->setSpots(spots, slide_->scale);
    QString said = tr("%n measured spot(s)", nullptr, static_cast<int>(all));
    if (inside < all) said += tr(", %n outside the slide", nullptr, static_cast<int>(all - inside));
    if (!spots.note.isEmpty()) said += QStringLiteral(". ") + spots.note;
    statusBar()->showMessage(said, 10000);
    checkPitch(spots);
    Q_EMIT spotsShown();
}

// The array's pitch is known to the micrometre: it finds out a slide's wrong scale.
void MainWindow::checkPitch(const MeasuredSpots& spots) {
    if (!slide_->scale || spots.pitchPixels <= 0 || spots.pitchMicrons <= 0) return;
    const double says = spots.pitchMicrons / spots.pitchPixels, has = slide_->scale->mean();
    if (std::abs(says / has - 1) <= tolerable) return;
    banner_->say(tr("The spots are %1 \u00b5m apart, so a pixel measures %2 \u00b5m; the slide's scale is "
                    "%3. One of them is wrong.")
                     .arg(number(spots.pitchMicrons), number(says), number(has)),
                 tr("Set the scale..."));
    scaleAction_->setEnabled(true);
}

} // namespace spotglass
