#include "inference/model/SharedBatchNorm.h"

namespace spotglass {

using torch::Tensor;

SharedBatchNormImpl::SharedBatchNormImpl(int64_t channels)
    : weight(register_parameter("weight", torch::ones({channels}))),
      bias(register_parameter("bias", torch::zeros({channels}))),
      running_mean(register_buffer("running_mean", torch::zeros({channels}))),
      running_var(register_buffer("running_var", torch::ones({channels}))),
      num_batches_tracked(register_buffer("num_batches_tracked", torch::zeros({}, torch::kInt64))) {}

Tensor SharedBatchNormImpl::forward(const Tensor& input) {
    if (is_training() && sum) return overAllProcesses(input);
    if (is_training()) {
        const torch::NoGradGuard noGradient;
        num_batches_tracked.add_(1);
    }
    return torch::batch_norm(input, weight, bias, running_mean, running_var, is_training(), momentum, epsilon,
                             /*cudnn_enabled=*/true);
}

/// The sum of squares is of what is centred already: of the squares themselves nothing might be left.
Tensor SharedBatchNormImpl::overAllProcesses(const Tensor& given) {
    const auto input = given.to(weight.scalar_type()); // products may be of a smaller type
    const auto channels = input.size(1);
    const auto column = [&](const Tensor& x) { return x.view({1, channels, 1, 1}); };
    const double own = static_cast<double>(input.numel()) / static_cast<double>(channels);
    const auto sums = sum(torch::cat({input.sum({0, 2, 3}), torch::full({1}, own, input.options())}));
    const double count = sums[channels].item<double>();
    const auto mean = sums.narrow(0, 0, channels) / count;
    const auto centred = input - column(mean);
    const auto variance = sum(centred.square().sum({0, 2, 3})) / count;
    {
        const torch::NoGradGuard noGradient;
        num_batches_tracked.add_(1);
        running_mean.mul_(1 - momentum).add_(mean, momentum);
        running_var.mul_(1 - momentum).add_(variance * (count / (count - 1)), momentum);
    }
    return (centred * column(torch::rsqrt(variance + epsilon) * weight) + column(bias))
        .to(given.scalar_type());
}

} // namespace spotglass
