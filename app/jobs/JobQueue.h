#pragma once

#include "app/jobs/Job.h"
#include "app/jobs/Slurm.h"
#include "viewer/base/FileLock.h"

#include <map>

namespace spotglass {

/// The trainings of a workspace: one after the other on this computer, each a process that outlives the
/// program that started it, and those handed to a cluster. Several programs may have the same workspace: one
/// of them runs the queue, the others ask it through the workspace. One thread at a time; every function
/// blocks on disk, and on the cluster where there is one.
class JobQueue {
  public:
    struct Programs {
        std::filesystem::path commandLine; ///< spotglass-cli
        std::filesystem::path slurmScript; ///< train.sbatch
        std::filesystem::path workspace;
        /// The trainer waits while a window holds this (FileLock.h).
        std::filesystem::path giveWay;
    };
    explicit JobQueue(Programs programs);

    /// Those of this installation, for a workspace.
    static Programs programsFor(const std::filesystem::path& workspace);

    /// In the order of the queue.
    [[nodiscard]] Result<std::vector<Job>> jobs();

    /// Puts a job at the end. Makes its folder. BadInput when the folder holds another run, Device when it
    /// cannot be written.
    [[nodiscard]] Result<Job> add(nlohmann::json config, const std::filesystem::path& folder,
                                  std::optional<SlurmPlace> place);
    /// Asks for "pause", "resume", "cancel" or "remove"; carried out by tick() of the program that runs the
    /// queue. BadInput when there is no such job.
    [[nodiscard]] Result<void> request(const std::string& id, const std::string& what);
    [[nodiscard]] Result<void> order(const std::vector<std::string>& ids);

    /// Runs the queue, unless another program does: carries out what was asked for, looks after what runs,
    /// starts what is next (where `startsNext`). To be called about once a second. True when anything has
    /// changed.
    [[nodiscard]] Result<bool> tick(bool startsNext = true);
    /// Whether this program runs the queue (known after tick()).
    [[nodiscard]] bool runsQueue() const { return owner_; }

    [[nodiscard]] const Slurm& slurm() const { return slurm_; }

  private:
    [[nodiscard]] Result<Workspace*> workspace();
    [[nodiscard]] Result<void> carryOut(Job& job, const std::string& request);
    void look(Job& job);
    void lookAtCluster(Job& job, const std::string& pausing);
    void conclude(Job& job, const std::string& otherwise);
    void start(Job& job);
    void startHere(Job& job);
    void startOnCluster(Job& job);
    void askToStop(Job& job, const std::string& what);
    [[nodiscard]] Result<void> keep(const Job& job);

    Programs programs_;
    Slurm slurm_;
    FileLock lock_;
    bool owner_ = false;
    std::optional<Workspace> workspace_;
    // By job:
    std::map<std::string, std::int64_t> askAgain_;     ///< when the cluster is asked again
    std::map<std::string, std::int64_t> removedSince_; ///< when it was to be taken off the list
    std::map<std::string, int> lateLooks_;             ///< at a run that has ended and does not say how
};

} // namespace spotglass
