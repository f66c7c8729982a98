#pragma once

#include "inference/model/TorchCompat.h"

namespace spotglass {

/// InfoNCE between matching rows of a and b (R x D each), image -> expression direction only (spec/dkan.md
/// section 3): rows L2-normalised, similarity / temperature, cross-entropy with the diagonal, mean. Computed
/// in blocks of rows with their log-sum-exp and computed again in the backward pass, so memory is O(R *
/// block) (section 5.6).
[[nodiscard]] torch::Tensor infoNce(const torch::Tensor& a, const torch::Tensor& b, double temperature);

/// The paper's form: contrasted over the G genes of one spot only. a, b: B x G x D.
[[nodiscard]] torch::Tensor infoNceWithinSpots(const torch::Tensor& a, const torch::Tensor& b,
                                               double temperature);

} // namespace spotglass
