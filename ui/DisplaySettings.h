#pragma once

#include "viewer/tiles/ColorMap.h"

#include <optional>

namespace spotglass {

/// How predicted values are painted. A value type.
struct DisplaySettings {
    ColorMap colors;
    double opacity = 0.65;          ///< 0 to 1
    bool automaticRange = true;     ///< 1st to 99th percentile of what is predicted
    float minimum = 0, maximum = 1; ///< the range when it is not automatic, in the unit of the values
    std::optional<float> hideBelow; ///< values below are not painted; nothing paints all
    bool smooth = true;             ///< colours blend between spots; otherwise one block a spot
    bool operator==(const DisplaySettings&) const = default;
};

/// A range of values, in their unit.
struct ValueRange {
    float minimum = 0, maximum = 1;
    bool operator==(const ValueRange&) const = default;
};

} // namespace spotglass
