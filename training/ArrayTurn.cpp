#include "training/ArrayTurn.h"

namespace spotglass {

ArrayTurn ArrayTurn::drawn(std::uint64_t bits, bool hexagonal, bool squareRegion) {
    ArrayTurn turn;
    turn.flipRows_ = bits & 1;
    turn.flipColumns_ = hexagonal ? turn.flipRows_ : (bits & 2) != 0;
    turn.swap_ = !hexagonal && squareRegion && (bits & 4) != 0;
    return turn;
}

torch::Tensor ArrayTurn::places(const torch::Tensor& positions) const {
    auto row = positions.select(1, 0), column = positions.select(1, 1);
    if (flipRows_) row = -row;
    if (flipColumns_) column = -column;
    return swap_ ? torch::stack({column, row}, 1) : torch::stack({row, column}, 1);
}

torch::Tensor ArrayTurn::region(const torch::Tensor& cells, int64_t axis, int rows, int columns) const {
    if (!flipRows_ && !flipColumns_ && !swap_) return cells;
    auto order = torch::arange(rows * columns).view({rows, columns});
    if (flipRows_) order = order.flip({0});
    if (flipColumns_) order = order.flip({1});
    if (swap_) order = order.t();
    return cells.index_select(axis, order.reshape({-1}));
}

} // namespace spotglass
