#pragma once

#include "inference/model/TorchCompat.h"

#include <functional>

namespace spotglass {

/// Batch normalisation of images over a batch that may be spread over processes. Names, start and results are
/// torch::nn::BatchNorm2d's, which cannot be derived from outside LibTorch.
struct SharedBatchNormImpl : torch::nn::Module {
    static constexpr double epsilon = 1e-5, momentum = 0.1;
    /// Sum over all processes, with its gradient. All call it in the same order.
    using Sum = std::function<torch::Tensor(const torch::Tensor&)>;

    explicit SharedBatchNormImpl(int64_t channels);
    torch::Tensor forward(const torch::Tensor& input);

    torch::Tensor weight, bias, running_mean, running_var, num_batches_tracked;
    Sum sum; ///< empty: the batch is all in this process

  private:
    torch::Tensor overAllProcesses(const torch::Tensor& input);
};
TORCH_MODULE(SharedBatchNorm);

} // namespace spotglass
