#pragma once

#include "viewer/tiles/TileGrid.h"

#include <functional>
#include <vector>

#include <QImage>
#include <QRect>
#include <QTransform>

namespace spotglass {

/// Finds the picture of a tile (Format_RGB32, of the size that TileGrid gives it); null when it is not here.
/// Only called on the thread that composes; what it gives must stay until that is done.
using TilePictures = std::function<const QImage*(const TileKey&)>;

/// Where composed pixels go. `origin` is the device pixel that lies at the first pixel of `image`.
struct ComposeTarget {
    QImage* image = nullptr; ///< Format_RGB32
    QPoint origin;
};

/// Draws tiles onto device pixels, smoothly: each device pixel takes the bilinear mean of the four tile
/// pixels around its centre, also across the edges of tiles of one level, so that there are no seams; and it
/// belongs to exactly one tile of a level, so that none is drawn twice. Any scale, rotation and mirroring.
/// Positions are accurate to 1/256 of a tile pixel wherever on the slide. QPainter, which draws tile by tile,
/// has seams and is no faster.
///
/// Several threads share large areas (see `threads`); none of the functions may be called on two threads at
/// once for the same target.
class TileComposer {
  public:
    /// `level0ToDevice` maps level-0 pixels to device pixels (pixel centres at +0.5). `threads`: how many
    /// share the work, 0 for as many as there are processors, at most 8.
    TileComposer(const SlideInfo& info, const QTransform& level0ToDevice, TilePictures pictures,
                 int threads = 0);

    /// Draws `tiles`, later ones over earlier ones, into the device pixels of `area`.
    void draw(const std::vector<TileKey>& tiles, const QRect& area, ComposeTarget target) const;
    /// Fills those device pixels of `area` whose centres lie on `part` of the slide with one colour.
    void fill(const Level0Rect& part, QRgb colour, const QRect& area, ComposeTarget target) const;
    /// Fills the others.
    void fillAround(const Level0Rect& part, QRgb colour, const QRect& area, ComposeTarget target) const;

  private:
    struct Tile;
    [[nodiscard]] Tile gather(const TileKey& key) const;
    void fillSpans(const Level0Rect& part, bool inside, QRgb colour, const QRect& area,
                   ComposeTarget target) const;
    void drawTile(const Tile& tile, const QRect& area, ComposeTarget target) const;
    void drawUpright(const Tile& tile, const QRect& area, ComposeTarget target) const;
    void drawTurned(const Tile& tile, const QRect& area, ComposeTarget target) const;

    const SlideInfo& info_;
    QTransform toDevice_, toLevel0_;
    TilePictures pictures_;
    int threads_;
};

} // namespace spotglass
