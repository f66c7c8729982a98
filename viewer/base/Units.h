#pragma once

#include <cmath>
#include <cstdint>

/// Coordinate frames as distinct types (design section 5.2). x runs right, y runs down, the origin is the
/// top-left corner of the top-left pixel; a pixel's centre is at +0.5.
namespace spotglass {

/// A point in full-resolution pixels of the slide.
struct Level0Point {
    double x = 0, y = 0;
    bool operator==(const Level0Point&) const = default;
};

/// A rectangle in full-resolution pixels; right() and bottom() are exclusive.
struct Level0Rect {
    double x = 0, y = 0, width = 0, height = 0;
    [[nodiscard]] double right() const { return x + width; }
    [[nodiscard]] double bottom() const { return y + height; }
    [[nodiscard]] Level0Point center() const { return {x + width / 2, y + height / 2}; }
    [[nodiscard]] bool isEmpty() const { return width <= 0 || height <= 0; }
    [[nodiscard]] bool contains(Level0Point p) const {
        return p.x >= x && p.y >= y && p.x < right() && p.y < bottom();
    }
    [[nodiscard]] bool intersects(const Level0Rect& o) const {
        return x < o.right() && o.x < right() && y < o.bottom() && o.y < bottom();
    }
    bool operator==(const Level0Rect&) const = default;
};

/// A rectangle of whole pixels of one pyramid level.
struct LevelRect {
    std::int64_t x = 0, y = 0;
    int width = 0, height = 0;
    bool operator==(const LevelRect&) const = default;
};

/// A point in device-independent screen pixels of the canvas widget.
struct ScreenPoint {
    double x = 0, y = 0;
    bool operator==(const ScreenPoint&) const = default;
};

/// Micrometres per full-resolution pixel along x and y.
struct MicronsPerPixel {
    double x = 0, y = 0;
    [[nodiscard]] bool isValid() const { return std::isfinite(x) && std::isfinite(y) && x > 0 && y > 0; }
    [[nodiscard]] double mean() const { return (x + y) / 2; }
    bool operator==(const MicronsPerPixel&) const = default;
};

/// Maps (column, row) of a lattice to level-0 pixels: x = xx*column + xy*row + dx, y = yx*column + yy*row +
/// dy. Integer lattice coordinates are cell centres.
struct LatticeAffine {
    double xx = 1, xy = 0, dx = 0, yx = 0, yy = 1, dy = 0;
    [[nodiscard]] Level0Point toLevel0(double column, double row) const {
        return {xx * column + xy * row + dx, yx * column + yy * row + dy};
    }
    bool operator==(const LatticeAffine&) const = default;
};

} // namespace spotglass
