#pragma once

#include "viewer/base/ExpressionField.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spotglass {

/// The values of a field made ready for interpolation, with `border` cells more on every side. Cells without
/// a value that lie within two of a known one carry a made-up value, taken from their nearest known
/// neighbours: interpolation weighs known cells alone that way, without asking at every pixel. What is
/// made up is never shown: the gate says which cells are known.
///
/// Immutable once made; any thread. Making it is linear in the number of cells.
class FilledLattice {
  public:
    static constexpr int border = 3;

    FilledLattice() = default;
    /// Values that are not finite count as unknown.
    explicit FilledLattice(const ExpressionField& field);

    [[nodiscard]] int columns() const { return columns_; }
    [[nodiscard]] int rows() const { return rows_; }
    /// Distance between rows of values() and gate().
    [[nodiscard]] std::size_t stride() const { return static_cast<std::size_t>(columns_ + 2 * border); }
    [[nodiscard]] std::size_t height() const { return static_cast<std::size_t>(rows_ + 2 * border); }
    /// Place of a cell, -border to count + border - 1, in values() and gate().
    [[nodiscard]] std::size_t index(int column, int row) const {
        return static_cast<std::size_t>(row + border) * stride() + static_cast<std::size_t>(column + border);
    }
    [[nodiscard]] const float* values() const { return values_.data(); }
    /// 0 where the cell is known, NaN where it is not: added to a value, it takes away what was made up.
    [[nodiscard]] const float* gate() const { return gate_.data(); }

  private:
    void fillRing(std::vector<std::uint8_t>& known);

    int columns_ = 0, rows_ = 0;
    std::vector<float> values_, gate_;
};

} // namespace spotglass
