#include "app/desktop/Session.h"

#include "ui/GenePanelDock.h"
#include "ui/MainWindow.h"
#include "viewer/canvas/OverviewWidget.h"
#include "viewer/canvas/SlideView.h"

#include <cstdio>
#include <QImage>
#include <QTimer>
#include <utility>

namespace spotglass {
namespace {

/// Large enough that the panel is shown whole.
constexpr QSize pictureSize{1440, 900};

} // namespace

Session::Session(Options options, MainWindow& window, PredictionService& predictions, QObject* parent)
    : QObject(parent), options_(std::move(options)), window_(window), predictions_(predictions) {
    connect(&window_, &MainWindow::slideShown, this, &Session::slideShown);
    connect(&window_, &MainWindow::problem, this, &Session::fail);
    connect(&window_, &MainWindow::spotsShown, this, &Session::savePictureWhenComplete);
    connect(&window_.view(), &SlideView::becameSharp, this, &Session::openModelWhenSharp);
    connect(&window_.view(), &SlideView::becameSharp, this, &Session::savePictureWhenComplete);
    connect(&window_.overview(), &OverviewWidget::completed, this, &Session::savePictureWhenComplete);
    connect(&predictions_, &PredictionService::modelOpened, this, &Session::modelOpened);
    connect(&predictions_, &PredictionService::stateChanged, this, &Session::savePictureWhenComplete);
    connect(&predictions_, &PredictionService::modelsListed, this, [this](const QList<ModelListing>& models) {
        if (models.isEmpty() && options_.model.empty() && !options_.gene.empty())
            fail({ErrorKind::BadInput,
                  "no model is installed that could predict " + options_.gene,
                  {},
                  "Name a model file with --model"});
    });
}

void Session::start() {
    const bool picture = !options_.screenshot.empty();
    window_.setDialogsEnabled(!picture);
    // A model nobody asked for must not delay a picture; a model that was asked for is opened here.
    // In a presentation there is no panel to choose a gene from, and LibTorch would take memory for nothing.
    const bool useful =
        picture ? !options_.gene.empty() : !options_.presentation || options_.wantsPrediction();
    window_.setOpensModelByItself(options_.model.empty() && useful);
    if (picture) window_.resize(pictureSize);
    if (options_.presentation && !picture)
        window_.setPresentation(true);
    else if (options_.presentation)
        window_.setPresentation(true, false);
    window_.show();
    predictions_.listModels();
    if (!options_.slide.empty()) {
        std::optional<MicronsPerPixel> scale;
        if (options_.micronsPerPixel)
            scale = MicronsPerPixel{*options_.micronsPerPixel, *options_.micronsPerPixel};
        window_.openSlide(options_.slide, scale);
    }
    savePictureWhenComplete();
}

void Session::slideShown() {
    if (std::exchange(placed_, true)) return; // only the slide of the command line has a place asked for
    if (options_.view) window_.view().setView(options_.view->center, options_.view->scale);
    if (!options_.spots.empty()) window_.openSpots(options_.spots);
    // Said at once, not after the model has been loaded.
    if (options_.wantsPrediction() && !options_.screenshot.empty() && !window_.slide()->scale)
        return window_.predict();
    openModelWhenSharp();
    savePictureWhenComplete();
}

void Session::openModelWhenSharp() {
    if (!placed_ || options_.model.empty() || modelAsked_ || !window_.view().isSharp()) return;
    modelAsked_ = true;
    window_.openModel(options_.model);
}

void Session::modelOpened() {
    if (!options_.wantsPrediction() || std::exchange(predictionAsked_, true)) return;
    if (!options_.gene.empty() && !window_.panel().chooseGene(QString::fromStdString(options_.gene)))
        return fail({ErrorKind::BadInput, "this model does not predict the gene " + options_.gene,
                     options_.model.string(), "Choose a gene of the model's panel"});
    window_.predict();
}

bool Session::isComplete() const {
    if (options_.slide.empty()) return true;
    if (!placed_ || window_.isLoadingSpots() || !window_.view().isSharp() || !window_.overview().isComplete())
        return false;
    return !options_.wantsPrediction() || predictions_.state().phase == PredictionState::Phase::Done;
}

void Session::savePictureWhenComplete() {
    if (options_.screenshot.empty() || ended_ || !isComplete()) return;
    // In the next turn: what completed it may not have reached every part of the window yet.
    QTimer::singleShot(0, this, [this] {
        if (ended_ || !isComplete()) return;
        const QString file = QString::fromStdString(options_.screenshot.string());
        if (!window_.grab().toImage().save(file, "PNG"))
            return fail({ErrorKind::Device, "this picture could not be written", options_.screenshot.string(),
                         "Choose another folder or free some space"});
        ended_ = true;
        Q_EMIT finished(0);
    });
}

void Session::fail(const Error& error) {
    if (options_.screenshot.empty() || std::exchange(ended_, true)) return;
    std::fputs(("spotglass: " + error.sentence() + "\n").c_str(), stderr);
    Q_EMIT finished(error.exitCode());
}

} // namespace spotglass
