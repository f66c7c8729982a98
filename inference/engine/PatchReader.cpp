#include "inference/engine/PatchReader.h"

#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SlideSource.h"

#include <cmath>

namespace spotglass {
namespace {

/// A side within a twentieth of a pixel of a whole number is that number: then nothing is resampled.
double snapped(double side) {
    const double whole = std::round(side);
    return std::abs(side - whole) < 0.05 ? whole : side;
}

/// Rounded down, but for the rounding of the sums that lead to a centre: a spot and its neighbours must
/// agree.
std::int64_t wholePixel(double at) {
    return static_cast<std::int64_t>(std::floor(at + 1e-6));
}

} // namespace

PatchReader::PatchReader(const SlideSource& slide, MicronsPerPixel slideScale, int patchPixels,
                         double micronsPerPixel)
    : slide_(slide), pixels_(patchPixels), stepX_(patchPixels * micronsPerPixel / slideScale.x),
      stepY_(patchPixels * micronsPerPixel / slideScale.y), sideX_(snapped(stepX_)), sideY_(snapped(stepY_)) {
    const auto bounds = level0Bounds(*slide.info());
    width_ = bounds.width;
    height_ = bounds.height;
}

Result<std::vector<std::uint8_t>> PatchReader::read(PatchKey patch) const {
    const Level0Rect rect{static_cast<double>(patch.x) - sideX_ / 2,
                          static_cast<double>(patch.y) - sideY_ / 2, sideX_, sideY_};
    auto raster = readLevel0Region(slide_, rect, pixels_, pixels_);
    if (!raster) return Failure(raster.error());
    std::vector<std::uint8_t> rgb(raster->pixels.size() * 3);
    auto* out = rgb.data();
    for (const std::uint32_t pixel : raster->pixels) {
        *out++ = static_cast<std::uint8_t>(pixel >> 16);
        *out++ = static_cast<std::uint8_t>(pixel >> 8);
        *out++ = static_cast<std::uint8_t>(pixel);
    }
    return rgb;
}

PatchKey PatchReader::patchAt(Level0Point center) const {
    return {wholePixel(center.x), wholePixel(center.y)};
}

PatchRegion PatchReader::regionAt(Level0Point center, int rows, int columns) const {
    PatchRegion region;
    const auto cx = static_cast<double>(wholePixel(center.x)), cy = static_cast<double>(wholePixel(center.y));
    // Patch i along an axis is masked when its outer edge passes the image's (spec section 1: row 0 when cy
    // - 2.5 * 224 < 0).
    const auto inside = [](double at, double side, int step, double size) {
        if (step < 0) return at + (step - 0.5) * side >= 0;
        if (step > 0) return at + (step + 0.5) * side <= size;
        return true;
    };
    for (int r = -(rows / 2); r <= rows / 2; ++r)
        for (int c = -(columns / 2); c <= columns / 2; ++c) {
            region.patches.push_back(patchAt({center.x + c * stepX_, center.y + r * stepY_}));
            region.mask.push_back(inside(cx, sideX_, c, width_) && inside(cy, sideY_, r, height_) ? 1.0F
                                                                                                  : 0.0F);
        }
    return region;
}

} // namespace spotglass
