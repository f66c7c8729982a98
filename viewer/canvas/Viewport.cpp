#include "viewer/canvas/Viewport.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

ScreenPoint Viewport::toScreen(Level0Point point) const {
    return {(point.x - center_.x) * scale_ + size_.width() / 2,
            (point.y - center_.y) * scale_ + size_.height() / 2};
}

Level0Point Viewport::toLevel0(ScreenPoint point) const {
    return {center_.x + (point.x - size_.width() / 2) / scale_,
            center_.y + (point.y - size_.height() / 2) / scale_};
}

QRectF Viewport::toScreen(const Level0Rect& rect) const {
    const ScreenPoint topLeft = toScreen(Level0Point{rect.x, rect.y});
    return {topLeft.x, topLeft.y, rect.width * scale_, rect.height * scale_};
}

Level0Rect Viewport::toLevel0(const QRectF& screen) const {
    const Level0Point topLeft = toLevel0(ScreenPoint{screen.x(), screen.y()});
    return {topLeft.x, topLeft.y, screen.width() / scale_, screen.height() / scale_};
}

QTransform Viewport::level0ToScreen() const {
    return {scale_,
            0,
            0,
            scale_,
            size_.width() / 2 - center_.x * scale_,
            size_.height() / 2 - center_.y * scale_};
}

Level0Rect Viewport::visible() const {
    return toLevel0(QRectF({0, 0}, size_));
}

void Viewport::setSize(QSizeF size, double devicePixelRatio) {
    size_ = {std::max(size.width(), 1.0), std::max(size.height(), 1.0)};
    devicePixelRatio_ = devicePixelRatio;
}

void Viewport::setSlideRect(const Level0Rect& slide) {
    slide_ = slide;
}

void Viewport::setView(Level0Point center, double scale) {
    center_ = center;
    scale_ = scale;
    clamp();
}

void Viewport::zoomBy(double factor, ScreenPoint anchor) {
    if (!std::isfinite(factor) || factor <= 0) return;
    const Level0Point held = toLevel0(anchor);
    scale_ = std::clamp(scale_ * factor, minScale(), maxScale);
    center_ = {held.x - (anchor.x - size_.width() / 2) / scale_,
               held.y - (anchor.y - size_.height() / 2) / scale_};
    clamp();
}

void Viewport::panBy(double screenX, double screenY) {
    center_ = {center_.x - screenX / scale_, center_.y - screenY / scale_};
    clamp();
}

void Viewport::fit() {
    if (slide_.isEmpty()) return;
    setView(slide_.center(), fitScale());
}

void Viewport::fit(const Level0Rect& rect) {
    if (rect.isEmpty()) return;
    setView(rect.center(), std::min(size_.width() / rect.width, size_.height() / rect.height));
}

double Viewport::fitScale() const {
    if (slide_.isEmpty()) return 1;
    return std::min({size_.width() / slide_.width, size_.height() / slide_.height, maxScale});
}

double Viewport::minScale() const {
    return std::min(fitScale() / 2, 1.0);
}

Viewport Viewport::between(const Viewport& from, const Viewport& to, double progress) {
    if (progress >= 1) return to;
    Viewport view = to;
    view.scale_ = from.scale_ * std::pow(to.scale_ / from.scale_, progress);
    // A point stays fixed on the screen while the centre moves in proportion to 1 / scale.
    const double whole = 1 / from.scale_ - 1 / to.scale_;
    const bool zooms = std::abs(whole) * from.scale_ > 1e-6;
    const double share = zooms ? (1 / from.scale_ - 1 / view.scale_) / whole : progress;
    view.center_ = {from.center_.x + (to.center_.x - from.center_.x) * share,
                    from.center_.y + (to.center_.y - from.center_.y) * share};
    return view;
}

// The middle of the view stays on the slide, so the slide cannot get lost.
void Viewport::clamp() {
    scale_ = std::isfinite(scale_) && scale_ > 0 ? std::clamp(scale_, minScale(), maxScale) : fitScale();
    if (!std::isfinite(center_.x) || !std::isfinite(center_.y)) center_ = slide_.center();
    if (slide_.isEmpty()) return;
    center_ = {std::clamp(center_.x, slide_.x, slide_.right()),
               std::clamp(center_.y, slide_.y, slide_.bottom())};
}

} // namespace spotglass
