#pragma once

#include "training/SpotDataset.h"

namespace spotglass {

/// What a ridge regression is given of a spot: the frozen features of it, of its neighbours and of the rings
/// of spots around it, or its place in the section and nothing of the image.
enum class RidgeView { Context, Position };

/// Ridge regression to expression: the floors that any trained model is held against. Same features, same
/// spots, no deep learning.
class RidgeBaseline {
  public:
    static constexpr int kReach = 3; ///< rings of spots around the spot, array steps

    /// Fits on the sections. The penalty is the one that predicts each of them best from the others (with one
    /// section only, a middle one). Seconds.
    static RidgeBaseline fit(const std::vector<SectionTensors>& sections, RidgeView view);

    /// n x G.
    [[nodiscard]] torch::Tensor predict(const SectionTensors& section) const;
    [[nodiscard]] double penalty() const { return penalty_; }

  private:
    RidgeView view_ = RidgeView::Context;
    torch::Tensor mean_, scale_, weights_, offset_;
    double penalty_ = 0;
};

/// What it sees of each spot, 64-bit. Context: own patch, mean of the region's patches, mean of each ring
/// (the ring within it where a ring has no spot), n x (2 + kReach) D. Position: the monomials up to the third
/// degree of row and column, which go from -1 to 1 over the section, n x 9.
[[nodiscard]] torch::Tensor ridgeFeatures(const SectionTensors& section, RidgeView view);

} // namespace spotglass
