#pragma once

#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace spotglass {

class SlideSource;

/// Names a patch by its centre, whole level-0 pixels (the floor of a spot's centre, spec/dkan.md section 1).
struct PatchKey {
    std::int64_t x = 0, y = 0;
    bool operator==(const PatchKey&) const = default;
};

/// The patches around one spot, row-major, the spot's own in the middle; mask is 1 where a patch lies inside
/// the image.
struct PatchRegion {
    std::vector<PatchKey> patches;
    std::vector<float> mask;
};

/// Cuts square patches of a model's physical size out of a slide: patchPixels at micronsPerPixel, whatever
/// the slide's own scale. const functions are safe on several threads and block on disk. Does not own the
/// slide.
class PatchReader {
  public:
    /// `slideScale` is that of level 0 and must be valid.
    PatchReader(const SlideSource& slide, MicronsPerPixel slideScale, int patchPixels,
                double micronsPerPixel);

    /// Side of a patch in level-0 pixels along x and y.
    [[nodiscard]] double sideX() const { return sideX_; }
    [[nodiscard]] double sideY() const { return sideY_; }
    [[nodiscard]] int patchPixels() const { return pixels_; }

    /// The patch as RGB bytes, patchPixels x patchPixels x 3. Where no resampling is needed these are exactly
    /// the rows y - side/2 .. y + side/2 - 1. White beyond the image. BadInput when the file is broken there.
    [[nodiscard]] Result<std::vector<std::uint8_t>> read(PatchKey patch) const;

    /// The patch of a spot, and the rows x columns patches around a spot's centre (level-0 pixels).
    [[nodiscard]] PatchKey patchAt(Level0Point center) const;
    [[nodiscard]] PatchRegion regionAt(Level0Point center, int rows, int columns) const;

  private:
    const SlideSource& slide_;
    int pixels_;
    double stepX_, stepY_; ///< from patch to patch: not snapped, so that neighbours fall on a lattice's spots
    double sideX_, sideY_; ///< of a patch as it is read
    double width_ = 0, height_ = 0;
};

} // namespace spotglass

template <> struct std::hash<spotglass::PatchKey> {
    std::size_t operator()(const spotglass::PatchKey& key) const noexcept {
        return std::hash<std::int64_t>()(key.x * 0x9E3779B97F4A7C15LL ^ key.y);
    }
};
