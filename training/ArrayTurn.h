#pragma once

#include "inference/model/TorchCompat.h"

#include <cstdint>

namespace spotglass {

/// A turn or flip of a section: tissue has no upper side. One number for all that has a place in it.
class ArrayTurn {
  public:
    /// From random bits: one of the eight turns and flips of a square array. A hexagonal array in its axial
    /// coordinates keeps its neighbours under the half turn alone, a region that is not square under flips.
    static ArrayTurn drawn(std::uint64_t bits, bool hexagonal, bool squareRegion);

    /// n x 2 (row, column) -> the same spots' places after the turn.
    [[nodiscard]] torch::Tensor places(const torch::Tensor& positions) const;
    /// ... x rows * columns x D, or ... x rows * columns: what lies around a spot, row by row, `axis` counts
    /// it -> the same after the turn.
    [[nodiscard]] torch::Tensor region(const torch::Tensor& cells, int64_t axis, int rows, int columns) const;

  private:
    bool flipRows_ = false, flipColumns_ = false, swap_ = false; ///< in this order
};

} // namespace spotglass
