#pragma once

#include "training/cohort/Cohort.h"

namespace spotglass {

/// Distance of neighbouring spots in level-0 pixels. Of a hexagonal array the lattice is that of its axial
/// coordinates, whose cell has sin(60 degrees) times the area of a square of that side.
[[nodiscard]] double arrayPitch(const LatticeAffine& latticeToLevel0, ArrayGeometry geometry);

/// Fits the section's lattice and settles its scale: `manifestMicrons` (micrometres per pixel), otherwise
/// what section.array says (cohort.json), otherwise array pitch over fitted pitch. A stated scale that is
/// more than 10 % off the pitch is warned about, and so is one that cannot be known.
void setScale(Section& section, const std::optional<double>& manifestMicrons);

} // namespace spotglass
