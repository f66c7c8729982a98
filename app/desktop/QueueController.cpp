#include "app/desktop/QueueController.h"

#include "inference/store/Workspace.h"
#include "viewer/slide/SlideFolder.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <spdlog/spdlog.h>

namespace spotglass {
using State = QueuedSlide::State;

struct QueueController::Run {
    explicit Run(std::filesystem::path which) : file(std::move(which)) {}
    const std::filesystem::path file;
    OpenedSlide slide; ///< once it is open; GUI thread
    CancelToken cancel;
    std::atomic<std::size_t> done{0}, total{0}; ///< spots
};

namespace {

const std::string settingKey = "queue";
constexpr int progressInterval = 250; ///< ms

constexpr std::array<std::pair<State, const char*>, 4> stateNames{{{State::Waiting, "waiting"},
                                                                   {State::Done, "done"},
                                                                   {State::Failed, "failed"},
                                                                   {State::NeedsScale, "needs scale"}}};

QString nameOf(State state) {
    for (const auto& [known, name] : stateNames)
        if (known == state) return QLatin1String(name);
    return QLatin1String("waiting"); // one that runs is continued
}

State stateNamed(const QString& text) {
    for (const auto& [known, name] : stateNames)
        if (text == QLatin1String(name)) return known;
    return State::Waiting;
}

/// As the window opens it, with the scale that its user may have given.
Result<OpenedSlide> openWithScale(const std::filesystem::path& file, const std::filesystem::path& workspace) {
    auto source = openSlide(file);
    if (!source) return Failure(source.error());
    OpenedSlide slide{std::filesystem::absolute(file), *source, (*source)->info()->micronsPerPixel};
    if (slide.scale || workspace.empty()) return slide;
    auto known = Workspace::open(workspace);
    const auto given = known ? known->scale((*source)->fingerprint()) : Failure(known.error());
    if (!given)
        spdlog::warn("{}", given.error().sentence());
    else if (*given)
        slide.scale = (*given)->micronsPerPixel;
    return slide;
}

Result<PredictionReport> predictOnWorker(HostedEngine& engine, PredictionRequest request,
                                         const PredictionListener& listener, const CancelToken& cancel) {
    if (cancel.isCancelled()) return cancelled();
    if (engine.settings.cacheFolder.empty())
        return fail(ErrorKind::Device, "there is no folder to keep predictions in");
    const auto model = engine.model();
    if (!model) return Failure(model.error());
    request.wholeSlideContext = engine.wholeSlideContext;
    return (*model)->predictLattice(request, listener, cancel);
}

} // namespace

std::string queueToText(const QList<QueuedSlide>& slides, bool paused) {
    QJsonArray all;
    for (const QueuedSlide& slide : slides)
        all.append(QJsonObject{{QStringLiteral("file"), QString::fromStdString(slide.file.string())},
                               {QStringLiteral("state"), nameOf(slide.state)},
                               {QStringLiteral("sentence"), slide.sentence}});
    const QJsonObject queue{{QStringLiteral("slides"), all}, {QStringLiteral("paused"), paused}};
    return QJsonDocument(queue).toJson(QJsonDocument::Compact).toStdString();
}

std::pair<QList<QueuedSlide>, bool> queueFromText(const std::string& text) {
    const QJsonObject queue = QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
    QList<QueuedSlide> slides;
    for (const QJsonValue& value : queue.value(QStringLiteral("slides")).toArray()) {
        const QString file = value[QStringLiteral("file")].toString();
        if (file.isEmpty()) continue;
        QueuedSlide slide{file.toStdString(), stateNamed(value[QStringLiteral("state")].toString())};
        slide.sentence = value[QStringLiteral("sentence")].toString();
        slides.append(slide);
    }
    return {slides, queue.value(QStringLiteral("paused")).toBool()};
}

QueueController::QueueController(std::shared_ptr<EngineHost> host, PredictionService& predictions,
                                 std::filesystem::path workspace, OpenSlide open, QObject* parent)
    : QueueService(parent), predictions_(predictions), workspace_(std::move(workspace)),
      open_(std::move(open)), host_(std::move(host)), memory_(std::make_unique<SerialWorker>()),
      files_(std::make_unique<SerialWorker>()) {
    if (!open_)
        open_ = [workspace = workspace_](const std::filesystem::path& file) {
            return openWithScale(file, workspace);
        };
    progress_.setInterval(progressInterval);
    connect(&progress_, &QTimer::timeout, this, &QueueController::showProgress);
    connect(host_.get(), &EngineHost::wanted, this, &QueueController::interrupt);
    connect(host_.get(), &EngineHost::idle, this, &QueueController::advance);
    connect(&predictions_, &PredictionService::modelOpened, this, [this] {
        Q_EMIT changed(); // what it waits for
        advance();
    });
    load();
}

QueueController::~QueueController() {
    if (run_) run_->cancel.cancel();
    files_.reset();
    memory_.reset();
}

void QueueController::load() {
    if (workspace_.empty()) {
        loaded_ = true;
        return;
    }
    memory_->post([this, host = host_.get(), self = QPointer<QObject>(this), file = workspace_] {
        auto workspace = Workspace::open(file);
        const auto kept = workspace ? workspace->setting(settingKey) : Failure(workspace.error());
        if (!kept) spdlog::warn("{}", kept.error().sentence());
        auto queue = queueFromText(kept && *kept ? **kept : std::string());
        host->tell(self, [this, queue = std::move(queue)] {
            std::vector<std::filesystem::path> added;
            for (const QueuedSlide& slide : std::exchange(slides_, queue.first))
                added.push_back(slide.file);
            paused_ |= queue.second;
            loaded_ = true;
            if (!added.empty()) add(added);
            Q_EMIT changed();
            advance();
        });
    });
}

void QueueController::save() {
    if (!loaded_ || workspace_.empty()) return;
    memory_->post([file = workspace_, text = queueToText(slides_, paused_)] {
        auto workspace = Workspace::open(file);
        const auto kept = workspace ? workspace->setSetting(settingKey, text) : Failure(workspace.error());
        if (!kept) spdlog::warn("{}", kept.error().sentence());
    });
}

void QueueController::tellChange() {
    save();
    Q_EMIT changed();
}

QueuedSlide* QueueController::find(const std::filesystem::path& file) {
    const auto found = std::ranges::find(slides_, file, &QueuedSlide::file);
    return found == slides_.end() ? nullptr : &*found;
}

void QueueController::add(const std::vector<std::filesystem::path>& files) {
    for (const auto& given : files) {
        const auto file = std::filesystem::absolute(given).lexically_normal(); // does not touch the disk
        QueuedSlide* known = find(file);
        if (!known)
            slides_.append(QueuedSlide{file});
        else if (known->state != State::Running)
            *known = QueuedSlide{file};
    }
    tellChange();
    advance();
}

void QueueController::remove(const std::filesystem::path& file) {
    if (run_ && run_->file == file) run_->cancel.cancel();
    if (erase_if(slides_, [&file](const QueuedSlide& slide) { return slide.file == file; }) > 0) tellChange();
}

void QueueController::move(const std::filesystem::path& file, int to) {
    const auto found = std::ranges::find(slides_, file, &QueuedSlide::file);
    if (found == slides_.end()) return;
    const auto from = static_cast<int>(found - slides_.begin());
    to = std::clamp(to, 0, static_cast<int>(slides_.size()) - 1);
    if (from == to) return;
    slides_.move(from, to);
    tellChange();
}

void QueueController::setPaused(bool paused) {
    if (paused == paused_) return;
    paused_ = paused;
    if (paused_) interrupt();
    tellChange();
    advance();
}

bool QueueController::hasModel() const {
    const auto phase = predictions_.state().phase;
    return phase != PredictionState::Phase::NoModel && phase != PredictionState::Phase::OpeningModel;
}

QString QueueController::waitsFor() const {
    const bool waiting =
        std::ranges::any_of(slides_, [](const QueuedSlide& slide) { return slide.state == State::Waiting; });
    if (!waiting) return {};
    if (paused_) return tr("The queue is paused.");
    if (!hasModel()) return tr("These slides are predicted as soon as a model is open.");
    if (host_->isBusy()) return tr("The slide in view is predicted first.");
    return {};
}

// The slide in hand ends after its batch, and waits for its turn to go on.
void QueueController::interrupt() {
    if (run_) run_->cancel.cancel();
}

void QueueController::advance() {
    if (run_ || paused_ || !loaded_ || host_->isBusy() || !hasModel()) return;
    const auto next = std::ranges::find(slides_, State::Waiting, &QueuedSlide::state);
    if (next == slides_.end()) return;
    next->state = State::Running;
    run_ = std::make_shared<Run>(next->file);
    Q_EMIT changed();
    files_->post([this, run = run_, open = open_, host = host_.get(), self = QPointer<QObject>(this)] {
        host->tell(self, [this, run, opened = open(run->file)] { finishOpening(run, opened); });
    });
}

void QueueController::finishOpening(const std::shared_ptr<Run>& run, const Result<OpenedSlide>& opened) {
    if (run->cancel.isCancelled()) return finishRun(run, cancelled());
    if (!opened) return finishRun(run, Failure(opened.error()));
    if (opened->scale && opened->scale->isValid()) {
        run->slide = *opened;
        return predict(run);
    }
    run_.reset();
    if (QueuedSlide* slide = find(run->file)) {
        slide->state = State::NeedsScale;
        slide->sentence = tr("This slide does not say how large its pixels are. Open it, give its scale, and "
                             "add it again.");
    }
    tellChange();
    advance();
}

void QueueController::predict(const std::shared_ptr<Run>& run) {
    progress_.start();
    PredictionRequest request;
    request.slide = run->slide.source;
    request.micronsPerPixel = *run->slide.scale;
    host_->askInBackground(
        this,
        [run, request](HostedEngine& engine) {
            PredictionListener listener;
            listener.planned = [run](const PredictionLattice& lattice) { run->total = lattice.tissueSpots; };
            listener.batch = [run](const PredictionBatch& batch) { run->done += batch.cells.size(); };
            listener.note = [](const std::string&) {}; // the report has them all
            return predictOnWorker(engine, request, listener, run->cancel);
        },
        [this, run](const Result<PredictionReport>& report) { finishRun(run, report); });
}

void QueueController::finishRun(const std::shared_ptr<Run>& run, const Result<PredictionReport>& report) {
    progress_.stop();
    run_.reset();
    if (QueuedSlide* slide = find(run->file)) {
        slide->done = run->done;
        slide->total = std::max<std::size_t>(run->total, slide->done);
        QStringList said;
        if (report)
            for (const auto& note : report->notes)
                said << QString::fromStdString(note);
        else if (report.error().kind != ErrorKind::Cancelled)
            said << QString::fromStdString(report.error().sentence());
        slide->sentence = said.join(u' ');
        slide->state = report                                        ? State::Done
                       : report.error().kind == ErrorKind::Cancelled ? State::Waiting
                                                                     : State::Failed;
    }
    tellChange();
    advance();
}

void QueueController::showProgress() {
    QueuedSlide* slide = run_ ? find(run_->file) : nullptr;
    if (!slide || (slide->done == run_->done && slide->total == run_->total)) return;
    slide->done = run_->done;
    slide->total = run_->total;
    Q_EMIT changed();
}

} // namespace spotglass
