#include "training/cohort/HexagonalArray.h"

#include <cmath>
#include <numbers>

namespace spotglass {

AxialPlace axialPlace(int arrayRow, int arrayColumn) {
    return {(arrayColumn - arrayRow) / 2, arrayRow};
}

double arrayPitch(const LatticeAffine& latticeToLevel0, ArrayGeometry geometry) {
    const double side = latticePitch(latticeToLevel0);
    return geometry == ArrayGeometry::Hexagonal ? side * std::sqrt(2 / std::numbers::sqrt3) : side;
}

} // namespace spotglass
