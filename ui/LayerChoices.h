#pragma once

#include "viewer/canvas/Layer.h"
#include "viewer/tiles/ColorMap.h"

#include <optional>

class QComboBox;

namespace spotglass {

/// What the boxes that offer colour maps and ways of mixing have in common.

/// Every colour map and its reverse, with a strip of its colours.
void offerColorMaps(QComboBox& box);
[[nodiscard]] std::optional<ColorMap> chosenColorMap(const QComboBox& box);
/// Chooses `map`, which must be one of those offered.
void chooseColorMap(QComboBox& box, const ColorMap& map);

/// Every way in which a layer meets what lies beneath.
void offerBlendings(QComboBox& box);
[[nodiscard]] Layer::Blending chosenBlending(const QComboBox& box);
void chooseBlending(QComboBox& box, Layer::Blending blending);

} // namespace spotglass
