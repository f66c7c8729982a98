#pragma once

#include "training/SpotDataset.h"

namespace spotglass {

/// Ridge regression from the frozen features of a spot, of its neighbours and of the rings of spots around it
/// to expression: the floor that any trained model is held against. Same features, same spots, no
/// deep learning.
class RidgeBaseline {
  public:
    static constexpr int kReach = 3; ///< rings of spots around the spot, array steps

    /// Fits on the sections. The penalty is the one that predicts each of them best from the others (with one
    /// section only, the middle one). Seconds.
    static RidgeBaseline fit(const std::vector<SectionTensors>& sections);

    /// n x G.
    [[nodiscard]] torch::Tensor predict(const SectionTensors& section) const;
    [[nodiscard]] double penalty() const { return penalty_; }

  private:
    torch::Tensor mean_, scale_, weights_, offset_;
    double penalty_ = 0;
};

/// What it sees of each spot: own patch, mean of the region's patches, mean of each ring (the ring within it
/// where a ring has no spot). n x (2 + kReach) D, 64-bit.
[[nodiscard]] torch::Tensor ridgeFeatures(const SectionTensors& section);

} // namespace spotglass
