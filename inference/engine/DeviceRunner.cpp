#include "inference/engine/DeviceRunner.h"

#include <new>
#include <string_view>

namespace spotglass {

ComputeFailure classify(const std::exception& error, bool onCpu) {
    if (dynamic_cast<const std::bad_alloc*>(&error)) return ComputeFailure::OutOfMemory;
    const std::string_view text = error.what();
    // LibTorch tells its own out-of-memory errors by their words only, and so do cuDNN and cuBLAS.
    for (const std::string_view words : {"out of memory", "can't allocate memory", "ALLOC_FAILED"})
        if (text.find(words) != std::string_view::npos) return ComputeFailure::OutOfMemory;
    return onCpu ? ComputeFailure::Defect : ComputeFailure::DeviceLost;
}

DeviceRunner::DeviceRunner(std::unique_ptr<Compute> compute, MakeOnCpu onCpu)
    : compute_(std::move(compute)), onCpu_(std::move(onCpu)) {}

ComputeFailure DeviceRunner::recover(const std::exception& error) {
    const bool cpu = compute_->device() == "cpu";
    const auto failure = classify(error, cpu);
    if (failure == ComputeFailure::OutOfMemory) return failure;
    if (failure == ComputeFailure::Defect ||
        !moveToCpu("The graphics processor (" + compute_->device() + ") stopped answering"))
        throw;
    return failure;
}

bool DeviceRunner::moveToCpu(const std::string& reason) {
    if (!onCpu_ || compute_->device() == "cpu") return false;
    auto there = std::exchange(onCpu_, nullptr)();
    if (!there) return false;
    compute_ = std::move(*there);
    compute_->chooseGenes(genes_);
    compute_->useSlide(slide_);
    ++generation_;
    notes_.push_back(reason + "; the prediction goes on with the main processor, more slowly.");
    return true;
}

std::vector<std::string> DeviceRunner::takeNotes() {
    return std::exchange(notes_, {});
}

void DeviceRunner::chooseGenes(const std::vector<int64_t>& genes) {
    genes_ = genes;
    onDevice([&](Compute& compute) { compute.chooseGenes(genes); });
}

void DeviceRunner::useSlide(const torch::Tensor& sample) {
    slide_ = sample;
    onDevice([&](Compute& compute) { compute.useSlide(sample); });
}

} // namespace spotglass
