#pragma once

#include "viewer/base/Units.h"

#include <optional>

#include <QString>

/// Numbers of the status bar as words. Pure; any thread.
namespace spotglass {

/// "x 1,234  y 567 px" and, where the scale is known, "(851 x 391 um)". `point` in level-0 pixels.
[[nodiscard]] QString positionText(Level0Point point, std::optional<MicronsPerPixel> scale);

/// The magnification at which one screen pixel shows one level-0 pixel: the objective that the file names,
/// else what follows from the scale (10x is about 1 um per pixel); nothing where neither is known.
[[nodiscard]] std::optional<double> nativeMagnification(std::optional<double> objectivePower,
                                                        std::optional<MicronsPerPixel> scale);

/// "5x (25 %)": magnification as on a microscope, and screen pixels per level-0 pixel. Without an objective
/// in the file the magnification follows from the scale (10x is about 1 um per pixel); without either only
/// the percentage is shown. `screenScale` in screen pixels per level-0 pixel.
[[nodiscard]] QString zoomText(double screenScale, std::optional<double> objectivePower,
                               std::optional<MicronsPerPixel> scale);

} // namespace spotglass
