#pragma once

#include "viewer/canvas/LatticeStyle.h"
#include "viewer/canvas/Layer.h"
#include "viewer/tiles/ColorMap.h"

#include <optional>

namespace spotglass {

/// How predicted values are painted. A value type.
struct DisplaySettings {
    ColorMap colors;
    double opacity = 0.65;          ///< 0 to 1
    bool automaticRange = true;     ///< 1st to 99th percentile of what is predicted
    float minimum = 0, maximum = 1; ///< the range when it is not automatic, in the unit of the values
    float gamma =
        1; ///< below 1 low values take more of the colours, above 1 high ones (HeatmapLayer::setGamma)
    std::optional<float> hideBelow; ///< values below are not painted; nothing paints all
    LatticeStyle style = LatticeStyle::Smooth;
    int contourLines = 0; ///< lines of equal value, evenly spaced over the range; 0 for none
    Layer::Blending blending = Layer::Blending::Normal;
    bool hatchDoubtful = true; ///< spots with much glass in their square
    bool operator==(const DisplaySettings&) const = default;
};

/// A range of values, in their unit.
struct ValueRange {
    float minimum = 0, maximum = 1;
    bool operator==(const ValueRange&) const = default;
};

} // namespace spotglass
