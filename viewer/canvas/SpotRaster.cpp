#include "viewer/canvas/SpotRaster.h"

#include "viewer/canvas/Premultiplied.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace spotglass {
namespace {

constexpr QRgb rimColour = 0xFF141418;
constexpr float rimStrength = 150; ///< of 255

float share(float inside) {
    return std::clamp(inside + 0.5F, 0.0F, 1.0F);
}

} // namespace

SpotRaster::SpotRaster(const Viewport& viewport, const DeviceGrid& grid, const QRect& area, double diameterX,
                       double diameterY)
    : viewport_(viewport), grid_(grid), area_(area),
      picture_(area.size(), QImage::Format_ARGB32_Premultiplied) {
    picture_.fill(0);
    const QTransform toDevice = viewport.level0ToScreen() * QTransform::fromScale(grid.ratioX, grid.ratioY);
    const double ax = toDevice.m11() * diameterX / 2, ay = toDevice.m12() * diameterX / 2; // half axes
    const double bx = toDevice.m21() * diameterY / 2, by = toDevice.m22() * diameterY / 2;
    const double determinant = ax * by - bx * ay;
    xx_ = by / determinant;
    xy_ = -bx / determinant;
    yx_ = -ay / determinant;
    yy_ = ax / determinant;
    reachX_ = std::hypot(ax, bx) + 0.5;
    reachY_ = std::hypot(ay, by) + 0.5;
    shorter_ = std::min(std::hypot(ax, ay), std::hypot(bx, by));
    share_ = std::numbers::pi * std::abs(determinant);
    if (share_ > 1) return;
    sums_.resize(static_cast<std::size_t>(area.width()) * static_cast<std::size_t>(area.height()));
}

void SpotRaster::disc(Level0Point center, QRgb colour, double rim) {
    shape(center, colour, rim, true);
}

void SpotRaster::ring(Level0Point center, QRgb colour, double width) {
    shape(center, colour, width, false);
}

void SpotRaster::shape(Level0Point center, QRgb colour, double line, bool filled) {
    const QPointF at = grid_.fromScreen(viewport_.toScreen(center));
    if (!sums_.empty()) {
        merge(at, colour);
        return;
    }
    // Pixels whose centres are that near.
    const int left = std::max(static_cast<int>(std::ceil(at.x() - reachX_ - 0.5)), area_.left());
    const int right = std::min(static_cast<int>(std::floor(at.x() + reachX_ - 0.5)), area_.right());
    const int top = std::max(static_cast<int>(std::ceil(at.y() - reachY_ - 0.5)), area_.top());
    const int bottom = std::min(static_cast<int>(std::floor(at.y() + reachY_ - 0.5)), area_.bottom());
    const auto xx = static_cast<float>(xx_), xy = static_cast<float>(xy_);
    const auto yx = static_cast<float>(yx_), yy = static_cast<float>(yy_);
    const auto width = static_cast<float>(line * (grid_.ratioX + grid_.ratioY) / 2);
    const auto shorter = static_cast<float>(shorter_);
    const float core = std::max(1 - (width + 1) / shorter, 0.0F), beyond = 1 + 1 / shorter;
    for (int y = top; y <= bottom; ++y) {
        auto* pixels = reinterpret_cast<QRgb*>(picture_.scanLine(y - area_.top())) - area_.left();
        const auto dy = static_cast<float>(y + 0.5 - at.y());
        for (int x = left; x <= right; ++x) {
            const auto dx = static_cast<float>(x + 0.5 - at.x());
            const float u = xx * dx + xy * dy, v = yx * dx + yy * dy, away = u * u + v * v;
            if (away < core * core) {
                if (filled) pixels[x] = colour;
                continue;
            }
            if (away > beyond * beyond) continue;
            // Pixels to the edge, to first order: the radius less 1, over how fast it grows here.
            const float gx = xx * u + yx * v, gy = xy * u + yy * v;
            const float radius = std::sqrt(away), slope = std::sqrt(gx * gx + gy * gy);
            const float inside = slope > 0 ? (1 - radius) * radius / slope : 1e6F;
            const float outer = share(inside), inner = share(inside - width);
            if (filled) {
                pixels[x] = over(pixels[x], colour, static_cast<unsigned>(outer * 255 + 0.5F));
                if (width > 0)
                    pixels[x] =
                        over(pixels[x], rimColour, static_cast<unsigned>((outer - inner) * rimStrength));
            } else {
                pixels[x] = over(pixels[x], colour, static_cast<unsigned>((outer - inner) * 255 + 0.5F));
            }
        }
    }
}

void SpotRaster::merge(QPointF center, QRgb colour) {
    const QPoint pixel(static_cast<int>(std::floor(center.x())), static_cast<int>(std::floor(center.y())));
    if (!area_.contains(pixel)) return;
    Sum& sum =
        sums_[static_cast<std::size_t>(pixel.y() - area_.top()) * static_cast<std::size_t>(area_.width()) +
              static_cast<std::size_t>(pixel.x() - area_.left())];
    sum.red += static_cast<std::uint32_t>(qRed(colour));
    sum.green += static_cast<std::uint32_t>(qGreen(colour));
    sum.blue += static_cast<std::uint32_t>(qBlue(colour));
    ++sum.count;
}

void SpotRaster::drawMerged() {
    auto sum = sums_.begin();
    for (int y = 0; y < area_.height(); ++y) {
        auto* pixels = reinterpret_cast<QRgb*>(picture_.scanLine(y));
        for (int x = 0; x < area_.width(); ++x, ++sum) {
            const std::uint32_t count = sum->count;
            if (count == 0) continue;
            const QRgb mean = qRgb(static_cast<int>(sum->red / count), static_cast<int>(sum->green / count),
                                   static_cast<int>(sum->blue / count));
            // Circles of one size meet at most edge to edge, so that what they cover adds up.
            pixels[x] = covering(mean, static_cast<unsigned>(std::min(share_ * count, 1.0) * 255 + 0.5));
        }
    }
}

void SpotRaster::draw(QPainter& painter) {
    if (!sums_.empty()) drawMerged();
    grid_.draw(painter, area_.topLeft(), picture_);
}

} // namespace spotglass
