#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <QImage>
#include <QRect>

namespace spotglass {

/// A point in pixels of an image: (0, 0) is the corner of the first pixel, (0.5, 0.5) its middle.
struct PicturePoint {
    float x = 0, y = 0;
};

/// Draws very many short lines into an image faster than a QPainter does. Coordinates may lie anywhere;
/// nothing is written outside the clip. Overlapping lines do not add up: the more opaque pixel stays. One
/// thread at a time.
class OutlineRaster {
  public:
    /// `image` is Format_ARGB32_Premultiplied, outlives the raster and is not shared while that lives.
    OutlineRaster(QImage& image, const QRect& clip);

    /// Opaque colour of what is drawn from now on.
    void setColor(QRgb color) { color_ = color | 0xff000000; }

    /// A line of one pixel without smoothing, without its end (where the next one begins). Its pixels'
    /// middles are within 0.71 pixels of it.
    void thinLine(PicturePoint a, PicturePoint b);
    /// The same for a line that lies more than a pixel inside the clip.
    void thinLineInside(PicturePoint a, PicturePoint b);
    /// A smoothed line of `width` (at least 1) pixels.
    void smoothLine(PicturePoint a, PicturePoint b, float width);
    /// A square of `side` whole pixels about `middle`, `alpha` (0 to 255) opaque, over what is there.
    void dot(PicturePoint middle, int side, int alpha);
    /// The outline of a round thing `width` x `height` (at least 2) pixels about `middle`, without smoothing.
    void ring(PicturePoint middle, float width, float height);
    /// Fills such a thing, `alpha` opaque, over what is there.
    void blob(PicturePoint middle, float width, float height, int alpha);
    /// A smoothed disc.
    void disc(PicturePoint middle, float radius);

    /// One line of the boundary of the area that fill() is to fill.
    void addEdge(PicturePoint a, PicturePoint b);
    /// Fills what lies within an odd number of the boundaries added since the last call, `alpha` opaque,
    /// over what is there.
    void fill(int alpha);

  private:
    /// Which part of the line from `a` (0) to `b` (1) may touch the clip, widened by `margin`; false when
    /// none.
    [[nodiscard]] bool clipLine(PicturePoint a, PicturePoint b, float margin, float& from, float& to) const;
    /// Sets pixels from (x, y) on, a step apart, in 1/65536 pixels: pictures are narrower than 32768.
    template <bool Checked>
    void thinRun(std::int32_t x, std::int32_t y, std::int32_t stepX, std::int32_t stepY, int steps);
    template <bool Steep> void smoothRun(PicturePoint a, PicturePoint b, float width);
    [[nodiscard]] QRgb* pixel(int x, int y) const { return bits_ + y * stride_ + x; }
    /// Makes a pixel as opaque as `coverage` (0 to 1) of the colour, unless it is more so.
    void cover(QRgb* pixel, float coverage) const;

    QRgb* bits_;
    std::ptrdiff_t stride_;           ///< in pixels
    int left_, top_, right_, bottom_; ///< of the clip; the last two are exclusive
    QRgb color_ = 0xff000000;
    std::vector<std::uint64_t> crossings_; ///< row, then column, of where edges cross the middles of rows
};

// Half of the cost of a short line would be wrong guesses of which way it runs; so it is sampled at points
// less than a pixel apart instead.
inline void OutlineRaster::thinLineInside(PicturePoint a, PicturePoint b) {
    const float dx = b.x - a.x, dy = b.y - a.y;
    const int steps = static_cast<int>(std::max(std::abs(dx), std::abs(dy))) + 1;
    const float scale = 65536.0F / static_cast<float>(steps);
    thinRun<false>(static_cast<std::int32_t>(a.x * 65536.0F), static_cast<std::int32_t>(a.y * 65536.0F),
                   static_cast<std::int32_t>(dx * scale), static_cast<std::int32_t>(dy * scale), steps);
}

template <bool Checked>
void OutlineRaster::thinRun(std::int32_t x, std::int32_t y, std::int32_t stepX, std::int32_t stepY,
                            int steps) {
    for (int i = 0; i < steps; ++i, x += stepX, y += stepY) {
        const int column = x >> 16, row = y >> 16;
        if (Checked && (column < left_ || column >= right_ || row < top_ || row >= bottom_)) continue;
        *pixel(column, row) = color_;
    }
}

} // namespace spotglass
