#include "app/cli/JobsCommand.h"

#include "app/jobs/JobQueue.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kLookAgain{250};

void print(const std::string& line) {
    std::fprintf(stdout, "%s\n", line.c_str());
}
void print(const Json& document) {
    print(document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// "2026-11-22 14:05", local time; "-" where it has not happened.
std::string timeOf(std::int64_t milliseconds) {
    if (milliseconds <= 0) return "-";
    const std::time_t seconds = milliseconds / 1000;
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
    return text;
}

std::string placeOf(const Job& job) {
    if (!job.slurm) return "this computer";
    return "Slurm" + (job.clusterJob.empty() ? std::string() : " " + job.clusterJob);
}

Json toJson(const Job& job) {
    Json j = toRecord(job);
    j["id"] = job.id;
    j["state"] = nameOf(job.state);
    return j;
}

/// A queue of this workspace. Where no window runs it, what has ended meanwhile is seen now.
Result<std::vector<Job>> lookAt(JobQueue& queue) {
    if (auto done = queue.tick(false); !done) return Failure(done.error());
    return queue.jobs();
}

Result<JobQueue> queueOf(const JobsOptions& options) {
    if (options.workspace.empty())
        return fail(ErrorKind::Device, "there is no folder for the data of programs", {},
                    "Set HOME, or SPOTGLASS_WORKSPACE to a file");
    return JobQueue(JobQueue::programsFor(options.workspace));
}

Result<Job> find(const std::vector<Job>& jobs, const std::string& id) {
    const Job* found = nullptr;
    for (const auto& job : jobs) {
        if (!job.id.starts_with(id)) continue;
        if (found)
            return badInput("more than one training begins with " + id, {}, "Give more of its letters");
        found = &job;
    }
    if (!found)
        return badInput("there is no training " + id, {}, "spotglass-cli jobs list shows those there are");
    return *found;
}

} // namespace

Result<void> runJobsList(const JobsOptions& options) {
    auto queue = queueOf(options);
    if (!queue) return Failure(queue.error());
    const auto jobs = lookAt(*queue);
    if (!jobs) return Failure(jobs.error());
    if (options.json) {
        Json all = Json::array();
        for (const auto& job : *jobs)
            all.push_back(toJson(job));
        print(all);
        return {};
    }
    if (jobs->empty()) std::fprintf(stderr, "There are no trainings.\n");
    for (const auto& job : *jobs) {
        char line[256];
        std::snprintf(line, sizeof line, "%-8s  %-9s  %4d/%-4d  %-16s  %s", job.id.c_str(), nameOf(job.state),
                      job.epoch, job.epochs, placeOf(job).c_str(), job.name.substr(0, 120).c_str());
        print(std::string(line));
    }
    return {};
}

Result<void> runJobsShow(const JobsOptions& options) {
    auto queue = queueOf(options);
    if (!queue) return Failure(queue.error());
    const auto jobs = lookAt(*queue);
    if (!jobs) return Failure(jobs.error());
    const auto job = find(*jobs, options.id);
    if (!job) return Failure(job.error());
    if (options.json) {
        print(toJson(*job));
        return {};
    }
    print("Training   " + job->id + "  " + job->name);
    print("State      " + std::string(nameOf(job->state)) +
          (job->sentence.empty() ? "" : ": " + job->sentence));
    print("Epoch      " + std::to_string(job->epoch) + " of at most " + std::to_string(job->epochs));
    print("Where      " + placeOf(*job));
    print("Folder     " + job->folder.string());
    print("Asked for  " + timeOf(job->created));
    print("Started    " + timeOf(job->started));
    print("Ended      " + timeOf(job->ended));
    print("Settings   " + (job->folder / "settings.json").string());
    print("Log        " + (job->folder / "log.txt").string());
    return {};
}

Result<void> runJobsCancel(const JobsOptions& options) {
    auto queue = queueOf(options);
    if (!queue) return Failure(queue.error());
    auto jobs = lookAt(*queue);
    if (!jobs) return Failure(jobs.error());
    const auto job = find(*jobs, options.id);
    if (!job) return Failure(job.error());
    if (job->isOver()) {
        std::fprintf(stderr, "This training is over already (%s).\n", nameOf(job->state));
        return {};
    }
    if (auto asked = queue->request(job->id, "cancel"); !asked) return asked;
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
        jobs = lookAt(*queue);
        if (!jobs) return Failure(jobs.error());
        const auto now = find(*jobs, job->id);
        if (!now || now->isOver()) {
            std::fprintf(stderr, "Cancelled. What was computed is in %s\n", job->folder.string().c_str());
            return {};
        }
        std::this_thread::sleep_for(kLookAgain);
    }
    return fail(ErrorKind::Device, "the training has not ended yet; it was asked to", job->folder.string(),
                "Look again with: spotglass-cli jobs show " + job->id);
}

} // namespace spotglass
