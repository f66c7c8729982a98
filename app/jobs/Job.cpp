#include "app/jobs/Job.h"

#include <array>
#include <fstream>
#include <sstream>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<JobState, const char*>, 6> kStates{{{JobState::Waiting, "waiting"},
                                                                   {JobState::Running, "running"},
                                                                   {JobState::Paused, "paused"},
                                                                   {JobState::Done, "done"},
                                                                   {JobState::Failed, "failed"},
                                                                   {JobState::Cancelled, "cancelled"}}};
constexpr std::streamoff kTail = 256 << 10; ///< bytes: some epochs of a panel of thousands

JobState stateNamed(const std::string& name) {
    for (const auto& [state, known] : kStates)
        if (name == known) return state;
    return JobState::Failed;
}

template <typename T> void take(const Json& j, const char* key, T& value) {
    try {
        value = j.value(key, value);
    } catch (const Json::exception&) { // another program's idea of it
    }
}

Json placeJson(const SlurmPlace& p) {
    return {{"partition", p.partition},
            {"nodes", p.nodes},
            {"gpus", p.gpus},
            {"processors", p.processors},
            {"memory_gb", p.memoryGigabytes},
            {"time", p.time},
            {"modules", p.modules},
            {"container", p.container},
            {"program", p.program}};
}

SlurmPlace placeFrom(const Json& j) {
    SlurmPlace p;
    take(j, "partition", p.partition);
    take(j, "nodes", p.nodes);
    take(j, "gpus", p.gpus);
    take(j, "processors", p.processors);
    take(j, "memory_gb", p.memoryGigabytes);
    take(j, "time", p.time);
    take(j, "modules", p.modules);
    take(j, "container", p.container);
    take(j, "program", p.program);
    return p;
}

/// `members`: takes the number of networks.
RunProgress readProgress(const std::filesystem::path& run, int& members) {
    RunProgress progress;
    std::ifstream in(run / "events.jsonl", std::ios::binary | std::ios::ate);
    if (!in) return progress;
    const std::streamoff size = in.tellg();
    in.seekg(std::max<std::streamoff>(0, size - kTail));
    for (std::string line; std::getline(in, line);) {
        const auto event = Json::parse(line, nullptr, false);
        if (!event.is_object()) continue; // cut, by us or by a writer
        take(event, "event", progress.last);
        take(event, "epoch", progress.epoch);
        take(event, "epochs", progress.epochs);
        take(event, "members", members);
        progress.sentence.clear();
        take(event, progress.last == "paused" ? "reason" : "sentence", progress.sentence);
        progress.sha256.clear();
        take(event, "sha256", progress.sha256);
        if (progress.last == "resumed") progress.epoch -= 1; // that epoch is in hand
        double seconds = 0;
        take(event, "seconds", seconds);
        if (seconds > 0) progress.secondsLeft = seconds * std::max(0, progress.epochs - progress.epoch);
    }
    return progress;
}

} // namespace

const char* nameOf(JobState state) {
    for (const auto& [known, name] : kStates)
        if (known == state) return name;
    return "failed";
}

Json toRecord(const Job& job) {
    Json record{{"name", job.name},
                {"folder", job.folder.string()},
                {"config", job.config},
                {"sentence", job.sentence},
                {"created", job.created},
                {"started", job.started},
                {"ended", job.ended},
                {"process", job.process.number},
                {"process_born", job.process.born},
                {"machine", job.machine},
                {"cluster_job", job.clusterJob},
                {"asked", job.asked},
                {"asked_at", job.askedAt},
                {"epoch", job.epoch},
                {"epochs", job.epochs}};
    if (job.slurm) record["slurm"] = placeJson(*job.slurm);
    if (job.secondsLeft) record["seconds_left"] = *job.secondsLeft;
    return record;
}

Job fromRecord(const KnownJob& known) {
    const Json record = Json::parse(known.record, nullptr, false);
    Job job;
    job.id = known.id;
    job.state = stateNamed(known.state);
    if (!record.is_object()) return job;
    std::string folder;
    take(record, "name", job.name);
    take(record, "folder", folder);
    job.folder = folder;
    take(record, "config", job.config);
    take(record, "sentence", job.sentence);
    take(record, "created", job.created);
    take(record, "started", job.started);
    take(record, "ended", job.ended);
    take(record, "process", job.process.number);
    take(record, "process_born", job.process.born);
    take(record, "machine", job.machine);
    take(record, "cluster_job", job.clusterJob);
    take(record, "asked", job.asked);
    take(record, "asked_at", job.askedAt);
    take(record, "epoch", job.epoch);
    take(record, "epochs", job.epochs);
    if (record.contains("slurm")) job.slurm = placeFrom(record["slurm"]);
    if (record.contains("seconds_left") && record["seconds_left"].is_number())
        job.secondsLeft = record["seconds_left"].get<double>();
    return job;
}

std::filesystem::path newestMember(const std::filesystem::path& run) {
    auto newest = run;
    std::error_code ec;
    for (int member = 1;; ++member) {
        auto next = run / ("member-" + std::to_string(member));
        if (!std::filesystem::exists(next / "events.jsonl", ec)) return newest;
        newest = std::move(next);
    }
}

RunProgress progressOf(const std::filesystem::path& run) {
    int members = 1, one = 1;
    const auto whole = readProgress(run, members);
    const auto member = newestMember(run);
    if (member == run) return whole;
    auto progress = readProgress(member, one);
    const int number = std::stoi(member.filename().string().substr(std::string("member-").size()));
    const double left = static_cast<double>(std::max(0, members - number)) * progress.epochs;
    if (progress.secondsLeft && progress.epochs > progress.epoch)
        *progress.secondsLeft *= 1 + left / (progress.epochs - progress.epoch);
    progress.epoch += (number - 1) * progress.epochs;
    progress.epochs *= std::max(members, number);
    // How a network ended is not how the whole ends; what the whole says after its beginning is.
    const bool isEnding = whole.last != "start" && whole.last != "panel" && whole.last != "starting";
    if (isEnding || progress.last == "saved") progress.last = whole.last;
    if (isEnding) progress.sentence = whole.sentence;
    progress.sha256 = whole.sha256;
    return progress;
}

} // namespace spotglass
