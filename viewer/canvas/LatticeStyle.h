#pragma once

namespace spotglass {

/// How the cells of a lattice are drawn.
enum class LatticeStyle {
    Blocks, ///< each cell has one colour
    Smooth, ///< bicubic between cell centres
    Spots   ///< each cell is a disc of its physical size
};

} // namespace spotglass
