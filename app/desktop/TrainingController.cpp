#include "app/desktop/TrainingController.h"

#include "app/desktop/AskWorker.h"
#include "app/desktop/TrainingRecords.h"

#include <algorithm>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

constexpr int kLookAgain = 1000; ///< ms
constexpr int kLockAgain = 20;   ///< ms: a trainer holds the lock for a moment between its steps

/// Those that are over come last, the newest first; the others stay in the order of the queue.
QList<TrainingJob> inOrderOfWindow(const std::vector<Job>& jobs) {
    QList<TrainingJob> list;
    for (const auto& job : jobs)
        list.append(toTrainingJob(job));
    std::stable_sort(list.begin(), list.end(), [](const TrainingJob& a, const TrainingJob& b) {
        if (a.isOver() != b.isOver()) return b.isOver();
        return a.isOver() && a.ended > b.ended;
    });
    return list;
}

qint64 sizeOf(const fs::path& file) {
    std::error_code ec;
    const auto size = fs::file_size(file, ec);
    return ec ? 0 : static_cast<qint64>(size);
}

} // namespace

TrainingController::TrainingController(JobQueue::Programs programs, fs::path features,
                                       std::shared_ptr<EngineHost> host, QObject* parent)
    : TrainingService(parent), features_(std::move(features)), predicting_(programs.giveWay),
      queue_(std::make_unique<JobQueue>(std::move(programs))), worker_(std::make_unique<SerialWorker>()) {
    timer_.setInterval(kLookAgain);
    connect(&timer_, &QTimer::timeout, this, &TrainingController::look);
    timer_.start();
    if (host) {
        connect(host.get(), &EngineHost::wanted, this, [this] { giveDeviceTo(true); });
        connect(host.get(), &EngineHost::idle, this, [this] { giveDeviceTo(false); });
    }
    look();
}

TrainingController::~TrainingController() {
    worker_.reset();
}

template <typename Work, typename Answer> void TrainingController::ask(Work work, Answer answer) {
    askWorker(
        *worker_, this, [this, work = std::move(work)] { return work(*queue_); }, std::move(answer));
}

const TrainingJob* TrainingController::find(const QString& id) const {
    const auto found = std::ranges::find(jobs_, id, &TrainingJob::id);
    return found == jobs_.end() ? nullptr : &*found;
}

void TrainingController::look() {
    if (looking_.exchange(true)) return; // the cluster may take its time
    ask(
        [](JobQueue& queue) -> Result<QList<TrainingJob>> {
            if (auto done = queue.tick(); !done) return Failure(done.error());
            const auto jobs = queue.jobs();
            if (!jobs) return Failure(jobs.error());
            return inOrderOfWindow(*jobs); // here, for it looks into the runs' folders
        },
        [this](const Result<QList<TrainingJob>>& read) {
            looking_ = false;
            if (read)
                show(*read);
            else
                tellOnce(read.error());
        });
}

/// What is wrong with the workspace is so at every look.
void TrainingController::tellOnce(const Error& error) {
    const auto sentence = QString::fromStdString(error.sentence());
    if (std::exchange(lastProblem_, sentence) != sentence) Q_EMIT problem(error);
}

void TrainingController::show(const QList<TrainingJob>& jobs) {
    lastProblem_.clear();
    const auto before = std::exchange(jobs_, jobs);
    const bool first = !std::exchange(known_, true);
    const auto isSame = [](const TrainingJob& a, const TrainingJob& b) {
        return a.id == b.id && a.state == b.state && a.sentence == b.sentence && a.epoch == b.epoch &&
               a.epochs == b.epochs && a.hasModel == b.hasModel && a.clusterJob == b.clusterJob;
    };
    if (first || !std::ranges::equal(before, jobs_, isSame)) Q_EMIT jobsChanged();
    readFollowed();
    if (first) return;
    for (const auto& old : before) {
        const auto* job = find(old.id);
        if (job && job->isOver() && !old.isOver()) Q_EMIT finished(*job);
    }
}

void TrainingController::add(const QJsonObject& config, const fs::path& folder, const TrainingPlace& place) {
    auto wanted = fromQt(config);
    if (!wanted.contains("feature_cache") && !features_.empty()) wanted["feature_cache"] = features_.string();
    ask([wanted, folder, place](JobQueue& queue) { return queue.add(wanted, folder, toSlurmPlace(place)); },
        [this](const Result<Job>& job) {
            if (!job) Q_EMIT problem(job.error());
            look();
        });
}

void TrainingController::request(const QString& id, const char* what) {
    ask([id = id.toStdString(), what](JobQueue& queue) { return queue.request(id, what); },
        [this](const Result<void>& done) {
            if (!done) Q_EMIT problem(done.error());
            look();
        });
}

void TrainingController::move(const QString& id, int to) {
    std::vector<std::string> waiting;
    for (const auto& job : jobs_)
        if (job.state == TrainingJob::State::Waiting && job.id != id) waiting.push_back(job.id.toStdString());
    const auto place = std::clamp(to, 0, static_cast<int>(waiting.size()));
    waiting.insert(waiting.begin() + place, id.toStdString());
    std::vector<std::string> all; // what runs or is paused stays before them
    for (const auto& job : jobs_)
        if (job.state != TrainingJob::State::Waiting && job.id != id) all.push_back(job.id.toStdString());
    all.insert(all.end(), waiting.begin(), waiting.end());
    ask([all](JobQueue& queue) { return queue.order(all); },
        [this](const Result<void>& done) {
            if (!done) Q_EMIT problem(done.error());
            look();
        });
}

void TrainingController::follow(const QString& id) {
    ++followed_[id];
    seen_.remove(id);
    readFollowed();
}

void TrainingController::unfollow(const QString& id) {
    if (--followed_[id] > 0) return;
    followed_.remove(id);
    maps_.remove(id);
}

void TrainingController::readFollowed() {
    for (const auto& id : followed_.keys()) {
        const auto* job = find(id);
        if (!job) continue;
        ask(
            [id, run = job->folder,
             seen = seen_.value(id, -1)](JobQueue&) -> std::optional<std::pair<qint64, TrainingHistory>> {
                const auto size = sizeOf(run / "events.jsonl") + sizeOf(run / "log.txt");
                if (size == seen) return std::nullopt;
                return std::pair{size, readHistory(run)};
            },
            [this, id](const std::optional<std::pair<qint64, TrainingHistory>>& read) {
                if (!read || !followed_.contains(id)) return;
                seen_[id] = read->first;
                Q_EMIT historyRead(id, read->second);
                if (maps_.contains(id)) readMapOf(id);
            });
    }
}

void TrainingController::askMap(const QString& id, const QString& gene) {
    maps_[id] = gene;
    readMapOf(id);
}

void TrainingController::readMapOf(const QString& id) {
    const auto* job = find(id);
    if (!job) return;
    const auto gene = maps_.value(id);
    ask([run = job->folder, gene](JobQueue&) { return readMap(run, gene); },
        [this, id, gene](const SectionMap& map) {
            if (maps_.value(id) == gene) Q_EMIT mapRead(id, map);
        });
}

void TrainingController::askReport(const QString& id) {
    const auto* job = find(id);
    if (!job) return;
    ask([run = job->folder](JobQueue&) { return readReport(run); },
        [this, id](const std::optional<TrainingReport>& report) {
            if (report) Q_EMIT reportRead(id, *report);
        });
}

// The lock is asked for without waiting: the trainer has it only between two steps.
void TrainingController::giveDeviceTo(bool prediction) {
    predicts_ = prediction;
    if (!prediction) return predicting_.release();
    if (!predicting_.tryShared())
        QTimer::singleShot(kLockAgain, this, [this] {
            if (predicts_) giveDeviceTo(true);
        });
}

} // namespace spotglass
