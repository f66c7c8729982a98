#pragma once

#include "training/cohort/Cohort.h"

namespace spotglass {

/// The axial coordinates of Visium's array coordinates: row unchanged, column = (array column - array row) /
/// 2. The six neighbours of a spot are then (0, +-1), (+-1, 0), (+1, -1) and (-1, +1).
struct AxialPlace {
    int column = 0, row = 0;
};
[[nodiscard]] AxialPlace axialPlace(int arrayRow, int arrayColumn);

/// Distance of neighbouring spots in level-0 pixels. Of a hexagonal array the lattice is that of its axial
/// coordinates, whose cell has sin(60 degrees) times the area of a square of that side.
[[nodiscard]] double arrayPitch(const LatticeAffine& latticeToLevel0, ArrayGeometry geometry);

} // namespace spotglass
