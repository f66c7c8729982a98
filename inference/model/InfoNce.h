#pragma once

#include "inference/model/TorchCompat.h"

namespace spotglass {

/// InfoNCE between matching rows of a (R x D) and b (S x D, S >= R), image -> expression direction only
/// (spec/dkan.md section 3): rows L2-normalised, similarity / temperature, cross-entropy with the diagonal,
/// mean over a's rows. Row r of a belongs to row `first` + r of b, the other rows are what it is contrasted
/// with. Computed in blocks of rows with their log-sum-exp and computed again in the backward pass, so memory
/// is O(S * block) (section 5.6).
[[nodiscard]] torch::Tensor infoNce(const torch::Tensor& a, const torch::Tensor& b, double temperature,
                                    int64_t first = 0);

/// The paper's form: contrasted over the G genes of one spot only. a, b: B x G x D.
[[nodiscard]] torch::Tensor infoNceWithinSpots(const torch::Tensor& a, const torch::Tensor& b,
                                               double temperature);

} // namespace spotglass
