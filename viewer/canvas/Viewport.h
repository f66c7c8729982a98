#pragma once

#include "viewer/base/Units.h"

#include <QRectF>
#include <QSizeF>
#include <QTransform>

namespace spotglass {

/// Where the canvas looks: transforms between level-0 pixels and screen pixels (device-independent, origin at
/// the top left of the widget), nothing else. A value type; GUI-free, never blocks.
///
/// scale is device-independent screen pixels per level-0 pixel, the same along x and y. The picture may be
/// mirrored (left and right change places) and then turned about the middle of the widget.
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

    /// How far the picture is turned clockwise, in degrees: 0 <= rotation < 360.
    [[nodiscard]] double rotation() const { return rotation_; }
    /// Whether left and right have changed places (before the turn).
    [[nodiscard]] bool isMirrored() const { return mirrored_; }
    /// Whether level-0 rows and columns run along the screen's, unmirrored: neither turned nor mirrored.
    [[nodiscard]] bool isUpright() const { return rotation_ == 0 && !mirrored_; }

    [[nodiscard]] ScreenPoint toScreen(Level0Point point) const;
    [[nodiscard]] Level0Point toLevel0(ScreenPoint point) const;
    /// The upright rectangle around `rect` on the screen; the rectangle itself where the view isUpright().
    [[nodiscard]] QRectF toScreen(const Level0Rect& rect) const;
    /// The level-0 rectangle around `screen`; exactly that area where the view isUpright().
    [[nodiscard]] Level0Rect toLevel0(const QRectF& screen) const;
    /// Level-0 pixels to device-independent screen pixels.
    [[nodiscard]] QTransform level0ToScreen() const;
    /// The rectangle around what the widget shows, including what lies beside the slide.
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
    /// Turns the picture to `degrees` clockwise from upright, about the middle of the widget.
    void setRotation(double degrees);
    void setMirrored(bool mirrored) { mirrored_ = mirrored; }
    /// Turns by `degrees` clockwise; the level-0 point under `anchor` stays there.
    void rotateBy(double degrees, ScreenPoint anchor);
    /// Mirrors the picture on the screen about the vertical middle line of the widget (left and right change
    /// places), whatever way it is turned.
    void flipHorizontally();
    /// The same about the horizontal middle line: top and bottom change places.
    void flipVertically();
    /// Shows the whole slide, centred.
    void fit();
    /// Shows `rect` as large as possible, centred.
    void fit(const Level0Rect& rect);

    /// The scale at which the whole slide just fits; 1 without a slide.
    [[nodiscard]] double fitScale() const;
    /// Smallest scale allowed: half the fit scale (never above 1).
    [[nodiscard]] double minScale() const;

    /// The view at `progress` (0..1) of the way from `from` to `to`. On the way of a zoom its fixed point
    /// stays fixed; a turn takes the shorter way round.
    [[nodiscard]] static Viewport between(const Viewport& from, const Viewport& to, double progress);

    bool operator==(const Viewport&) const = default;

  private:
    /// The screen vector of a level-0 vector, and back.
    [[nodiscard]] ScreenPoint turned(double x, double y) const;
    [[nodiscard]] Level0Point turnedBack(double x, double y) const;
    [[nodiscard]] double scaleToShow(const Level0Rect& rect) const;
    /// Moves the picture so that `point` lies under `anchor`.
    void keepUnder(ScreenPoint anchor, Level0Point point);
    void clamp();

    Level0Point center_;
    double scale_ = 1;
    double rotation_ = 0; ///< degrees
    double cosine_ = 1, sine_ = 0;
    bool mirrored_ = false;
    QSizeF size_{1, 1};
    double devicePixelRatio_ = 1;
    Level0Rect slide_;
};

} // namespace spotglass
