#pragma once

#include "viewer/base/Units.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// The physical scale that files state, believed only where it can be true of a slide. Pure; safe on every
/// thread.
namespace spotglass {

/// Limits of micrometres per level-0 pixel: beyond them a resolution speaks of paper or screens, not of a
/// microscope.
constexpr double minMicronsPerPixel = 0.05, maxMicronsPerPixel = 5;

/// Units of a resolution, with TIFF's numbers.
enum class ResolutionUnit : int { None = 1, Inch = 2, Centimetre = 3 };

/// Scale from pixels per unit along x and y; nothing where that is not within the limits, or x and y differ
/// by more than a fifth.
[[nodiscard]] std::optional<MicronsPerPixel> scaleFromResolution(double pixelsPerUnitX, double pixelsPerUnitY,
                                                                 ResolutionUnit unit);

/// Scale from OpenSlide's properties: openslide.mpp-x and -y, else the TIFF resolution. Nothing where both
/// are missing or not credible; a sentence is added to `warnings` for a value that is not believed or for
/// values that contradict.
///
/// An objective that the scale cannot belong to (10x is about 1 um per pixel; a factor of two and a half
/// either way is believed) is a contradiction as well.
[[nodiscard]] std::optional<MicronsPerPixel>
scaleFromProperties(const std::map<std::string, std::string>& properties, std::vector<std::string>& warnings);

} // namespace spotglass
