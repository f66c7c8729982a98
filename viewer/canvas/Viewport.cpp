#include "viewer/canvas/Viewport.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace spotglass {

ScreenPoint Viewport::turned(double x, double y) const {
    if (mirrored_) x = -x;
    return {(x * cosine_ - y * sine_) * scale_, (x * sine_ + y * cosine_) * scale_};
}

Level0Point Viewport::turnedBack(double x, double y) const {
    const double across = (x * cosine_ + y * sine_) / scale_, down = (y * cosine_ - x * sine_) / scale_;
    return {mirrored_ ? -across : across, down};
}

ScreenPoint Viewport::toScreen(Level0Point point) const {
    const ScreenPoint at = turned(point.x - center_.x, point.y - center_.y);
    return {at.x + size_.width() / 2, at.y + size_.height() / 2};
}

Level0Point Viewport::toLevel0(ScreenPoint point) const {
    const Level0Point at = turnedBack(point.x - size_.width() / 2, point.y - size_.height() / 2);
    return {center_.x + at.x, center_.y + at.y};
}

QRectF Viewport::toScreen(const Level0Rect& rect) const {
    if (isUpright()) {
        const ScreenPoint topLeft = toScreen(Level0Point{rect.x, rect.y});
        return {topLeft.x, topLeft.y, rect.width * scale_, rect.height * scale_};
    }
    return level0ToScreen().mapRect(QRectF(rect.x, rect.y, rect.width, rect.height));
}

Level0Rect Viewport::toLevel0(const QRectF& screen) const {
    if (isUpright()) {
        const Level0Point topLeft = toLevel0(ScreenPoint{screen.x(), screen.y()});
        return {topLeft.x, topLeft.y, screen.width() / scale_, screen.height() / scale_};
    }
    const QRectF area = level0ToScreen().inverted().mapRect(screen);
    return {area.x(), area.y(), area.width(), area.height()};
}

QTransform Viewport::level0ToScreen() const {
    const ScreenPoint across = turned(1, 0), down = turned(0, 1), origin = toScreen(Level0Point{0, 0});
    return {across.x, across.y, down.x, down.y, origin.x, origin.y};
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
    keepUnder(anchor, held);
}

void Viewport::panBy(double screenX, double screenY) {
    const Level0Point moved = turnedBack(screenX, screenY);
    center_ = {center_.x - moved.x, center_.y - moved.y};
    clamp();
}

void Viewport::keepUnder(ScreenPoint anchor, Level0Point point) {
    const Level0Point at = turnedBack(anchor.x - size_.width() / 2, anchor.y - size_.height() / 2);
    center_ = {point.x - at.x, point.y - at.y};
    clamp();
}

void Viewport::setRotation(double degrees) {
    if (!std::isfinite(degrees)) return;
    degrees = std::fmod(degrees, 360);
    if (degrees < 0) degrees += 360;
    rotation_ = degrees >= 360 ? 0 : degrees; // a negative number too small to count
    // Exact at quarter turns, where the picture is made of whole pixels again.
    const double quarters = rotation_ / 90;
    const double radians = rotation_ * std::numbers::pi / 180;
    const bool whole = quarters == std::floor(quarters);
    cosine_ = whole ? std::round(std::cos(radians)) : std::cos(radians);
    sine_ = whole ? std::round(std::sin(radians)) : std::sin(radians);
}

void Viewport::rotateBy(double degrees, ScreenPoint anchor) {
    const Level0Point held = toLevel0(anchor);
    setRotation(rotation_ + degrees);
    keepUnder(anchor, held);
}

// Mirroring the screen turns a rotation by r after the mirror into one by -r.
void Viewport::flipHorizontally() {
    mirrored_ = !mirrored_;
    setRotation(-rotation_);
}

void Viewport::flipVertically() {
    mirrored_ = !mirrored_;
    setRotation(180 - rotation_);
}

void Viewport::fit() {
    if (slide_.isEmpty()) return;
    setView(slide_.center(), fitScale());
}

void Viewport::fit(const Level0Rect& rect) {
    if (rect.isEmpty()) return;
    setView(rect.center(), scaleToShow(rect));
}

double Viewport::scaleToShow(const Level0Rect& rect) const {
    // The sides of the upright box around the turned rectangle.
    const double width = rect.width * std::abs(cosine_) + rect.height * std::abs(sine_);
    const double height = rect.width * std::abs(sine_) + rect.height * std::abs(cosine_);
    return std::min(size_.width() / width, size_.height() / height);
}

double Viewport::fitScale() const {
    if (slide_.isEmpty()) return 1;
    return std::min(scaleToShow(slide_), maxScale);
}

double Viewport::minScale() const {
    return std::min(fitScale() / 2, 1.0);
}

Viewport Viewport::between(const Viewport& from, const Viewport& to, double progress) {
    if (progress >= 1) return to;
    Viewport view = to;
    if (from.rotation_ != to.rotation_) {
        const double turn = std::remainder(to.rotation_ - from.rotation_, 360);
        view.setRotation(from.rotation_ + turn * progress);
    }
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
