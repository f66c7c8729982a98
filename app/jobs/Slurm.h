#pragma once

#include "app/jobs/Job.h"
#include "viewer/base/Result.h"

#include <chrono>

namespace spotglass {

/// What a cluster says of a job.
struct ClusterStatus {
    enum class State {
        Pending,
        Running,
        Ended,  ///< well or badly: `word` says which
        Unknown ///< the cluster does not know the job (any more)
    };
    State state = State::Unknown;
    std::string word;   ///< Slurm's: "COMPLETED", "TIMEOUT"
    std::string reason; ///< Slurm's, why it waits; may be empty
};

/// A Slurm cluster, through its own commands (Slurm 20 or later). Blocking, some seconds where the cluster is
/// slow. Errors are of kind Device where Slurm is missing, does not answer, or refuses; they say what it
/// said.
class Slurm {
  public:
    /// `script`: train.sbatch of packaging/slurm; `program`: spotglass-cli where a place does not name its
    /// own. `patience`: with each of Slurm's commands.
    Slurm(std::filesystem::path script, std::filesystem::path program,
          std::chrono::milliseconds patience = std::chrono::seconds(20))
        : script_(std::move(script)), program_(std::move(program)), patience_(patience) {}

    /// Hands over a job whose settings are in `settings`; gives its number.
    [[nodiscard]] Result<std::string> submit(const Job& job, const std::filesystem::path& settings,
                                             const std::filesystem::path& log) const;
    /// The number of a job that waits or runs there already; empty: there is none.
    [[nodiscard]] Result<std::string> find(const Job& job) const;
    /// By squeue; of ended jobs by sacct, where there is accounting, else by scontrol.
    [[nodiscard]] Result<ClusterStatus> status(const std::string& number) const;
    /// `kindly`: as Ctrl-C, so that it can keep its state; otherwise at once.
    [[nodiscard]] Result<void> cancel(const std::string& number, bool kindly) const;
    /// Whether a job like this would be taken and finds its program: runs a small one and waits up to
    /// `patience` seconds. Gives a sentence.
    [[nodiscard]] Result<std::string> check(const SlurmPlace& place, double patience) const;

  private:
    std::filesystem::path script_, program_;
    std::chrono::milliseconds patience_;
};

} // namespace spotglass
