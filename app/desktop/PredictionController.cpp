#include "app/desktop/PredictionController.h"

#include "app/desktop/ModelCatalog.h"
#include "app/desktop/ModelHead.h"
#include "inference/engine/PredictionTable.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <utility>

namespace spotglass {
using Phase = PredictionState::Phase;

namespace {

/// About 30 times a second: as often as the eye notices, far below what the window can paint.
constexpr std::chrono::milliseconds growthInterval{33};

constexpr std::size_t keptSlides = 3; ///< beside the one that is shown; a large slide takes some 60 MB

/// Spots that the engine delivers at a time from the cache, before it computes any.
constexpr std::size_t cachedBatch = 1024;

double steadySeconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

QString forPeople(const std::string& device) {
    if (device == "cpu") return PredictionController::tr("main processor");
    if (device.starts_with("cuda:"))
        return PredictionController::tr("graphics processor %1")
            .arg(QString::fromStdString(device.substr(5)));
    return QString::fromStdString(device);
}

QString forPeople(Precision precision) {
    if (precision == Precision::Float32) return PredictionController::tr("32-bit");
    const auto text = name(precision);
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

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

/// The table may have begun with an earlier run of the same slide, model and settings.
struct PredictionController::Run {
    Run(std::shared_ptr<PredictionTable> values, PredictionRequest what)
        : table(std::move(values)), request(std::move(what)) {}
    std::shared_ptr<PredictionTable> table;
    PredictionRequest request; ///< without what the settings say, which the worker adds
    CancelToken cancel;
    std::shared_ptr<std::atomic<bool>> forGood = std::make_shared<std::atomic<bool>>(false);
    std::atomic<bool> planned{false};
    std::atomic<bool> computing{false};   ///< the cache has given what it had
    std::atomic<std::size_t> computed{0}; ///< spots since then

    /// Batches of the cache come first and are full; a smaller one is its rest or the first computed one,
    /// which is where the time is taken from. False: what the table takes of this batch is not to be counted.
    [[nodiscard]] bool counts(std::size_t delivered) {
        if (computing) return true;
        if (delivered != cachedBatch) computing = true; // before the window can see these spots
        return false;
    }
};

struct PredictionController::Screen {
    std::mutex mutex; // guards region
    Level0Rect region;
    Level0Rect get() {
        const std::lock_guard lock(mutex);
        return region;
    }
};

PredictionController::PredictionController(std::shared_ptr<EngineHost> host, std::filesystem::path models,
                                           QObject* parent)
    : PredictionService(parent), models_(std::move(models)), clock_(steadySeconds),
      screen_(std::make_shared<Screen>()), host_(std::move(host)) {
    growth_.setInterval(growthInterval);
    connect(&growth_, &QTimer::timeout, this, &PredictionController::reportGrowth);
}

PredictionController::PredictionController(LoadEngine load, std::filesystem::path models, QObject* parent)
    : PredictionController(std::make_shared<EngineHost>(std::move(load)), std::move(models), parent) {}

PredictionController::~PredictionController() {
    if (run_) run_->cancel.cancel();
}

void PredictionController::listModels() {
    host_->ask(
        this, [folder = models_](HostedEngine&) { return modelsInFolder(folder); },
        [this](const QList<ModelListing>& found) { Q_EMIT modelsListed(found); });
}

void PredictionController::openModel(const std::filesystem::path& file) {
    endRun(false);
    ++lookTicket_;
    const auto ticket = ++openTicket_;
    setPhase(Phase::OpeningModel);
    host_->ask(
        this,
        [file](HostedEngine& engine) {
            const auto head = readModelHead(file);
            return std::pair{engine.open(file), head ? warningOf(head->card) : QString()};
        },
        [this, ticket](const std::pair<Result<ModelSummary>, QString>& opened) {
            finishOpening(opened.first, opened.second, ticket);
        });
}

void PredictionController::finishOpening(const Result<ModelSummary>& opened, const QString& warning,
                                         std::uint64_t ticket) {
    if (ticket != openTicket_) return;
    if (!opened) {
        setPhase(!model_                             ? Phase::NoModel
                 : run_ && run_->table->spots() != 0 ? Phase::Cancelled
                                                     : Phase::Ready);
        Q_EMIT modelFailed(opened.error());
        return;
    }
    endRun(true);
    kept_.clear();
    model_ = describe(*opened);
    model_->warning = warning;
    setPhase(Phase::Ready);
    Q_EMIT modelOpened(*model_);
    Q_EMIT fieldGrew();
    lookForKept();
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
    lookForKept();
}

// Somebody who goes to another slide and comes back finds what he left; a run that was under way has stopped.
void PredictionController::keepRun() {
    if (!run_ || !slide_.source || !slide_.scale || run_->table->spots() == 0 || state_.settingsChanged)
        return;
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
    reported_ = state_.done = run_->table->spots();
    state_.total = std::max(run_->table->lattice().tissueSpots, state_.done);
    setPhase(kept.complete ? Phase::Done : Phase::Cancelled);
    return true;
}

// What was begun another time goes on, and what was completed is shown, without being asked for.
void PredictionController::lookForKept() {
    const auto look = ++lookTicket_;
    const auto idle = [this] { return state_.phase == Phase::Ready || state_.phase == Phase::Cancelled; };
    if (!model_ || !slide_.source || !slide_.scale || !idle()) return;
    const auto work = [request = request()](HostedEngine& engine) {
        const auto model = engine.model();
        if (!model) return KeptRun::None;
        auto whole = request;
        whole.wholeSlideContext = engine.wholeSlideContext;
        return (*model)->keptRun(whole);
    };
    host_->ask(this, work, [this, look, idle](KeptRun kept) {
        if (look == lookTicket_ && kept != KeptRun::None && idle()) predict();
    });
}

void PredictionController::setVisibleRegion(Level0Rect region) {
    const std::lock_guard lock(screen_->mutex);
    screen_->region = region;
}

PredictionRequest PredictionController::request() const {
    PredictionRequest request;
    request.slide = slide_.source;
    request.micronsPerPixel = *slide_.scale;
    request.first = screen_->get();
    request.visibleRegion = [screen = screen_] { return screen->get(); };
    return request;
}

void PredictionController::predict() {
    if (!model_ || !slide_.source || !slide_.scale || state_.phase == Phase::OpeningModel) return;
    const bool goesOn = run_ && !state_.settingsChanged &&
                        (state_.phase == Phase::Cancelled || state_.phase == Phase::Paused);
    auto table = goesOn ? run_->table
                        : std::make_shared<PredictionTable>(static_cast<std::size_t>(model_->genes.size()));
    endRun(!goesOn);
    state_.notes.clear();
    state_.device.clear();
    start(std::make_shared<Run>(std::move(table), request()));
}

void PredictionController::start(std::shared_ptr<Run> run) {
    run_ = std::move(run);
    ++lookTicket_;
    rate_.clear();
    run_->request.stoppedForGood = [forGood = run_->forGood] { return forGood->load(); };
    setPhase(Phase::Planning);
    growth_.start();
    const auto note = [this, host = host_.get(), self = QPointer<QObject>(this),
                       run = run_](const QString& said) {
        host->tell(self, [this, run, said] { noteFromRun(run, said); });
    };
    const auto tellDevice = [this, host = host_.get(), self = QPointer<QObject>(this),
                             run = run_](const QString& device, const QString& precision) {
        host->tell(self, [this, run, device, precision] {
            if (run != run_) return;
            state_.device = device;
            state_.precision = precision;
        });
    };
    host_->ask(
        this,
        [run = run_, note, tellDevice](HostedEngine& engine) {
            if (!run->cancel.isCancelled())
                tellDevice(forPeople(engine.device()), forPeople(engine.settings.precision));
            return predictOnWorker(engine, run, note);
        },
        [this, run = run_](const Result<PredictionReport>& report) { finishRun(run, report); });
}

Result<PredictionReport> PredictionController::predictOnWorker(HostedEngine& engine,
                                                               const std::shared_ptr<Run>& run,
                                                               const std::function<void(QString)>& note) {
    // A run that was stopped for good before it began still has to be forgotten by the cache.
    if (run->cancel.isCancelled() && !*run->forGood) return cancelled();
    const auto model = engine.model();
    if (!model) return Failure(model.error());
    run->request.wholeSlideContext = engine.wholeSlideContext;
    bool fits = true;
    PredictionListener listener;
    listener.planned = [&](const PredictionLattice& lattice) {
        if (run->cancel.isCancelled()) return;
        run->table->plan(lattice);
        run->planned = true;
        if (!lattice.costNote.empty()) note(QString::fromStdString(lattice.costNote));
    };
    // Nothing is sent to the window here: it looks at the table in its own time, so a flood of batches cannot
    // drown it.
    listener.batch = [&](const PredictionBatch& batch) {
        if (run->cancel.isCancelled()) return;
        const bool counts = run->counts(batch.cells.size());
        const auto added = run->table->addMissing(batch);
        fits &= added.has_value();
        if (counts) run->computed += added.value_or(0);
    };
    listener.note = [&](const std::string& sentence) { note(QString::fromStdString(sentence)); };
    auto report = (*model)->predictLattice(run->request, listener, run->cancel);
    if (report && !fits)
        return fail(ErrorKind::Defect, "the engine returned values for places that do not exist");
    return report;
}

void PredictionController::cancel() {
    if (state_.phase == Phase::Paused) {
        forgetInCache();
        return setPhase(Phase::Cancelled);
    }
    if (!state_.isBusy()) return;
    reportGrowth();
    *run_->forGood = true; // before the engine hears that it is to stop
    endRun(false);
    setPhase(Phase::Cancelled);
}

// The run that was paused has ended long ago: the engine is asked for one that is stopped before it begins.
void PredictionController::forgetInCache() {
    auto run = std::make_shared<Run>(run_->table, request());
    *run->forGood = true;
    run->request.stoppedForGood = [] { return true; };
    run->cancel.cancel();
    host_->ask(
        this, [run](HostedEngine& engine) { return predictOnWorker(engine, run, [](const QString&) {}); },
        [](const Result<PredictionReport>&) {});
}

void PredictionController::pause() {
    if (!state_.isBusy()) return;
    reportGrowth();
    endRun(false);
    setPhase(Phase::Paused);
}

void PredictionController::resume() {
    if (state_.phase == Phase::Paused) predict();
}

void PredictionController::endRun(bool forgetValues) {
    growth_.stop();
    ++lookTicket_;
    if (run_) run_->cancel.cancel();
    if (!forgetValues) return;
    run_.reset();
    reported_ = shownSpots_ = 0;
    shown_ = {};
    state_.done = state_.total = 0;
    state_.settingsChanged = false;
    state_.notes.clear();
}

void PredictionController::finishRun(const std::shared_ptr<Run>& run,
                                     const Result<PredictionReport>& report) {
    if (run != run_ || !state_.isBusy()) return; // an older run, or one that was cancelled meanwhile
    growth_.stop();
    reportGrowth();
    if (report) {
        for (const auto& sentence : report->notes)
            noteFromRun(run, QString::fromStdString(sentence));
        if (!report->device.empty()) state_.device = forPeople(report->device);
        return setPhase(Phase::Done);
    }
    setPhase(run->table->spots() != 0 ? Phase::Cancelled : Phase::Ready);
    if (report.error().kind != ErrorKind::Cancelled) Q_EMIT predictionFailed(report.error());
}

void PredictionController::noteFromRun(const std::shared_ptr<Run>& run, const QString& sentence) {
    if (run != run_ || state_.notes.contains(sentence)) return;
    state_.notes.append(sentence);
    Q_EMIT stateChanged(state_);
}

void PredictionController::reportGrowth() {
    if (!run_) return;
    const auto spots = run_->table->spots();
    const bool planned = state_.phase == Phase::Planning && run_->planned;
    if (run_->computing) rate_.add(clock_(), run_->computed);
    if ((spots == reported_ && !planned) || !run_->planned) return;
    const bool grew = spots != reported_;
    reported_ = state_.done = spots;
    state_.total = std::max(run_->table->lattice().tissueSpots, spots);
    state_.phase = Phase::Running;
    state_.spotsPerSecond = rate_.perSecond();
    state_.secondsLeft.reset();
    if (state_.spotsPerSecond > 0)
        state_.secondsLeft = static_cast<double>(state_.total - spots) / state_.spotsPerSecond;
    Q_EMIT stateChanged(state_);
    if (grew || planned) Q_EMIT fieldGrew();
}

void PredictionController::setPhase(Phase phase) {
    state_.phase = phase;
    if (phase != Phase::Running) {
        state_.spotsPerSecond = 0;
        state_.secondsLeft.reset();
    }
    Q_EMIT stateChanged(state_);
}

void PredictionController::useNewSettings() {
    kept_.clear();
    if (run_) {
        state_.settingsChanged = true;
        Q_EMIT stateChanged(state_);
    } else {
        lookForKept();
    }
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
        run_->table->fill(shown_, static_cast<std::size_t>(found - model_->genes.begin()), shownSpots_);
    return shown_;
}

} // namespace spotglass
