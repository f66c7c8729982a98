#pragma once

#include "inference/model/TorchCompat.h"

#include <vector>

namespace spotglass {

struct AdamSettings {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    double weightDecay = 0; ///< added to the gradient (L2), as in the reference
};

/// Adam (Kingma and Ba 2015) with LibTorch's results, in one pass over a parameter on the CPU, all threads,
/// where LibTorch makes a dozen: at the published size that is a second of every step. Its moments and count
/// of steps are open, so that a checkpoint can keep them. Parameters share memory with the network's. One
/// thread at a time.
class Adam {
  public:
    Adam(std::vector<torch::Tensor> parameters, const AdamSettings& settings);

    /// A parameter without a gradient stays as it is.
    void step(double learningRate);
    void step(const std::vector<double>& learningRates); ///< one for each parameter; 0: it is left alone
    void zeroGradients();

    [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return parameters_; }
    /// First and second moments, in the parameters' order.
    [[nodiscard]] std::vector<torch::Tensor>& first() { return first_; }
    [[nodiscard]] std::vector<torch::Tensor>& second() { return second_; }
    [[nodiscard]] const std::vector<torch::Tensor>& first() const { return first_; }
    [[nodiscard]] const std::vector<torch::Tensor>& second() const { return second_; }
    [[nodiscard]] std::int64_t steps() const { return steps_; }
    void setSteps(std::int64_t steps) { steps_ = steps; }

  private:
    std::vector<torch::Tensor> parameters_, first_, second_;
    AdamSettings settings_;
    std::int64_t steps_ = 0;
};

} // namespace spotglass
