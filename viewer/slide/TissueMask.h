#pragma once

#include "viewer/base/CancelToken.h"
#include "viewer/slide/SlideSource.h"

namespace spotglass {

/// Where a slide holds tissue and where bare glass, at 8 to 16 um (or 1/2,000 of the longer side). A value
/// type, cheap to copy; const functions are safe on several threads. Points and rectangles are level-0
/// pixels.
///
/// Stained tissue differs from glass in optical density and in saturation. The glass colour is taken from the
/// slide, the threshold is Otsu's, kept within limits so that a slide of nothing but glass, or but tissue,
/// comes out right. Specks and pinholes are removed. Black or white borders, grey shadows and (best effort)
/// pen marks are not tissue.
class TissueMask {
  public:
    /// Nothing is tissue.
    TissueMask();

    /// Reads a coarse level and separates tissue from glass. Blocking (a second for a large slide). Places
    /// that cannot be read are glass. Cancelled when the token says so; BadInput when nothing of the slide
    /// can be read.
    [[nodiscard]] static Result<TissueMask> compute(const SlideSource& source, CancelToken cancel = {});

    /// As compute(), for a picture of the whole slide whose pixels are `cellWidth` x `cellHeight` level-0
    /// pixels. Pure. Nothing is known of `unreadable` pixels (may be empty, otherwise one byte a pixel, not
    /// 0: unreadable).
    [[nodiscard]] static TissueMask fromPicture(const Raster& picture, double cellWidth, double cellHeight,
                                                const std::vector<std::uint8_t>& unreadable = {});

    /// Whether the point is on tissue; false outside the slide.
    [[nodiscard]] bool contains(Level0Point point) const;
    /// How much of the rectangle is tissue, 0 to 1; what lies outside the slide counts as glass. 0 for an
    /// empty one.
    [[nodiscard]] double coverage(Level0Rect rect) const;
    /// Whether tissue lies within `distance` level-0 pixels of the point (to within one cell).
    [[nodiscard]] bool isNear(Level0Point point, double distance) const;
    /// The smallest rectangle around all tissue; empty when there is none.
    [[nodiscard]] Level0Rect bounds() const;
    /// Share of the slide that is tissue, 0 to 1.
    [[nodiscard]] double fraction() const;

    /// The mask itself, row-major, 255 tissue and 0 glass, for drawing it; width() x height() cells.
    [[nodiscard]] const std::vector<std::uint8_t>& cells() const;
    [[nodiscard]] int width() const;
    [[nodiscard]] int height() const;
    /// Level-0 pixels per cell.
    [[nodiscard]] double cellWidth() const;
    [[nodiscard]] double cellHeight() const;

  private:
    struct Data;
    std::shared_ptr<const Data> data_;
};

} // namespace spotglass
