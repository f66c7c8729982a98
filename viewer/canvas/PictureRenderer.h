#pragma once

#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"
#include "viewer/canvas/PictureScene.h"
#include "viewer/tiles/DisplayPyramid.h"
#include "viewer/tiles/TileBuffers.h"
#include "viewer/tiles/TileCache.h"

#include <map>

#include <QImage>
#include <QThreadPool>

class QPainter;

namespace spotglass {

/// Draws a PictureScene, a part at a time, as SlideView draws the screen: the same level, the same tiles put
/// together by TileComposer, the same colours, the same layers. Reads what it needs itself, some tiles at a
/// time, and keeps at most cacheBytes of them. Belongs to one thread at a time, which may be any; every
/// function that draws blocks on the disk.
class PictureRenderer {
  public:
    static constexpr qsizetype cacheBytes = qsizetype{256} << 20;
    /// Parts of about this size are drawn best.
    static constexpr int partWidth = 1024, partHeight = 256;

    /// `scene` must outlive the renderer.
    explicit PictureRenderer(const PictureScene& scene);

    /// Draws everything: the rows from `top` on, as many as `band` has, which is as wide as the picture
    /// (Format_RGB32). Cancelled, or Device when memory runs out; a damaged place of the slide is hatched and
    /// counted.
    [[nodiscard]] Result<void> drawRows(QImage& band, int top, const CancelToken& cancel);
    /// Only the tissue and the layers, into the part of the picture that begins at `origin`.
    [[nodiscard]] Result<void> drawTissue(QImage& part, QPoint origin, const CancelToken& cancel);
    /// Only what stands on top (scale bar, legend, words), on any device whose coordinates are pixels of the
    /// whole picture. `area`: where it is looked at.
    void drawMarks(QPainter& painter, const QRectF& area) const;

    /// Tiles that could not be read so far, and the sentence about the first.
    [[nodiscard]] int damagedTiles() const { return static_cast<int>(damage_.size()); }
    [[nodiscard]] const QString& damage() const { return firstDamage_; }

  private:
    [[nodiscard]] std::vector<TileKey> tilesFor(const Viewport& part) const;
    [[nodiscard]] Result<void> fetch(const std::vector<TileKey>& keys, const CancelToken& cancel);
    void compose(const std::vector<TileKey>& keys, const QRect& area, QImage& part);
    void paintLayers(QPainter& painter, const Viewport& part, const QRect& area) const;
    void hatchDamage(QPainter& painter, const Viewport& part) const;

    const PictureScene& scene_;
    std::shared_ptr<const SlideInfo> info_;
    DisplayPyramid pyramid_;
    int level_ = 0; ///< of the pyramid
    TileBuffers buffers_;
    TileCache cache_;
    std::map<TileKey, QString> damage_;
    QString firstDamage_;
    QThreadPool readers_;
};

} // namespace spotglass
