#pragma once

#include "viewer/canvas/Viewport.h"
#include "viewer/tiles/TileComposer.h"

#include <functional>

#include <QImage>
#include <QRegion>

class QPainter;

namespace spotglass {

/// The picture of a whole view in device pixels, kept from one paint to the next. When the view only moves by
/// whole device pixels, as it does under a dragging hand, what stays visible is not composed again: the
/// picture is stored as a ring in both directions, so that moving it costs nothing. GUI thread only; nothing
/// blocks.
class ComposedFrame {
  public:
    /// Composes the device pixels `area` into `target`.
    using Compose = std::function<void(const QRect& area, ComposeTarget target)>;

    /// The view that is to be shown now; keeps what can be kept of the former one. The whole picture becomes
    /// stale when anything but the centre is different.
    void moveTo(const Viewport& view);
    /// The view whose pixels are composed: that of moveTo(), at most 1/32 device pixel beside it.
    [[nodiscard]] const Viewport& view() const { return view_; }
    /// Level-0 pixels to the device pixels that Compose is asked for.
    [[nodiscard]] QTransform level0ToDevice() const;
    /// The device pixels of the view.
    [[nodiscard]] QRect rect() const { return image_.rect(); }

    /// These device pixels look different now.
    void invalidate(const QRect& area) { stale_ += area & rect(); }
    void invalidate() { stale_ = rect(); }
    /// Composes what is stale within `area`.
    void update(const QRect& area, const Compose& compose);
    /// Draws `area` to a painter in device-independent pixels of the view. What is stale is drawn as it was.
    void paint(QPainter& painter, const QRect& area) const;

  private:
    /// Calls `use` for the parts of `area` that lie together in the store, and where in `image_` they begin.
    void forEachPart(const QRect& area, const std::function<void(const QRect& part, QPoint at)>& use) const;

    QImage image_;
    QPoint first_; ///< where in `image_` device pixel (0, 0) is kept
    QRegion stale_;
    Viewport view_;
};

} // namespace spotglass
