#include "viewer/canvas/OutlineRaster.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

/// All four parts of a premultiplied pixel times alpha / 256 (alpha 0 to 256).
QRgb scaled(QRgb pixel, std::uint32_t alpha) {
    const std::uint32_t redBlue = ((pixel & 0x00ff00ffu) * alpha >> 8) & 0x00ff00ffu;
    const std::uint32_t alphaGreen = ((pixel >> 8) & 0x00ff00ffu) * alpha & 0xff00ff00u;
    return redBlue | alphaGreen;
}

int wholeBelow(float value) {
    const int whole = static_cast<int>(value);
    return whole - (static_cast<float>(whole) > value);
}

} // namespace

OutlineRaster::OutlineRaster(QImage& image, const QRect& clip)
    : bits_(reinterpret_cast<QRgb*>(image.bits())), stride_(image.bytesPerLine() / 4) {
    const QRect area = clip & image.rect();
    left_ = area.left();
    top_ = area.top();
    right_ = area.right() + 1;
    bottom_ = area.bottom() + 1;
}

/// Liang and Barsky, "A new concept and method for line clipping", 1984.
bool OutlineRaster::clipLine(PicturePoint a, PicturePoint b, float margin, float& from, float& to) const {
    const float left = static_cast<float>(left_) - margin, right = static_cast<float>(right_) + margin,
                top = static_cast<float>(top_) - margin, bottom = static_cast<float>(bottom_) + margin;
    const auto inside = [=](PicturePoint p) {
        return p.x >= left && p.x <= right && p.y >= top && p.y <= bottom;
    };
    from = 0;
    to = 1;
    if (inside(a) && inside(b)) return true;
    const float dx = b.x - a.x, dy = b.y - a.y;
    const auto cut = [&from, &to](float towards, float room) {
        if (towards == 0) return room >= 0;
        const float t = room / towards;
        if (towards < 0)
            from = std::max(from, t);
        else
            to = std::min(to, t);
        return from <= to;
    };
    return cut(-dx, a.x - left) && cut(dx, right - a.x) && cut(-dy, a.y - top) && cut(dy, bottom - a.y);
}

void OutlineRaster::thinLine(PicturePoint a, PicturePoint b) {
    float from = 0, to = 1;
    if (!clipLine(a, b, 1, from, to)) return;
    // The samples stay where they are on the whole line, so that a part drawn later joins on. Ends may be
    // millions of pixels away.
    const double dx = double(b.x) - a.x, dy = double(b.y) - a.y;
    const double steps = std::floor(std::max(std::abs(dx), std::abs(dy))) + 1;
    const double first = std::floor(from * steps), end = std::min(std::ceil(to * steps) + 1, steps);
    const double scale = 65536 / steps;
    const auto fixed = [](double value) { return static_cast<std::int32_t>(std::floor(value)); };
    thinRun<true>(fixed(a.x * 65536.0 + first * dx * scale), fixed(a.y * 65536.0 + first * dy * scale),
                  fixed(dx * scale), fixed(dy * scale), static_cast<int>(end - first));
}

void OutlineRaster::cover(QRgb* pixel, float coverage) const {
    const auto alpha = static_cast<std::uint32_t>(coverage * 256.0F);
    const QRgb fresh = scaled(color_, alpha);
    if ((fresh >> 24) >= (*pixel >> 24)) *pixel = fresh;
}

/// After Wu, "An efficient antialiasing technique", 1991: in each column (row, where steep) the pixels that
/// the line crosses get the part of themselves that it covers.
template <bool Steep> void OutlineRaster::smoothRun(PicturePoint a, PicturePoint b, float width) {
    if (Steep) {
        std::swap(a.x, a.y);
        std::swap(b.x, b.y);
    }
    if (a.x > b.x) std::swap(a, b);
    const float slope = b.x > a.x ? (b.y - a.y) / (b.x - a.x) : 0;
    const float half = width / 2 * std::sqrt(1 + slope * slope);
    // Ends reach over the joint, so that no notch stays between two lines of different directions.
    const float from = a.x - width / 4, to = b.x + width / 4;
    const int low = Steep ? top_ : left_, high = Steep ? bottom_ : right_;
    const int lowAcross = Steep ? left_ : top_, highAcross = Steep ? right_ : bottom_;
    const int first = std::max(wholeBelow(from), low), last = std::min(wholeBelow(to), high - 1);
    for (int i = first; i <= last; ++i) {
        const auto at = static_cast<float>(i);
        const float length = std::min(at + 1, to) - std::max(at, from);
        const float middle = a.y + slope * (at + 0.5F - a.x), above = middle - half, below = middle + half;
        const int end = std::min(wholeBelow(below), highAcross - 1);
        for (int j = std::max(wholeBelow(above), lowAcross); j <= end; ++j) {
            const auto row = static_cast<float>(j);
            const float part = std::min(row + 1, below) - std::max(row, above);
            cover(Steep ? pixel(j, i) : pixel(i, j), std::clamp(part * length, 0.0F, 1.0F));
        }
    }
}

void OutlineRaster::smoothLine(PicturePoint a, PicturePoint b, float width) {
    float from = 0, to = 1;
    if (!clipLine(a, b, width + 1, from, to)) return;
    const PicturePoint start = a, way{b.x - a.x, b.y - a.y};
    if (from > 0) a = {start.x + from * way.x, start.y + from * way.y};
    if (to < 1) b = {start.x + to * way.x, start.y + to * way.y};
    if (std::abs(b.x - a.x) >= std::abs(b.y - a.y))
        smoothRun<false>(a, b, width);
    else
        smoothRun<true>(a, b, width);
}

void OutlineRaster::dot(PicturePoint middle, int side, int alpha) {
    const float half = static_cast<float>(side - 1) / 2;
    const float width = static_cast<float>(right_), height = static_cast<float>(bottom_);
    if (!(middle.x > -8 && middle.y > -8 && middle.x < width + 8 && middle.y < height + 8)) return;
    const int x = wholeBelow(middle.x - half), y = wholeBelow(middle.y - half);
    const auto opaque = static_cast<std::uint32_t>(alpha + alpha / 128); // 0 to 256
    const QRgb ink = scaled(color_, opaque);
    for (int j = std::max(y, top_); j < std::min(y + side, bottom_); ++j)
        for (int i = std::max(x, left_); i < std::min(x + side, right_); ++i)
            *pixel(i, j) = opaque == 256 ? ink : ink + scaled(*pixel(i, j), 256 - opaque);
}

// A box without its corners: of some pixels' size nothing rounder can be drawn.
void OutlineRaster::ring(PicturePoint middle, float width, float height) {
    const int columns = std::max(2, static_cast<int>(std::lround(width))),
              rows = std::max(2, static_cast<int>(std::lround(height)));
    const int left = static_cast<int>(std::floor(middle.x - static_cast<float>(columns - 1) / 2)),
              top = static_cast<int>(std::floor(middle.y - static_cast<float>(rows - 1) / 2));
    const int right = left + columns - 1, bottom = top + rows - 1;
    const int corner = std::min(columns, rows) > 4 ? 2 : 1;
    const int fromX = std::max(left + corner, left_), toX = std::min(right - corner, right_ - 1);
    for (const int y : {top, bottom})
        if (y >= top_ && y < bottom_)
            for (int x = fromX; x <= toX; ++x)
                *pixel(x, y) = color_;
    const int fromY = std::max(top + corner, top_), toY = std::min(bottom - corner, bottom_ - 1);
    for (const int x : {left, right})
        if (x >= left_ && x < right_)
            for (int y = fromY; y <= toY; ++y)
                *pixel(x, y) = color_;
    if (corner == 1) return;
    for (const int x : {left + 1, right - 1})
        for (const int y : {top + 1, bottom - 1})
            if (x >= left_ && x < right_ && y >= top_ && y < bottom_) *pixel(x, y) = color_;
}

void OutlineRaster::blob(PicturePoint middle, float width, float height, int alpha) {
    const auto opaque = static_cast<std::uint32_t>(alpha + alpha / 128); // 0 to 256
    const QRgb ink = scaled(color_, opaque);
    const float a = width / 2, b = height / 2;
    const int top = std::max(wholeBelow(middle.y - b + 0.5F), top_),
              end = std::min(wholeBelow(middle.y + b + 0.5F), bottom_);
    for (int y = top; y < end; ++y) {
        const float v = (static_cast<float>(y) + 0.5F - middle.y) / b;
        const float half = a * std::sqrt(std::max(0.0F, 1 - v * v));
        const int from = std::max(wholeBelow(middle.x - half + 0.5F), left_),
                  to = std::min(wholeBelow(middle.x + half + 0.5F), right_);
        for (int x = from; x < to; ++x)
            *pixel(x, y) = ink + scaled(*pixel(x, y), 256 - opaque);
    }
}

void OutlineRaster::disc(PicturePoint middle, float radius) {
    const float reach = radius + 1;
    if (!(middle.x > static_cast<float>(left_) - reach && middle.x < static_cast<float>(right_) + reach &&
          middle.y > static_cast<float>(top_) - reach && middle.y < static_cast<float>(bottom_) + reach))
        return;
    for (int j = std::max(wholeBelow(middle.y - reach), top_);
         j < std::min(wholeBelow(middle.y + reach) + 1, bottom_); ++j)
        for (int i = std::max(wholeBelow(middle.x - reach), left_);
             i < std::min(wholeBelow(middle.x + reach) + 1, right_); ++i) {
            const float dx = static_cast<float>(i) + 0.5F - middle.x,
                        dy = static_cast<float>(j) + 0.5F - middle.y;
            const float inside = radius + 0.5F - std::sqrt(dx * dx + dy * dy);
            if (inside > 0) cover(pixel(i, j), std::min(inside, 1.0F));
        }
}

void OutlineRaster::addEdge(PicturePoint a, PicturePoint b) {
    if (a.y > b.y) std::swap(a, b);
    const float top = static_cast<float>(top_), bottom = static_cast<float>(bottom_);
    if (!(b.y > top && a.y < bottom)) return;
    // Rows whose middles lie in a.y <= middle < b.y.
    const int first = static_cast<int>(std::ceil(std::max(a.y, top) - 0.5F));
    const int end = static_cast<int>(std::ceil(std::min(b.y, bottom) - 0.5F));
    if (first >= end) return;
    const float slope = (b.x - a.x) / (b.y - a.y);
    const float low = static_cast<float>(left_), high = static_cast<float>(right_);
    for (int row = first; row < end; ++row) {
        const float x = a.x + slope * (static_cast<float>(row) + 0.5F - a.y);
        const auto column = static_cast<std::uint32_t>(std::ceil(std::clamp(x, low, high) - 0.5F));
        crossings_.push_back(static_cast<std::uint64_t>(row) << 32 | column);
    }
}

void OutlineRaster::fill(int alpha) {
    std::sort(crossings_.begin(), crossings_.end());
    const auto opaque = static_cast<std::uint32_t>(alpha + alpha / 128);
    const QRgb ink = scaled(color_, opaque);
    for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2) {
        const auto row = static_cast<int>(crossings_[i] >> 32);
        const auto from = static_cast<int>(crossings_[i] & 0xffffffffu);
        const auto to = std::min(static_cast<int>(crossings_[i + 1] & 0xffffffffu), right_);
        QRgb* line = pixel(0, row);
        for (int x = from; x < to; ++x)
            line[x] = ink + scaled(line[x], 256 - opaque);
    }
    crossings_.clear();
}

} // namespace spotglass
