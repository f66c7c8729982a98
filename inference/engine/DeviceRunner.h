#pragma once

#include "inference/engine/Compute.h"
#include "viewer/base/Result.h"

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spotglass {

/// Why a computation threw.
enum class ComputeFailure {
    OutOfMemory, ///< a smaller batch may fit
    DeviceLost,  ///< of a device other than the CPU: it does not answer, or answers with errors
    Defect
};
[[nodiscard]] ComputeFailure classify(const std::exception& error, bool onCpu);

/// Holds the networks where they run, and brings them to the CPU when their device fails in mid-run, so that
/// nothing is lost. One thread at a time.
class DeviceRunner {
  public:
    /// `onCpu` makes the same networks on the CPU, from their files; called at most once.
    using MakeOnCpu = std::function<Result<std::unique_ptr<Compute>>()>;
    DeviceRunner(std::unique_ptr<Compute> compute, MakeOnCpu onCpu);

    [[nodiscard]] Compute& compute() { return *compute_; }
    /// Grows with every change of device: tensors on the device before are void.
    [[nodiscard]] int generation() const { return generation_; }

    /// Call with what a call of compute() threw. Out of memory: gives that, and frees what LibTorch has
    /// cached. A lost device: moves to the CPU and gives DeviceLost; the work can be done again there. In all
    /// other cases throws `error` on.
    ComputeFailure recover(const std::exception& error);

    /// Does `work` with compute(), and once more on the CPU if the device is lost meanwhile. For what is not
    /// done in batches.
    template <typename Work> auto onDevice(const Work& work) -> decltype(work(std::declval<Compute&>())) {
        try {
            return work(*compute_);
        } catch (const std::exception& error) {
            if (recover(error) == ComputeFailure::OutOfMemory) throw;
        }
        return work(*compute_);
    }

    /// Goes on with the CPU, with a note that begins with `reason`. False when it is there already.
    [[nodiscard]] bool moveToCpu(const std::string& reason);

    void addNote(std::string sentence) { notes_.push_back(std::move(sentence)); }
    /// Sentences about what happened; empties the list.
    [[nodiscard]] std::vector<std::string> takeNotes();
    void chooseGenes(const std::vector<int64_t>& genes);
    void useSlide(const torch::Tensor& sample);

  private:
    std::unique_ptr<Compute> compute_;
    MakeOnCpu onCpu_;
    std::vector<int64_t> genes_;
    torch::Tensor slide_; ///< as useSlide() was given it, on the host
    int generation_ = 0;
    std::vector<std::string> notes_;
};

} // namespace spotglass
