#include "app/desktop/PredictionController.h"

#include "app/desktop/ModelCatalog.h"
#include "app/desktop/PredictionTable.h"
#include "viewer/base/Process.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace spotglass {
using Phase = PredictionState::Phase;

struct PredictionController::Run {
    explicit Run(std::size_t genes) : table(genes) {}
    CancelToken cancel;
    PredictionTable table;
};

struct PredictionController::Engine {
    LoadEngine load;
    std::unique_ptr<PredictionEngine> model;
};

struct PredictionController::Screen {
    std::mutex mutex; // guards region
    Level0Rect region;
    Level0Rect get() {
        const std::lock_guard lock(mutex);
        return region;
    }
};

namespace {

/// About 30 times a second: as often as the eye notices, far below what the window can paint.
constexpr std::chrono::milliseconds growthInterval{33};

constexpr std::size_t keptSlides = 3; ///< beside the one that is shown; a large slide takes some 60 MB

ModelDescription describe(const ModelSummary& summary) {
    ModelDescription model;
    model.file = summary.file;
    model.name = QString::fromStdString(summary.name.empty() ? summary.file.stem().string() : summary.name);
    model.unit = QString::fromStdString(summary.unit);
    model.heldOutPccAll = summary.heldOutPccAll;
    model.micronsPerPixel = summary.micronsPerPixel;
    model.spotPitchMicrons = summary.spotPitchMicrons;
    model.genes.reserve(static_cast<qsizetype>(summary.genes.size()));
    for (std::size_t i = 0; i < summary.genes.size(); ++i)
        model.genes.append({QString::fromStdString(summary.genes[i]), i < summary.heldOutPcc.size()
                                                                          ? summary.heldOutPcc[i]
                                                                          : ExpressionField::missing});
    return model;
}

} // namespace

PredictionController::PredictionController(LoadEngine load, std::filesystem::path models, QObject* parent)
    : PredictionService(parent), models_(std::move(models)), screen_(std::make_shared<Screen>()),
      engine_(std::make_shared<Engine>()), worker_(std::make_unique<SerialWorker>()) {
    engine_->load = std::move(load);
    worker_->post([] { giveWayToOtherThreads(); });
    growth_.setInterval(growthInterval);
    connect(&growth_, &QTimer::timeout, this, &PredictionController::reportGrowth);
}

PredictionController::~PredictionController() {
    if (run_) run_->cancel.cancel();
    worker_.reset();
}

void PredictionController::listModels() {
    worker_->post([this, folder = models_] {
        auto found = modelsInFolder(folder);
        QMetaObject::invokeMethod(
            this, [this, found = std::move(found)] { Q_EMIT modelsListed(found); }, Qt::QueuedConnection);
    });
}

void PredictionController::openModel(const std::filesystem::path& file) {
    endRun(false);
    const auto ticket = ++openTicket_;
    setPhase(Phase::OpeningModel);
    worker_->post([this, file, ticket, engine = engine_] {
        auto opened = openOnWorker(*engine, file);
        QMetaObject::invokeMethod(
            this, [this, ticket, opened = std::move(opened)] { finishOpening(opened, ticket); },
            Qt::QueuedConnection);
    });
}

Result<ModelSummary> PredictionController::openOnWorker(Engine& engine, const std::filesystem::path& file) {
    auto factory = engine.load();
    if (!factory) return tl::unexpected(factory.error());
    auto opened = (*factory)->openModel(file);
    if (!opened) return tl::unexpected(opened.error());
    engine.model = std::move(*opened);
    return engine.model->model();
}

void PredictionController::finishOpening(Result<ModelSummary> opened, std::uint64_t ticket) {
    if (ticket != openTicket_) return;
    if (!opened) {
        setPhase(!model_                            ? Phase::NoModel
                 : run_ && run_->table.spots() != 0 ? Phase::Cancelled
                                                    : Phase::Ready);
        Q_EMIT modelFailed(opened.error());
        return;
    }
    endRun(true);
    kept_.clear();
    model_ = describe(*opened);
    setPhase(Phase::Ready);
    Q_EMIT modelOpened(*model_);
    Q_EMIT fieldGrew();
}

void PredictionController::setSlide(const OpenedSlide& slide) {
    const bool sameImage = slide.source == slide_.source;
    if (sameImage && slide.scale == slide_.scale) return;
    keepRun();
    slide_ = slide;
    endRun(true);
    if (!sameImage) setVisibleRegion({});
    if (!takeKeptRun() && state_.phase != Phase::OpeningModel)
        setPhase(model_ ? Phase::Ready : Phase::NoModel);
    Q_EMIT fieldGrew();
}

// Somebody who goes to another slide and comes back finds what he left; a run that was under way has stopped.
void PredictionController::keepRun() {
    if (!run_ || !slide_.source || !slide_.scale || run_->table.spots() == 0) return;
    kept_.push_back({slide_.source->fingerprint(), *slide_.scale, run_, state_.phase == Phase::Done});
    if (kept_.size() > keptSlides) kept_.erase(kept_.begin());
}

bool PredictionController::takeKeptRun() {
    if (!slide_.source || !slide_.scale || state_.phase == Phase::OpeningModel) return false;
    const auto found =
        std::ranges::find_if(kept_, [this, its = slide_.source->fingerprint()](const Kept& kept) {
            return kept.fingerprint == its && kept.scale == *slide_.scale;
        });
    if (found == kept_.end()) return false;
    const Kept kept = *found;
    kept_.erase(found);
    run_ = kept.run;
    reported_ = state_.done = run_->table.spots();
    state_.total = std::max(run_->table.lattice().tissueSpots, state_.done);
    setPhase(kept.complete ? Phase::Done : Phase::Cancelled);
    return true;
}

void PredictionController::setVisibleRegion(Level0Rect region) {
    const std::lock_guard lock(screen_->mutex);
    screen_->region = region;
}

void PredictionController::predict() {
    if (!model_ || !slide_.source || !slide_.scale || state_.phase == Phase::OpeningModel) return;
    endRun(true);
    run_ = std::make_shared<Run>(static_cast<std::size_t>(model_->genes.size()));
    PredictionRequest request;
    request.slide = slide_.source;
    request.micronsPerPixel = *slide_.scale;
    request.first = screen_->get();
    request.visibleRegion = [screen = screen_] { return screen->get(); };
    setPhase(Phase::Planning);
    growth_.start();
    worker_->post([this, run = run_, engine = engine_, request = std::move(request)] {
        auto result =
            run->cancel.isCancelled() ? Result<void>(cancelled()) : predictOnWorker(*engine, request, *run);
        QMetaObject::invokeMethod(
            this, [this, run, result = std::move(result)] { finishRun(run, result); }, Qt::QueuedConnection);
    });
}

Result<void> PredictionController::predictOnWorker(Engine& engine, const PredictionRequest& request,
                                                   Run& run) {
    if (!engine.model) return fail(ErrorKind::Defect, "there is no model to predict with");
    bool fits = true;
    PredictionListener listener;
    listener.planned = [&run](const PredictionLattice& lattice) { run.table.plan(lattice); };
    // Nothing is sent to the window here: it looks at the table in its own time, so a flood of batches cannot
    // drown it.
    listener.batch = [&run, &fits](const PredictionBatch& batch) {
        if (!run.cancel.isCancelled() && !run.table.add(batch)) fits = false;
    };
    const auto result = engine.model->predictLattice(request, listener, run.cancel);
    if (!result) return tl::unexpected(result.error());
    if (!fits) return fail(ErrorKind::Defect, "the engine returned values for places that do not exist");
    return {};
}

void PredictionController::cancel() {
    if (!state_.isBusy()) return;
    reportGrowth();
    endRun(false);
    setPhase(Phase::Cancelled);
}

void PredictionController::endRun(bool forgetValues) {
    growth_.stop();
    if (run_) run_->cancel.cancel();
    if (!forgetValues) return;
    run_.reset();
    reported_ = shownSpots_ = 0;
    shown_ = {};
    state_.done = state_.total = 0;
}

void PredictionController::finishRun(const std::shared_ptr<Run>& run, const Result<void>& result) {
    if (run != run_ || !state_.isBusy()) return; // an older run, or one that was cancelled meanwhile
    growth_.stop();
    reportGrowth();
    if (result) return setPhase(Phase::Done);
    setPhase(run->table.spots() != 0 ? Phase::Cancelled : Phase::Ready);
    if (result.error().kind != ErrorKind::Cancelled) Q_EMIT predictionFailed(result.error());
}

void PredictionController::reportGrowth() {
    if (!run_) return;
    const auto lattice = run_->table.lattice();
    const auto spots = run_->table.spots();
    const bool planned = state_.phase == Phase::Planning && lattice.columns > 0;
    if (spots == reported_ && !planned) return;
    reported_ = state_.done = spots;
    state_.total = std::max(lattice.tissueSpots, spots);
    state_.phase = Phase::Running;
    Q_EMIT stateChanged(state_);
    Q_EMIT fieldGrew();
}

void PredictionController::setPhase(Phase phase) {
    state_.phase = phase;
    Q_EMIT stateChanged(state_);
}

ExpressionField PredictionController::field(const QString& gene) {
    if (!run_ || !model_) return {};
    const auto name = gene.toStdString();
    if (shown_.gene != name) {
        shownSpots_ = 0;
        shown_.gene = name;
        shown_.unit = model_->unit.toStdString();
    }
    const auto found = std::ranges::find(model_->genes, gene, &GeneEntry::symbol);
    if (found == model_->genes.end()) return {};
    shownSpots_ =
        run_->table.fill(shown_, static_cast<std::size_t>(found - model_->genes.begin()), shownSpots_);
    return shown_;
}

} // namespace spotglass
