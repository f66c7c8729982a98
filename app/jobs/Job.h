#pragma once

#include "inference/store/Workspace.h"
#include "viewer/base/RunningProcess.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace spotglass {

/// Where on a Slurm cluster a training runs; each figure is for one node.
struct SlurmPlace {
    std::string partition; ///< empty: the cluster's own choice
    int nodes = 1, gpus = 0, processors = 4, memoryGigabytes = 16;
    std::string time = "24:00:00";
    std::vector<std::string> modules;
    std::string container; ///< an Apptainer image; empty: none
    std::string program;   ///< spotglass-cli on the nodes; empty: this computer's
    bool operator==(const SlurmPlace&) const = default;
};

enum class JobState { Waiting, Running, Paused, Done, Failed, Cancelled };

/// A training that was asked for, and what has become of it. A value type.
struct Job {
    std::string id, name;
    std::filesystem::path folder; ///< of the run
    nlohmann::json config;        ///< as `spotglass-cli train --config` takes it
    std::optional<SlurmPlace> slurm;
    JobState state = JobState::Waiting;
    std::string sentence;                             ///< why it failed or waits; may be empty
    std::int64_t created = 0, started = 0, ended = 0; ///< milliseconds since 1970; 0: not yet
    RunningProcess process;                           ///< on `machine`
    std::string machine;      ///< the computer that started it: its name, a blank, its id
    std::string clusterJob;   ///< Slurm's number
    std::string asked;        ///< "pause" or "cancel", while it has not ended yet
    std::int64_t askedAt = 0; ///< 0: the cluster could not be told yet
    int epoch = 0, epochs = 0;
    std::optional<double> secondsLeft; ///< at most

    [[nodiscard]] bool isOver() const {
        return state == JobState::Done || state == JobState::Failed || state == JobState::Cancelled;
    }
};

[[nodiscard]] const char* nameOf(JobState state); ///< "waiting", "running", ...

/// The record of a job in the workspace, and back; what cannot be read of it keeps its default.
[[nodiscard]] nlohmann::json toRecord(const Job& job);
[[nodiscard]] Job fromRecord(const KnownJob& known);

/// The networks of an ensemble have a run each below the run; this is the one in hand, or the last. `run`
/// itself where it trains one network alone.
[[nodiscard]] std::filesystem::path newestMember(const std::filesystem::path& run);

/// What a run has told of itself last (RUN/events.jsonl). Epochs are counted over all networks of an
/// ensemble.
struct RunProgress {
    std::string last;     ///< name of the last event; empty: none yet
    std::string sentence; ///< of an event "failed" or "paused"
    std::string sha256;   ///< of an event "saved": of the model's file; may be empty
    int epoch = 0, epochs = 0;
    std::optional<double> secondsLeft;
};

/// Reads the end of the file; lines that are not whole are passed over. Blocking, fast.
[[nodiscard]] RunProgress progressOf(const std::filesystem::path& run);

} // namespace spotglass
