#pragma once

#include "inference/model/TorchCompat.h"
#include "viewer/base/Result.h"

#include <memory>

namespace spotglass {

/// The processes that train one model together, each on its share of every batch (data-parallel), over
/// LibTorch's c10d. All of them make the same calls in the same order; calls block until all have. They throw
/// when a process has gone. Internal to the Torch side; one thread.
class Ranks {
  public:
    /// Only this process.
    Ranks();
    ~Ranks();
    Ranks(Ranks&&) noexcept;
    Ranks& operator=(Ranks&&) noexcept;

    /// As the environment says: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT (torchrun), or SLURM_PROCID and
    /// SLURM_STEP_NUM_TASKS (srun) with MASTER_ADDR and MASTER_PORT. Only this process where it says nothing.
    /// Waits up to `waitSeconds` for the others. BadInput naming the variable that is missing or wrong,
    /// Device when the others do not come.
    [[nodiscard]] static Result<Ranks> join(int waitSeconds = 300);

    [[nodiscard]] int rank() const { return rank_; }
    [[nodiscard]] int count() const { return count_; }
    [[nodiscard]] bool alone() const { return count_ == 1; }
    [[nodiscard]] bool first() const { return rank_ == 0; }

    /// Sum over the processes, the same in all: to the last bit.
    [[nodiscard]] torch::Tensor sum(const torch::Tensor& own) const;
    [[nodiscard]] double sum(double own) const;
    /// The same with its gradient.
    [[nodiscard]] torch::Tensor sumWithGradient(const torch::Tensor& own) const;
    /// The processes' tensors, which have one shape, after each other along the first dimension; no gradient.
    [[nodiscard]] torch::Tensor gather(const torch::Tensor& own) const;
    /// What the first process has, in place.
    void takeFromFirst(torch::Tensor& tensor) const;
    [[nodiscard]] double fromFirst(double own) const;

  private:
    struct Group;
    std::unique_ptr<Group> group_;
    int rank_ = 0, count_ = 1;
};

} // namespace spotglass
