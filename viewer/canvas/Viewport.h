#pragma once

#include "viewer/base/Units.h"

#include <QRectF>
#include <QSizeF>
#include <QTransform>

namespace spotglass {

/// Where the canvas looks: transforms between level-0 pixels and screen pixels (device-independent, origin at
/// the top left of the widget), nothing else. A value type; GUI-free, never blocks.
///
/// scale is device-independent screen pixels per level-0 pixel, the same along x and y.
class Viewport {
  public:
    /// Largest scale (one level-0 pixel over 32 screen pixels).
    static constexpr double maxScale = 32;

    [[nodiscard]] Level0Point center() const { return center_; }
    [[nodiscard]] double scale() const { return scale_; }
    /// Scale in device pixels per level-0 pixel: what tiles are chosen for.
    [[nodiscard]] double deviceScale() const { return scale_ * devicePixelRatio_; }
    [[nodiscard]] QSizeF size() const { return size_; }
    [[nodiscard]] double devicePixelRatio() const { return devicePixelRatio_; }
    /// The slide's extent; empty when there is no slide.
    [[nodiscard]] Level0Rect slideRect() const { return slide_; }

    [[nodiscard]] ScreenPoint toScreen(Level0Point point) const;
    [[nodiscard]] Level0Point toLevel0(ScreenPoint point) const;
    [[nodiscard]] QRectF toScreen(const Level0Rect& rect) const;
    [[nodiscard]] Level0Rect toLevel0(const QRectF& screen) const;
    /// Level-0 pixels to device-independent screen pixels.
    [[nodiscard]] QTransform level0ToScreen() const;
    /// What the widget shows, including what lies beside the slide.
    [[nodiscard]] Level0Rect visible() const;

    /// Widget size in device-independent pixels and its device pixel ratio. The centre and the scale stay.
    void setSize(QSizeF size, double devicePixelRatio);
    /// Extent of the slide in level-0 pixels; nothing else changes.
    void setSlideRect(const Level0Rect& slide);
    /// Looks at `center` with `scale`, both clamped.
    void setView(Level0Point center, double scale);
    /// Multiplies the scale by `factor`; the level-0 point under `anchor` stays there unless a limit is
    /// reached.
    void zoomBy(double factor, ScreenPoint anchor);
    /// Moves the picture by screen pixels: positive x brings in what lies on the left.
    void panBy(double screenX, double screenY);
    /// Shows the whole slide, centred.
    void fit();
    /// Shows `rect` as large as possible, centred.
    void fit(const Level0Rect& rect);

    /// The scale at which the whole slide just fits; 1 without a slide.
    [[nodiscard]] double fitScale() const;
    /// Smallest scale allowed: half the fit scale (never above 1).
    [[nodiscard]] double minScale() const;

    /// The view at `progress` (0..1) of the way from `from` to `to`. On the way of a zoom its fixed point
    /// stays fixed.
    [[nodiscard]] static Viewport between(const Viewport& from, const Viewport& to, double progress);

    bool operator==(const Viewport&) const = default;

  private:
    void clamp();

    Level0Point center_;
    double scale_ = 1;
    QSizeF size_{1, 1};
    double devicePixelRatio_ = 1;
    Level0Rect slide_;
};

} // namespace spotglass
