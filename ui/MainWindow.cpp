#include "ui/MainWindow.h"

#include "ui/Banner.h"
#include "ui/ColorDock.h"
#include "ui/ColorPresenter.h"
#include "ui/DisplayPanel.h"
#include "ui/GeneLayers.h"
#include "ui/GenePanelDock.h"
#include "ui/HeatmapPresenter.h"
#include "ui/LayerDock.h"
#include "ui/Readout.h"
#include "ui/ScaleDialog.h"
#include "ui/SlideTools.h"
#include "ui/SpotPresenter.h"
#include "ui/StartPage.h"
#include "viewer/canvas/OverviewWidget.h"
#include "viewer/canvas/SlideView.h"

#include <QLabel>
#include <QMenuBar>
#include <QMessageBox>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTabBar>
#include <QVBoxLayout>

namespace spotglass {

MainWindow::MainWindow(SlideService& slides, PredictionService& predictions, QWidget* parent)
    : QMainWindow(parent), slides_(slides), predictions_(predictions) {
    setWindowTitle(QStringLiteral("Spotglass"));
    setAcceptDrops(true);
    resize(1440, 900);
    buildCentre();
    panel_ = new GenePanelDock(this);
    addDockWidget(Qt::RightDockWidgetArea, panel_);
    buildColors();
    buildLayers();
    buildStatusBar();
    buildFileMenu();
    buildViewMenu();
    buildSlideMenu();
    buildToolsMenu();
    buildPredictionMenu();
    buildHelpMenu();
    connectServices();
    connectPanel();
    updateRecent();
    updateState();
}

MainWindow::~MainWindow() = default;

void MainWindow::buildCentre() {
    centre_ = new QStackedWidget(this);
    start_ = new StartPage;
    centre_->addWidget(start_);
    auto* canvas = new QWidget;
    auto* column = new QVBoxLayout(canvas);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    banner_ = new Banner;
    view_ = new SlideView;
    overview_ = new OverviewWidget(*view_);
    buildTabs();
    column->addWidget(tabs_);
    column->addWidget(banner_);
    fileBanner_ = new Banner;
    fileBanner_->setObjectName(QStringLiteral("FileBanner"));
    column->addWidget(fileBanner_);
    column->addWidget(view_, 1);
    centre_->addWidget(canvas);
    setCentralWidget(centre_);
    heatmap_ = new HeatmapPresenter(*view_, predictions_, this);
    buildTools();

    connect(start_, &StartPage::openWanted, this, &MainWindow::chooseSlideFile);
    connect(start_, &StartPage::slideChosen, this,
            [this](const QString& file) { openSlide(file.toStdString()); });
    connect(banner_, &Banner::actionClicked, this, [this] { askForScale(false); });
    connect(view_, &SlideView::viewportChanged, this, [this] {
        updateZoom();
        updatePosition();
    });
    connect(view_, &SlideView::cursorMoved, this, [this](std::optional<Level0Point> point) {
        cursor_ = point;
        updatePosition();
    });
    connect(view_, &SlideView::settled, this,
            [this] { predictions_.setVisibleRegion(view_->viewport().visible()); });
    connect(view_, &SlideView::becameSharp, this, &MainWindow::openModelByItself);
    connect(view_, &SlideView::tileFailed, this,
            [this](const QString& sentence) { statusBar()->showMessage(sentence, 10000); });
}

void MainWindow::buildStatusBar() {
    const auto field = [this](const char* name, int characters) {
        auto* label = new QLabel(this);
        label->setObjectName(QLatin1String(name));
        label->setMinimumWidth(fontMetrics().averageCharWidth() * characters);
        label->setContentsMargins(6, 0, 6, 0);
        return label;
    };
    value_ = field("value", 30);
    position_ = field("position", 38);
    zoom_ = field("zoom", 16);
    statusBar()->addWidget(value_, 1);
    statusBar()->addPermanentWidget(position_); // stay while a message is shown
    statusBar()->addPermanentWidget(zoom_);
    value_->setTextFormat(Qt::PlainText);
    // A long unit must not widen the window.
    value_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
}

void MainWindow::connectServices() {
    connect(&slides_, &SlideService::opened, this, &MainWindow::showSlide);
    connect(&slides_, &SlideService::failed, this, &MainWindow::slideFailed);
    connect(&slides_, &SlideService::slideImproved, view_, &SlideView::reloadSlide);
    connect(&slides_, &SlideService::recentSlidesChanged, this, &MainWindow::updateRecent);
    connect(&predictions_, &PredictionService::modelsListed, this, [this](const QList<ModelListing>& models) {
        if (training_) return; // the library lists these and the user's own
        panel_->setModels(models);
        openModelByItself();
    });
    connect(&predictions_, &PredictionService::modelOpened, this, [this](const ModelDescription& model) {
        heatmap_->setModel(model);
        panel_->setModel(model);
        updateState();
    });
    connect(&predictions_, &PredictionService::modelFailed, this, [this](const Error& error) {
        panel_->showModelInUse();
        report(tr("The model could not be opened"), error);
    });
    connect(&predictions_, &PredictionService::predictionFailed, this,
            [this](const Error& error) { report(tr("The prediction stopped"), error); });
    connect(&predictions_, &PredictionService::stateChanged, this, &MainWindow::updateState);
    connect(&predictions_, &PredictionService::fieldGrew, this, [this] {
        heatmap_->refresh();
        updatePosition();
    });
}

void MainWindow::connectPanel() {
    connect(panel_, &GenePanelDock::modelChosen, this, &MainWindow::openModel);
    connect(panel_, &GenePanelDock::modelFileWanted, this, &MainWindow::chooseModelFile);
    connect(panel_, &GenePanelDock::geneChosen, this, [this](const QString& gene) {
        heatmap_->setGene(gene);
        updatePosition();
    });
    connect(panel_, &GenePanelDock::predictWanted, this, &MainWindow::predict);
    connect(panel_, &GenePanelDock::cancelWanted, this, [this] { predictions_.cancel(); });
    connect(panel_, &GenePanelDock::pauseWanted, this, [this] { predictions_.pause(); });
    connect(panel_, &GenePanelDock::resumeWanted, this, [this] { predictions_.resume(); });
    connect(&panel_->display(), &DisplayPanel::settingsChanged, heatmap_, &HeatmapPresenter::setDisplay);
    connect(&panel_->display(), &DisplayPanel::settingsChanged, layers_, &LayerDock::showChosen);
    connect(heatmap_, &HeatmapPresenter::rangeChanged, &panel_->display(), &DisplayPanel::showRange);
}

void MainWindow::openSlide(const std::filesystem::path& file, std::optional<MicronsPerPixel> given) {
    const QString name = QString::fromStdString(file.filename().string());
    start_->showOpening(name);
    statusBar()->showMessage(tr("Opening %1...").arg(name));
    slides_.openSlide(file, given);
}

void MainWindow::replaceSlide(const std::filesystem::path& file) {
    replacesTab_ = true;
    openSlide(file);
}

void MainWindow::showSlide(const OpenedSlide& slide) {
    statusBar()->clearMessage();
    start_->showOpening({});
    rememberPlace();
    placeInTab(slide);
    slide_ = slide;
    const QString name = QString::fromStdString(slide.path.filename().string());
    setWindowTitle(tr("%1 - Spotglass").arg(name));
    cursor_.reset();
    centre_->setCurrentIndex(1);
    predictions_.setSlide(slide); // before the view, which drops its slide on another thread
    view_->setSlide(slide.source);
    view_->setMicronsPerPixel(slide.scale);
    tools_->setSlide(true, slide.scale);
    closeSpots();
    colors_->setSlide(slide.source, slide.iccProfile);
    colorDock_->setProfileAvailable(slide.iccProfile.has_value());
    rememberFolder("slide", slide.path);
    const auto info = slide.source->info();
    if (!slide.scale)
        banner_->say(tr("This slide does not say how large its pixels are. Predictions need to know."),
                     tr("Set the scale..."));
    else if (info->micronsPerPixel &&
             !info->warnings.empty()) // else they are about the scale, which is known now
        banner_->say(QString::fromStdString(info->warnings.front()));
    else
        banner_->clear();
    for (QAction* action : slideActions_)
        action->setEnabled(true);
    scaleAction_->setEnabled(!info->micronsPerPixel);
    view_->setFocus();
    updateZoom();
    updateMagnifications();
    updateState();
    restorePlace();
    Q_EMIT slideShown();
    openNextWaiting();
}

void MainWindow::openNextWaiting() {
    if (!waiting_.isEmpty()) openSlide(waiting_.takeFirst().toStdString());
}

void MainWindow::slideFailed(const Error& error) {
    statusBar()->clearMessage();
    start_->showOpening({});
    replacesTab_ = false;
    // A tab whose file has gone stays, in case it comes back; in front is what is shown.
    if (slide_) {
        const auto shown = std::ranges::find(tabList_, slide_->path, &Tab::path);
        const QSignalBlocker quiet(tabs_);
        if (shown != tabList_.end()) tabs_->setCurrentIndex(static_cast<int>(shown - tabList_.begin()));
    }
    report(tr("The slide could not be opened"), error);
    openNextWaiting();
}

void MainWindow::report(const QString& title, const Error& error) {
    if (dialogs_) {
        auto* box = new QMessageBox(QMessageBox::Warning, title, title, QMessageBox::Ok, this);
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->setInformativeText(QString::fromStdString(error.sentence()));
        box->open();
    }
    Q_EMIT problem(error);
}

void MainWindow::openModel(const std::filesystem::path& file) {
    rememberFolder("model", file);
    opensModel_ = false;
    predictions_.openModel(file);
}

void MainWindow::openModelByItself() {
    // The engine takes most of a second to load: not before the slide is on the screen.
    if (!opensModel_ || !view_->isSharp() || predictions_.state().phase != PredictionState::Phase::NoModel)
        return;
    if (const auto model = panel_->preselectedModel()) {
        opensModel_ = false;
        predictions_.openModel(*model);
    }
}

void MainWindow::predict() {
    if (!slide_) return;
    if (slide_->scale) return predictions_.predict();
    if (dialogs_) return askForScale(true);
    report(tr("The prediction cannot start"),
           Error{ErrorKind::BadInput, "this slide has no scale: it does not say how large its pixels are",
                 slide_->path.string(), "Give the micrometres per pixel with --mpp"});
}

void MainWindow::askForScale(bool thenPredict) {
    if (!slide_ || askingForScale_) return;
    askingForScale_ = true;
    predictsAfterScale_ = thenPredict;
    const auto info = slide_->source->info();
    ScaleProposals proposals{
        slide_->scale ? slide_->scale->mean() : 0, info->objectivePower, tools_->measuredPixels(), {}, {}};
    if (spots_ && spots_->spots() && spots_->spots()->pitchPixels > 0)
        proposals.spotPitch =
            ScaleProposals::Pitch{spots_->spots()->pitchMicrons, spots_->spots()->pitchPixels};
    if (!info->micronsPerPixel && !info->warnings.empty())
        proposals.contradiction = QString::fromStdString(info->warnings.front());
    auto* dialog = new ScaleDialog(QString::fromStdString(slide_->path.filename().string()), proposals, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::finished, this, [this, dialog, asked = slide_->source](int answer) {
        askingForScale_ = false;
        // Another slide may have been dropped on the window meanwhile.
        if (answer == QDialog::Accepted && slide_ && slide_->source == asked)
            useScale(dialog->micronsPerPixel());
    });
    dialog->open();
}

void MainWindow::useScale(double micronsPerPixel) {
    slide_->scale = MicronsPerPixel{micronsPerPixel, micronsPerPixel};
    slides_.rememberScale(*slide_, *slide_->scale);
    view_->setMicronsPerPixel(slide_->scale);
    tools_->setSlide(false, slide_->scale);
    predictions_.setSlide(*slide_);
    banner_->clear();
    updateZoom();
    updateMagnifications();
    updateState();
    if (std::exchange(predictsAfterScale_, false)) predictions_.predict();
}

void MainWindow::updateState() {
    using Phase = PredictionState::Phase;
    const PredictionState state = predictions_.state();
    const bool paused = state.phase == Phase::Paused, stoppable = state.isBusy() || paused;
    const bool canPredict = slide_ && (state.phase == Phase::Ready || state.phase == Phase::Cancelled ||
                                       (state.phase == Phase::Done && state.settingsChanged));
    panel_->showState(state, canPredict);
    predictAction_->setEnabled(canPredict || stoppable);
    predictAction_->setText(stoppable ? tr("&Cancel prediction") : tr("&Predict expression"));
    pauseAction_->setEnabled(stoppable);
    pauseAction_->setText(paused ? tr("&Resume prediction") : tr("P&ause prediction"));
}

void MainWindow::updatePosition() {
    const QString annotation = slide_ ? tools_->hover(cursor_) : QString();
    if (!slide_ || !cursor_) {
        position_->clear();
        value_->clear();
        return;
    }
    const bool inside = view_->viewport().slideRect().contains(*cursor_);
    position_->setText(inside ? positionText(*cursor_, slide_->scale) : QString());
    const QString broken = view_->brokenTileAt(*cursor_);
    QString said = broken;
    if (said.isEmpty()) {
        QStringList values{heatmap_->readout(*cursor_), genes_->readout(*cursor_),
                           spots_ ? spots_->readout(*cursor_) : QString()};
        values.removeAll(QString());
        said = values.join(QStringLiteral(", "));
    }
    if (!annotation.isEmpty()) said = said.isEmpty() ? annotation : annotation + QStringLiteral("   ") + said;
    value_->setText(said);
}

void MainWindow::updateZoom() {
    if (!slide_) return zoom_->clear();
    zoom_->setText(
        zoomText(view_->viewport().scale(), slide_->source->info()->objectivePower, slide_->scale));
}

void MainWindow::saveSettings() const {
    QSettings settings;
    settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings.setValue(QStringLiteral("window/state"), saveState());
    panel_->save(settings);
    colorDock_->save(settings);
}

void MainWindow::restoreSettings() {
    const QSettings settings;
    restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray());
    restoreState(settings.value(QStringLiteral("window/state")).toByteArray());
    panel_->restore(settings);
    colorDock_->restore(settings);
    restoreSlideSettings(settings);
}

} // namespace spotglass
