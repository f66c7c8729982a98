#pragma once

#include "viewer/slide/SlideSource.h"

/// Arithmetic over the levels of a slide, and reading at any scale. All functions are safe on every thread.
namespace spotglass {

/// The coarsest level that still has at least the detail asked for: the last one whose downsample is at most
/// `downsample` (level-0 pixels per wanted pixel; 1 % tolerance); 0 when even level 0 is too coarse. Pure.
[[nodiscard]] int bestLevelForDownsample(const SlideInfo& info, double downsample);

/// The smallest rectangle of whole pixels of `level` that covers `rect`; not clipped to the slide. Pure.
[[nodiscard]] LevelRect toLevelRect(const SlideInfo& info, int level, Level0Rect rect);

/// Where a rectangle of level pixels lies in level-0 pixels. Pure.
[[nodiscard]] Level0Rect toLevel0Rect(const SlideInfo& info, int level, LevelRect rect);

/// The whole slide in level-0 pixels. Pure.
[[nodiscard]] Level0Rect level0Bounds(const SlideInfo& info);

/// Reads `rect` (level-0 pixels, may reach over the edge: white there) resampled to `width` x `height`
/// pixels, from the coarsest level that has the detail: averaged over areas where it shrinks, bilinear where
/// it enlarges. When `rect` has whole coordinates and `width` x `height` is its size, the result is exactly
/// the pixels of level 0. Blocking. BadInput when the file is broken there, Usage for an empty rectangle or
/// size.
[[nodiscard]] Result<Raster> readLevel0Region(const SlideSource& source, Level0Rect rect, int width,
                                              int height);

/// As readLevel0Region, always resampled, and from the level that the caller names.
[[nodiscard]] Result<Raster> resampleLevel(const SlideSource& source, int level, Level0Rect rect, int width,
                                           int height);

} // namespace spotglass
