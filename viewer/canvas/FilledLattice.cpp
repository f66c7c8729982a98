#include "viewer/canvas/FilledLattice.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace spotglass {

FilledLattice::FilledLattice(const ExpressionField& field) : columns_(field.columns), rows_(field.rows) {
    const std::size_t cells = stride() * height();
    values_.assign(cells, 0);
    gate_.assign(cells, ExpressionField::missing);
    std::vector<std::uint8_t> known(cells, 0);
    for (int row = 0; row < rows_; ++row) {
        for (int column = 0; column < columns_; ++column) {
            const float value = field.at(column, row);
            if (!std::isfinite(value)) continue;
            const std::size_t at = index(column, row);
            values_[at] = value;
            gate_[at] = 0;
            known[at] = 1;
        }
    }
    fillRing(known); // bicubic interpolation reaches two cells far
    fillRing(known);
}

/// Gives the unknown cells beside known ones the mean of those: the ones that share a side, or where there
/// are none the ones that share a corner, so that a value is carried straight on across its own edge.
void FilledLattice::fillRing(std::vector<std::uint8_t>& known) {
    const auto step = static_cast<std::ptrdiff_t>(stride());
    const std::array<std::array<std::ptrdiff_t, 4>, 2> groups{
        {{-1, 1, -step, step}, {-step - 1, -step + 1, step - 1, step + 1}}};
    std::vector<std::size_t> made;
    for (std::size_t row = 1; row + 1 < height(); ++row) {
        for (std::size_t column = 1; column + 1 < stride(); ++column) {
            const std::size_t at = row * stride() + column;
            if (known[at]) continue;
            for (const auto& group : groups) {
                float sum = 0, count = 0;
                for (const std::ptrdiff_t away : group) {
                    const std::size_t other = at + static_cast<std::size_t>(away);
                    if (!known[other]) continue;
                    sum += values_[other];
                    ++count;
                }
                if (count == 0) continue;
                values_[at] = sum / count;
                made.push_back(at);
                break;
            }
        }
    }
    for (const std::size_t at : made) // only now: the ring must not grow on itself
        known[at] = 1;
}

} // namespace spotglass
