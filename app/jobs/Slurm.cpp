#include "app/jobs/Slurm.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <QProcess>
#include <QProcessEnvironment>
#include <QThread>

namespace spotglass {
namespace {

constexpr std::chrono::milliseconds kLookAgain{500};
constexpr std::array<const char*, 4> kPending{"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD"};
constexpr std::array<const char*, 6> kRunning{"RUNNING",   "COMPLETING", "SUSPENDED",
                                              "STAGE_OUT", "SIGNALING",  "STOPPED"};

struct Answer {
    int exitCode = 0;
    std::string out, error;
};

std::string trimmed(const QByteArray& text) {
    return text.trimmed().toStdString();
}

Result<Answer> ask(std::chrono::milliseconds patience, const QString& program, const QStringList& arguments,
                   const QProcessEnvironment& environment = QProcessEnvironment::systemEnvironment()) {
    QProcess process;
    process.setProcessEnvironment(environment);
    process.setStandardInputFile(QProcess::nullDevice());
    process.start(program, arguments);
    if (!process.waitForStarted(static_cast<int>(patience.count())))
        return fail(
            ErrorKind::Device,
            "there is no Slurm on this computer (" + program.toStdString() + " is missing)", {},
            "Install Slurm's commands (on Debian the package slurm-client), or train on this computer");
    if (!process.waitForFinished(static_cast<int>(patience.count()))) {
        process.kill();
        process.waitForFinished(1000);
        return fail(ErrorKind::Device, "the cluster does not answer (" + program.toStdString() + ")", {},
                    "Try again later, or ask whoever looks after it");
    }
    return Answer{process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
                  trimmed(process.readAllStandardOutput()), trimmed(process.readAllStandardError())};
}

/// The last line is the one that says what is wrong.
Failure refused(const Answer& answer) {
    auto said = answer.error.empty() ? answer.out : answer.error;
    said = said.substr(said.rfind('\n') + 1);
    if (const auto colon = said.find("error: "); colon != std::string::npos) said = said.substr(colon + 7);
    return fail(ErrorKind::Device, "the cluster refuses: " + said, {},
                "Check partition, time and memory; sinfo lists what the cluster offers");
}

QStringList resources(const SlurmPlace& place) {
    const int tasks = std::max(1, place.gpus); // a process each
    QStringList list{QStringLiteral("--nodes=%1").arg(place.nodes),
                     QStringLiteral("--ntasks-per-node=%1").arg(tasks),
                     QStringLiteral("--cpus-per-task=%1").arg(std::max(1, place.processors / tasks)),
                     QStringLiteral("--mem=%1G").arg(place.memoryGigabytes),
                     QStringLiteral("--time=%1").arg(QString::fromStdString(place.time))};
    if (!place.partition.empty())
        list << QStringLiteral("--partition=") + QString::fromStdString(place.partition);
    if (place.gpus > 0) list << QStringLiteral("--gpus-per-node=%1").arg(place.gpus);
    return list;
}

/// What the script reads (packaging/slurm/train.sbatch).
QProcessEnvironment environmentOf(const SlurmPlace& place, const std::filesystem::path& program) {
    auto environment = QProcessEnvironment::systemEnvironment();
    QStringList modules;
    for (const auto& module : place.modules)
        modules << QString::fromStdString(module);
    environment.insert(QStringLiteral("SPOTGLASS_CLI"),
                       QString::fromStdString(place.program.empty() ? program.string() : place.program));
    environment.insert(QStringLiteral("SPOTGLASS_MODULES"), modules.join(u' '));
    environment.insert(QStringLiteral("SPOTGLASS_CONTAINER"), QString::fromStdString(place.container));
    return environment;
}

/// "COMPLETED", "CANCELLED by 1000" and "RUNNING+" to a state.
ClusterStatus statusFrom(std::string word, std::string reason) {
    word = word.substr(0, word.find_first_of(" +"));
    const auto in = [&](const auto& words) {
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    using State = ClusterStatus::State;
    const auto state = word.empty()   ? State::Unknown
                       : in(kPending) ? State::Pending
                       : in(kRunning) ? State::Running
                                      : State::Ended;
    return {state, std::move(word), reason == "None" ? std::string() : std::move(reason)};
}

std::string valueOf(const std::string& line, const std::string& key) {
    const auto at = line.find(key + "=");
    if (at == std::string::npos) return {};
    const auto begin = at + key.size() + 1;
    return line.substr(begin, line.find_first_of(" \n", begin) - begin);
}

/// Another for every training, so that it is found again.
QString nameOf(const Job& job) {
    return QStringLiteral("spotglass-") + QString::fromStdString(job.id);
}

} // namespace

Result<std::string> Slurm::find(const Job& job) const {
    const auto answer = ask(patience_, QStringLiteral("squeue"),
                            {QStringLiteral("--noheader"), QStringLiteral("--me"),
                             QStringLiteral("--name=") + nameOf(job), QStringLiteral("--format=%i")});
    if (!answer) return Failure(answer.error());
    if (answer->exitCode != 0) return refused(*answer);
    return answer->out.substr(0, answer->out.find('\n'));
}

Result<std::string> Slurm::submit(const Job& job, const std::filesystem::path& settings,
                                  const std::filesystem::path& log) const {
    const auto& place = *job.slurm;
    QStringList arguments{QStringLiteral("--parsable"), QStringLiteral("--job-name=") + nameOf(job),
                          QStringLiteral("--open-mode=append"),
                          QStringLiteral("--output=") + QString::fromStdString(log.string()),
                          QStringLiteral("--chdir=") + QString::fromStdString(job.folder.string())};
    arguments << resources(place);
    arguments << QString::fromStdString(script_.string())
              << QString::fromStdString(job.config.value("cohort", std::string()))
              << QString::fromStdString(settings.string()) << QString::fromStdString(job.folder.string());
    const auto answer = ask(patience_, QStringLiteral("sbatch"), arguments, environmentOf(place, program_));
    if (!answer) return Failure(answer.error());
    if (answer->exitCode != 0) return refused(*answer);
    return answer->out.substr(0, answer->out.find(';')); // "NUMBER;CLUSTER"
}

Result<ClusterStatus> Slurm::status(const std::string& number) const {
    const auto id = QString::fromStdString(number);
    auto queue = ask(patience_, QStringLiteral("squeue"),
                     {QStringLiteral("--noheader"), QStringLiteral("--states=all"),
                      QStringLiteral("--jobs=") + id, QStringLiteral("--format=%T|%r")});
    if (!queue) return Failure(queue.error());
    if (queue->exitCode == 0 && !queue->out.empty()) {
        const auto bar = queue->out.find('|');
        return statusFrom(
            queue->out.substr(0, bar),
            bar == std::string::npos ? "" : queue->out.substr(bar + 1, queue->out.find('\n') - bar - 1));
    }
    // "Invalid job id specified" is an answer; anything else is not.
    if (queue->exitCode != 0 && queue->error.find("Invalid job id") == std::string::npos)
        return fail(ErrorKind::Device, "the cluster does not answer: " + queue->error.substr(0, 200));
    const auto accounting =
        ask(patience_, QStringLiteral("sacct"),
            {QStringLiteral("--noheader"), QStringLiteral("--allocations"), QStringLiteral("--parsable2"),
             QStringLiteral("--jobs=") + id, QStringLiteral("--format=State")});
    if (accounting && accounting->exitCode == 0 && !accounting->out.empty())
        return statusFrom(accounting->out.substr(0, accounting->out.find('\n')), {});
    const auto control =
        ask(patience_, QStringLiteral("scontrol"),
            {QStringLiteral("--oneliner"), QStringLiteral("show"), QStringLiteral("job"), id});
    if (control && control->exitCode == 0)
        return statusFrom(valueOf(control->out, "JobState"), valueOf(control->out, "Reason"));
    return ClusterStatus{};
}

Result<void> Slurm::cancel(const std::string& number, bool kindly) const {
    QStringList arguments;
    // To the tasks alone: the script then ends by itself, after its log is complete.
    if (kindly) arguments << QStringLiteral("--signal=INT");
    const auto answer =
        ask(patience_, QStringLiteral("scancel"), arguments << QString::fromStdString(number));
    if (!answer) return Failure(answer.error());
    if (answer->exitCode != 0 && answer->error.find("Invalid job id") == std::string::npos)
        return refused(*answer);
    return {};
}

Result<std::string> Slurm::check(const SlurmPlace& place, double patience) const {
    auto arguments = resources(place);
    arguments << QStringLiteral("--parsable") << QStringLiteral("--job-name=spotglass-check")
              << QStringLiteral("--output=/dev/null") << QStringLiteral("--time=5")
              << QString::fromStdString((script_.parent_path() / "check.sbatch").string());
    const auto submitted =
        ask(patience_, QStringLiteral("sbatch"), arguments, environmentOf(place, program_));
    if (!submitted) return Failure(submitted.error());
    if (submitted->exitCode != 0) return refused(*submitted);
    const auto number = submitted->out.substr(0, submitted->out.find(';'));
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience);
    for (;;) {
        const auto now = status(number);
        if (!now) return Failure(now.error());
        if (now->state == ClusterStatus::State::Ended || now->state == ClusterStatus::State::Unknown) {
            if (now->word == "COMPLETED")
                return std::string("The cluster took a test job, and found the program.");
            return fail(ErrorKind::Device, "the cluster took a test job, but the program did not start there",
                        {}, "Check the path of spotglass-cli on the nodes, the modules and the container");
        }
        if (std::chrono::steady_clock::now() > until) {
            static_cast<void>(cancel(number, false));
            return "The cluster took a test job, but it has not run within " +
                   std::to_string(static_cast<int>(patience)) + " seconds (" +
                   (now->reason.empty() ? now->word : now->reason) +
                   "); a training would wait there as well.";
        }
        QThread::msleep(static_cast<unsigned long>(kLookAgain.count()));
    }
}

} // namespace spotglass
