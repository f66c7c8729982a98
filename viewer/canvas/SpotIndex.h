#pragma once

#include "viewer/base/ExpressionField.h"

#include <cstdint>
#include <vector>

namespace spotglass {

/// Finds the spots in a rectangle without looking at the others: a grid of squares with a few spots each.
/// Immutable once made; any thread.
class SpotIndex {
  public:
    SpotIndex() = default;
    /// Spots whose centre is not finite are never found.
    explicit SpotIndex(const std::vector<SpotValue>& spots);

    /// Places (in the list given) of the spots whose centre lies in `area` (level-0 pixels), its edges
    /// included, in ascending order.
    [[nodiscard]] std::vector<std::uint32_t> within(const Level0Rect& area) const;

  private:
    [[nodiscard]] int columnOf(double x) const;
    [[nodiscard]] int rowOf(double y) const;

    double x_ = 0, y_ = 0, side_ = 1; ///< level-0 pixels
    int columns_ = 0, rows_ = 0;
    std::vector<Level0Point> centers_;
    std::vector<std::uint32_t> begins_; ///< where each square's spots begin in spots_, and the end
    std::vector<std::uint32_t> spots_;
};

} // namespace spotglass
