#pragma once

#include "training/cohort/Cohort.h"
#include "viewer/base/Result.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace spotglass {

/// Where a spot lies on its array: {row, column}, not pixels. On a square array as the file counts them; on a
/// hexagonal one axial coordinates, row = array_row and column = (array_col - array_row) / 2, so that spots
/// side by side differ by one.
using ArrayPlace = std::array<int, 2>;

/// Which spots are neighbours on the array, compressed by row. Symmetric, no spot is its own neighbour. A
/// value type.
struct ArrayGraph {
    std::vector<std::uint32_t> offsets{0}; ///< spots + 1; those of spot s are [offsets[s], offsets[s + 1])
    std::vector<std::uint32_t> neighbours; ///< spot numbers, in no particular order

    [[nodiscard]] std::size_t spots() const { return offsets.size() - 1; }
    /// Links counted in both directions: the sum of all weights W of Moran's I, where each weight is 1.
    [[nodiscard]] std::size_t links() const { return neighbours.size(); }
    [[nodiscard]] std::span<const std::uint32_t> of(std::size_t spot) const {
        return std::span(neighbours).subspan(offsets[spot], offsets[spot + 1] - offsets[spot]);
    }
};

/// Links spots that touch on the array: the eight others of the 3 x 3 window of a square array; the six of a
/// hexagonal one, which in axial coordinates are that window without its corners (+1, +1) and (-1, -1).
/// Places of the array without a spot are gaps. BadInput when two spots lie at one place.
[[nodiscard]] Result<ArrayGraph> arrayGraph(std::span<const ArrayPlace> places, ArrayGeometry geometry);

/// The places of a section's spots, in their order.
[[nodiscard]] std::vector<ArrayPlace> arrayPlaces(const std::vector<CohortSpot>& spots);

} // namespace spotglass
