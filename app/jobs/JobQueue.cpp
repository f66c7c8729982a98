#include "app/jobs/JobQueue.h"

#include "inference/store/Sha256.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <QProcess>
#include <QSysInfo>
#include <QUuid>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

/// So long a training that is cancelled may take to end by itself: it does so after the step in hand.
constexpr std::int64_t kPatience = 15000; // ms
constexpr std::int64_t kClusterPatience = 60000;
constexpr std::int64_t kClusterPause = 3000, kClusterPauseAfterError = 30000; ///< between two looks
constexpr int kLateLooks = 20;

std::int64_t now() {
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

fs::path settingsOf(const Job& job) {
    return job.folder / "settings.json";
}
fs::path logOf(const Job& job) {
    return job.folder / "log.txt";
}
fs::path modelOf(const Job& job) {
    return job.folder / "model.safetensors";
}
/// Whether there is a state to go on from, of one network or of the first of several.
bool hasCheckpoint(const Job& job) {
    std::error_code ec;
    return fs::exists(job.folder / "checkpoint/state.safetensors", ec) ||
           fs::exists(job.folder / "member-1", ec);
}
/// Two computers can share a workspace; processes are those of one. Its name, which can change, and behind a
/// blank what does not.
std::string ownMachine() {
    return QSysInfo::machineHostName().toStdString() + ' ' + QSysInfo::machineUniqueId().toStdString();
}
bool isElsewhere(const Job& job) {
    const auto lasting = [](const std::string& machine) { return machine.substr(machine.rfind(' ') + 1); };
    return !job.slurm && !job.machine.empty() && lasting(job.machine) != lasting(ownMachine());
}

bool isThere(const fs::path& file) {
    std::error_code ec;
    return fs::exists(file, ec);
}

/// A run that was ended before it could do so itself leaves what it had found best, also in place of what an
/// earlier pause has left.
void keepBest(const Job& job) {
    const auto member = newestMember(job.folder);
    for (const auto& best : {job.folder / "checkpoint/best.safetensors", member / "model.safetensors",
                             member / "checkpoint/best.safetensors"}) {
        if (best == modelOf(job) || !isThere(best)) continue;
        static_cast<void>(writeAside(modelOf(job), [&](const fs::path& aside) -> Result<void> {
            std::error_code ec;
            fs::copy_file(best, aside, fs::copy_options::overwrite_existing, ec);
            if (ec)
                return fail(ErrorKind::Device, "the best model could not be copied (" + ec.message() + ")");
            return {};
        }));
        return;
    }
}

/// So that what an earlier attempt has told is not taken for this one's end.
void noteStart(const Job& job) {
    const auto events = job.folder / "events.jsonl";
    if (isThere(events)) std::ofstream(events, std::ios::app) << "\n{\"event\": \"starting\"}" << std::endl;
}

/// Whether the model is the one that the run says it has saved.
bool isAsSaved(const Job& job, const RunProgress& progress) {
    if (progress.sha256.empty()) return true; // a run of an older program
    const auto hash = sha256OfFile(modelOf(job));
    return hash && *hash == progress.sha256;
}

Result<void> checkFolder(const fs::path& folder) {
    for (const char* trace : {"events.jsonl", "model.safetensors", "checkpoint", "settings.json"})
        if (isThere(folder / trace))
            return badInput("this folder holds another training already", folder.string(),
                            "Choose an empty folder, or a new name");
    return checkWritable(folder / "settings.json");
}

} // namespace

JobQueue::JobQueue(Programs programs)
    : programs_(std::move(programs)), slurm_(programs_.slurmScript, programs_.commandLine),
      lock_(programs_.workspace.string() + ".queue") {}

JobQueue::Programs JobQueue::programsFor(const fs::path& workspace) {
    return {executableFolder() / "spotglass-cli", resourceFolder() / "slurm/train.sbatch", workspace,
            workspace.string() + ".predicting"};
}

Result<Workspace*> JobQueue::workspace() {
    if (!workspace_) {
        auto opened = Workspace::open(programs_.workspace);
        if (!opened) return Failure(opened.error());
        workspace_.emplace(std::move(*opened));
    }
    return &*workspace_;
}

Result<std::vector<Job>> JobQueue::jobs() {
    const auto workspace = this->workspace();
    if (!workspace) return Failure(workspace.error());
    const auto known = (*workspace)->jobs();
    if (!known) return Failure(known.error());
    std::vector<Job> jobs;
    for (const auto& one : *known)
        jobs.push_back(fromRecord(one));
    return jobs;
}

Result<Job> JobQueue::add(nlohmann::json config, const fs::path& folder, std::optional<SlurmPlace> place) {
    const auto workspace = this->workspace();
    if (!workspace) return Failure(workspace.error());
    Job job;
    job.folder = fs::absolute(folder).lexically_normal();
    if (auto ok = checkFolder(job.folder); !ok) return Failure(ok.error());
    job.id = QUuid::createUuid().toString(QUuid::WithoutBraces).left(8).toStdString();
    job.name = config.value("name", job.folder.filename().string());
    job.config = std::move(config);
    job.slurm = std::move(place);
    job.created = now();
    if (auto ok = writeFileAtomically(settingsOf(job), job.config.dump(1)); !ok) return Failure(ok.error());
    if (auto ok = (*workspace)->addJob({job.id, 0, nameOf(job.state), {}, toRecord(job).dump()}); !ok)
        return Failure(ok.error());
    return job;
}

Result<void> JobQueue::request(const std::string& id, const std::string& what) {
    const auto workspace = this->workspace();
    if (!workspace) return Failure(workspace.error());
    const auto there = (*workspace)->requestOfJob(id, what);
    if (!there) return Failure(there.error());
    if (!*there)
        return badInput("there is no training " + id, {}, "spotglass-cli jobs list shows those there are");
    return {};
}

Result<void> JobQueue::order(const std::vector<std::string>& ids) {
    const auto workspace = this->workspace();
    return workspace ? (*workspace)->orderJobs(ids) : Failure(workspace.error());
}

Result<void> JobQueue::keep(const Job& job) {
    return (*workspace_).updateJob(job.id, nameOf(job.state), toRecord(job).dump());
}

Result<bool> JobQueue::tick(bool startsNext) {
    const auto workspace = this->workspace();
    if (!workspace) return Failure(workspace.error());
    owner_ = lock_.tryExclusive();
    if (!owner_) return false; // the program that has it does all this
    const auto known = (*workspace)->jobs();
    if (!known) return Failure(known.error());
    bool changed = false, busy = false;
    std::vector<Job> jobs;
    for (const auto& one : *known) {
        Job job = fromRecord(one);
        const auto before = toRecord(job);
        const auto state = job.state;
        if (!one.request.empty()) {
            if (auto done = carryOut(job, one.request); !done) return Failure(done.error());
            changed = true;
            if (job.id.empty()) continue; // removed
        }
        if (job.state == JobState::Running) look(job);
        if (job.state != state || toRecord(job) != before) {
            changed = true;
            if (auto ok = keep(job); !ok) return Failure(ok.error());
        }
        busy = busy || (job.state == JobState::Running && !job.slurm && !isElsewhere(job));
        jobs.push_back(std::move(job));
    }
    for (auto& job : jobs) {
        if (!startsNext) break;
        if (job.state != JobState::Waiting || (!job.slurm && busy)) continue;
        // Written down first: what cannot be is not started, for it would be started again.
        job.state = JobState::Running;
        job.started = now();
        job.machine = ownMachine();
        if (auto ok = keep(job); !ok) return Failure(ok.error());
        start(job);
        busy = busy || !job.slurm;
        changed = true;
        if (auto ok = keep(job); !ok) return Failure(ok.error());
    }
    return changed;
}

Result<void> JobQueue::carryOut(Job& job, const std::string& request) {
    const bool runs = job.state == JobState::Running;
    if ((request == "pause" || request == "cancel") && runs) askToStop(job, request);
    if (request == "pause" && job.state == JobState::Waiting) job.state = JobState::Paused;
    if (request == "cancel" && (job.state == JobState::Waiting || job.state == JobState::Paused)) {
        job.state = JobState::Cancelled;
        job.ended = now();
        keepBest(job);
    }
    if (request == "resume" && !runs && job.state != JobState::Done) {
        job.state = JobState::Waiting;
        job.sentence.clear();
        job.clusterJob.clear();
        job.ended = 0;
    }
    if (request == "remove") {
        if (runs && !isElsewhere(job)) {
            if (job.asked != "cancel") askToStop(job, "cancel");
            // Goes when it has ended: the request stays. A cluster that never answers is not waited for.
            const auto since = removedSince_.try_emplace(job.id, now()).first->second;
            if (!job.slurm || now() - since < 2 * kClusterPatience) return keep(job);
        }
        auto gone = (*workspace_).forgetJob(job.id);
        if (gone) job.id.clear();
        return gone;
    }
    if (auto ok = keep(job); !ok) return ok;
    return (*workspace_).endRequest(job.id, request);
}

/// A second request changes what the first is for, and is no second signal: that would end the process before
/// it has kept its state.
void JobQueue::askToStop(Job& job, const std::string& what) {
    const bool isTold = !job.asked.empty() && job.askedAt > 0;
    job.asked = what;
    job.sentence = what == "pause" ? "Pausing after the step in hand." : "Ending after the step in hand.";
    if (isTold) {
        job.askedAt = now();
        return;
    }
    if (!job.slurm) {
        job.askedAt = now();
        interruptProcess(job.process);
        return;
    }
    if (auto done = slurm_.cancel(job.clusterJob, true); done)
        job.askedAt = now();
    else
        job.sentence = done.error().sentence(); // told again at the next look
}

void JobQueue::look(Job& job) {
    const auto progress = progressOf(job.folder);
    job.epoch = progress.epoch;
    if (progress.epochs > 0) job.epochs = progress.epochs;
    job.secondsLeft = progress.secondsLeft;
    const auto pausing = progress.last == "paused" ? progress.sentence : std::string();
    if (job.slurm) return lookAtCluster(job, pausing);
    if (job.asked.empty()) job.sentence = pausing;
    if (isElsewhere(job)) {
        job.sentence = "Runs on the computer " + job.machine.substr(0, job.machine.rfind(' ')) + ".";
        return;
    }
    if (isRunning(job.process)) {
        if (job.asked == "cancel" && now() - job.askedAt > kPatience) killProcess(job.process);
        return;
    }
    conclude(job, "The training was ended from outside, or the computer was switched off.");
}

/// Not at every look: a cluster is shared, and one that does not answer holds up everything else.
void JobQueue::lookAtCluster(Job& job, const std::string& pausing) {
    auto& askAgain = askAgain_[job.id];
    if (now() < askAgain) return;
    askAgain = now() + kClusterPause;
    const auto failed = [&](const Error& error) {
        job.sentence = error.sentence(); // it may answer again
        askAgain = now() + kClusterPauseAfterError;
    };
    if (job.clusterJob.empty()) { // handed over, but the program ended before it knew the number
        const auto number = slurm_.find(job);
        if (!number) return failed(number.error());
        if (number->empty()) return conclude(job, "The training was not handed over to the cluster.");
        job.clusterJob = *number;
    }
    const auto status = slurm_.status(job.clusterJob);
    using State = ClusterStatus::State;
    if (!status) return failed(status.error());
    if (!job.asked.empty() && job.askedAt == 0) askToStop(job, std::string(job.asked));
    if (job.asked.empty())
        job.sentence = status->state != State::Pending ? pausing
                       : status->reason.empty()        ? "Waits in the cluster's queue."
                                                : "Waits in the cluster's queue (" + status->reason + ").";
    if (status->state == State::Pending || status->state == State::Running) {
        // One that has not begun has no state to keep; one that does not listen is ended.
        const bool patience = now() - job.askedAt < kClusterPatience;
        const bool isTold = !job.asked.empty() && job.askedAt > 0;
        if (isTold && (status->state == State::Pending || (job.asked == "cancel" && !patience)))
            static_cast<void>(slurm_.cancel(job.clusterJob, false));
        return;
    }
    // The files of another machine can be seen later than its end.
    if (status->word == "COMPLETED" && progressOf(job.folder).last != "saved" &&
        ++lateLooks_[job.id] < kLateLooks)
        return;
    conclude(job,
             status->state == State::Unknown
                 ? "The cluster does not know this training any more (its number was " + job.clusterJob + ")."
                 : "The cluster ended the training (" + status->word + ").");
}

void JobQueue::conclude(Job& job, const std::string& otherwise) {
    const auto progress = progressOf(job.folder);
    const auto asked = std::exchange(job.asked, {});
    job.ended = now();
    job.secondsLeft.reset();
    job.sentence.clear();
    const bool rebooted = !job.slurm && !isOfThisBoot(job.process);
    if (progress.last == "saved" && isThere(modelOf(job))) {
        const bool asSaved = isAsSaved(job, progress);
        job.state = asSaved ? JobState::Done : JobState::Failed;
        if (!asSaved)
            job.sentence =
                "The model's file is not the one that the training saved: it was damaged on the way.";
    } else if (asked == "cancel") {
        job.state = JobState::Cancelled;
        keepBest(job);
    } else if (asked == "pause") {
        job.state = JobState::Paused;
    } else if (progress.last == "failed") {
        job.state = JobState::Failed;
        job.sentence = progress.sentence;
        keepBest(job);
    } else if (rebooted) {
        job.state = JobState::Waiting; // goes on by itself
        job.ended = 0;
    } else {
        job.state = JobState::Failed;
        job.sentence = otherwise + (hasCheckpoint(job) ? " Resume goes on from its last state." : "");
        keepBest(job);
    }
    job.process = {};
}

void JobQueue::start(Job& job) {
    job.sentence.clear();
    job.asked.clear();
    std::error_code ec;
    fs::create_directories(job.folder, ec);
    noteStart(job);
    // Written again: whoever waited long may find it changed.
    if (auto ok = writeFileAtomically(settingsOf(job), job.config.dump(1)); !ok) {
        job.state = JobState::Failed;
        job.sentence = ok.error().sentence();
        return;
    }
    if (job.slurm)
        startOnCluster(job);
    else
        startHere(job);
}

void JobQueue::startHere(Job& job) {
    QProcess process;
    process.setProgram(QString::fromStdString(programs_.commandLine.string()));
    QStringList arguments{QStringLiteral("train"),
                          QStringLiteral("--config"),
                          QString::fromStdString(settingsOf(job).string()),
                          QStringLiteral("--output"),
                          QString::fromStdString(job.folder.string()),
                          QStringLiteral("--give-way"),
                          QString::fromStdString(programs_.giveWay.string())};
    if (hasCheckpoint(job)) arguments << QStringLiteral("--resume");
    process.setArguments(arguments);
    process.setWorkingDirectory(QString::fromStdString(job.folder.string()));
    process.setStandardInputFile(QProcess::nullDevice());
    for (auto set : {&QProcess::setStandardOutputFile, &QProcess::setStandardErrorFile})
        (process.*set)(QString::fromStdString(logOf(job).string()), QIODevice::Append);
    process.setChildProcessModifier([] { runBehindOthers(); });
    qint64 number = 0;
    if (!process.startDetached(&number)) {
        job.state = JobState::Failed;
        job.sentence = "The training could not be started (" + programs_.commandLine.string() +
                       "): " + process.errorString().toStdString() + ".";
        return;
    }
    job.process = processOfNumber(number);
    job.state = JobState::Running;
}

void JobQueue::startOnCluster(Job& job) {
    auto number = slurm_.find(job); // one that was handed over before, and nobody knew
    if (number && number->empty()) number = slurm_.submit(job, settingsOf(job), logOf(job));
    if (!number) {
        job.state = JobState::Failed;
        job.sentence = number.error().sentence();
        return;
    }
    job.clusterJob = *number;
    job.state = JobState::Running;
}

} // namespace spotglass
