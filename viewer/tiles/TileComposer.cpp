#include "viewer/tiles/TileComposer.h"

#include "viewer/tiles/BilinearKernels.h"
#include "viewer/tiles/BilinearRows.h"
#include "viewer/tiles/Stripes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace spotglass {
namespace {

/// Device pixels [first, end) of a row or column.
struct Span {
    int first = 0, end = 0;
    [[nodiscard]] bool isEmpty() const { return first >= end; }
    [[nodiscard]] Span cut(Span by) const { return {std::max(first, by.first), std::min(end, by.end)}; }
};

int clampedInt(double value) {
    return static_cast<int>(std::clamp(value, -1e9, 1e9));
}

/// The pixels i whose centres satisfy from <= slope * (i + 0.5) + offset < to. Neighbours that share an edge
/// get spans that meet exactly, because the edge is computed from the same numbers.
Span pixelsBetween(double from, double to, double slope, double offset) {
    if (slope == 0) return from <= offset && offset < to ? Span{-1'000'000'000, 1'000'000'000} : Span{};
    const double a = (from - offset) / slope - 0.5, b = (to - offset) / slope - 0.5;
    return slope > 0 ? Span{clampedInt(std::ceil(a)), clampedInt(std::ceil(b))}
                     : Span{clampedInt(std::floor(b)) + 1, clampedInt(std::floor(a)) + 1};
}

std::uint32_t* lineOf(ComposeTarget target, int y) {
    return reinterpret_cast<std::uint32_t*>(target.image->scanLine(y - target.origin.y())) -
           target.origin.x();
}

const std::uint32_t* rowOf(const QImage& image, int y) {
    return reinterpret_cast<const std::uint32_t*>(image.constScanLine(y));
}

} // namespace

struct TileComposer::Tile {
    std::array<std::array<const QImage*, 3>, 3> around{}; ///< row, column; the tile itself in the middle
    double left = 0, top = 0, width = 0, height = 0;      ///< pixels of its level
    double downsample = 1;

    [[nodiscard]] const QImage& image() const { return *around[1][1]; }

    /// Row `y` from -1 to height, and one pixel more at either end, taken from the neighbours where they are
    /// here.
    void copyRow(int y, std::uint32_t* out) const {
        std::size_t band = y < 0 ? 0 : y >= image().height() ? 2 : 1;
        if (!around[band][1]) band = 1;
        const auto rowIn = [&](const QImage& picture) {
            if (band == 0) return rowOf(picture, picture.height() - 1);
            return rowOf(picture, band == 2 ? 0 : std::clamp(y, 0, picture.height() - 1));
        };
        const QImage& own = *around[band][1];
        const int count = std::min(own.width(), image().width());
        const std::uint32_t* row = rowIn(own);
        std::memcpy(out + 1, row, static_cast<std::size_t>(count) * sizeof *out);
        const QImage *before = around[band][0], *after = around[band][2];
        out[0] = before ? rowIn(*before)[before->width() - 1] : row[0];
        out[count + 1] = after ? rowIn(*after)[0] : row[count - 1];
    }
    /// The pixel at (x, y), each from -1 to the side of the tile; from the tile itself where a neighbour is
    /// missing.
    [[nodiscard]] std::uint32_t at(int x, int y) const {
        const auto band = [](int v, int side) { return std::size_t{v < 0 ? 0U : v >= side ? 2U : 1U}; };
        std::size_t column = band(x, image().width()), row = band(y, image().height());
        if (!around[row][column] && around[row][1])
            column = 1;
        else if (!around[row][column] && around[1][column])
            row = 1;
        else if (!around[row][column])
            row = column = 1;
        const QImage& picture = *around[row][column];
        const auto place = [](int v, std::size_t its, int side) {
            return its == 0 ? side - 1 : its == 2 ? 0 : std::clamp(v, 0, side - 1);
        };
        return rowOf(picture, place(y, row, picture.height()))[place(x, column, picture.width())];
    }
};

TileComposer::TileComposer(const SlideInfo& info, const QTransform& level0ToDevice, TilePictures pictures,
                           int threads)
    : info_(info), toDevice_(level0ToDevice), toLevel0_(level0ToDevice.inverted()),
      pictures_(std::move(pictures)), threads_(threads) {}

TileComposer::Tile TileComposer::gather(const TileKey& key) const {
    Tile tile;
    const TileCounts counts = tileCounts(info_.levels[static_cast<std::size_t>(key.level)]);
    for (int row = -1; row <= 1; ++row) {
        for (int column = -1; column <= 1; ++column) {
            const TileKey neighbour{key.level, key.column + column, key.row + row};
            if (neighbour.column < 0 || neighbour.row < 0 || neighbour.column >= counts.columns ||
                neighbour.row >= counts.rows)
                continue;
            tile.around[static_cast<std::size_t>(row + 1)][static_cast<std::size_t>(column + 1)] =
                pictures_(neighbour);
        }
    }
    const LevelRect rect = tileLevelRect(info_, key);
    tile.left = static_cast<double>(rect.x);
    tile.top = static_cast<double>(rect.y);
    tile.width = rect.width;
    tile.height = rect.height;
    tile.downsample = info_.levels[static_cast<std::size_t>(key.level)].downsample;
    return tile;
}

void TileComposer::draw(const std::vector<TileKey>& tiles, const QRect& area, ComposeTarget target) const {
    std::vector<std::pair<Tile, QRect>> gathered; // and where on the device it may reach
    for (const TileKey& key : tiles) {
        const Level0Rect part = tileLevel0Rect(info_, key);
        const QRectF place = toDevice_.mapRect(QRectF(part.x, part.y, part.width, part.height));
        const QRect reach = place.adjusted(-1, -1, 1, 1).toAlignedRect() & area;
        if (reach.isEmpty()) continue;
        Tile tile = gather(key);
        if (tile.around[1][1]) gathered.emplace_back(tile, reach);
    }
    target.image->bits(); // is no copy from here on, so that the threads may ask for its lines
    inStripes(area, threads_, [&](const QRect& stripe) {
        for (const auto& [tile, reach] : gathered)
            if (const QRect part = reach & stripe; !part.isEmpty()) drawTile(tile, part, target);
    });
}

void TileComposer::drawTile(const Tile& tile, const QRect& area, ComposeTarget target) const {
    if (toLevel0_.m12() == 0 && toLevel0_.m21() == 0)
        drawUpright(tile, area, target);
    else
        drawTurned(tile, area, target);
}

// Rows and columns of the device lie along those of the tile: each row of the tile is interpolated along x
// once, and pairs of rows along y.
void TileComposer::drawUpright(const Tile& tile, const QRect& area, ComposeTarget target) const {
    const double stepX = toLevel0_.m11() / tile.downsample, stepY = toLevel0_.m22() / tile.downsample;
    const double offsetX = toLevel0_.dx() / tile.downsample, offsetY = toLevel0_.dy() / tile.downsample;
    const Span columns =
        pixelsBetween(tile.left, tile.left + tile.width, stepX, offsetX).cut({area.left(), area.right() + 1});
    const Span rows =
        pixelsBetween(tile.top, tile.top + tile.height, stepY, offsetY).cut({area.top(), area.bottom() + 1});
    if (columns.isEmpty() || rows.isEmpty()) return;
    thread_local BilinearRows interpolator;
    const int width = tile.image().width(), height = tile.image().height();
    interpolator.setColumns(stepX * (columns.first + 0.5) + offsetX - tile.left - 0.5, stepX,
                            columns.end - columns.first, width);
    for (int y = rows.first; y < rows.end; ++y) {
        const double v = stepY * (y + 0.5) + offsetY - tile.top - 0.5;
        const int above = std::clamp(static_cast<int>(std::floor(v)), -1, height - 1);
        const int share = std::clamp(static_cast<int>(std::lround((v - above) * 256)), 0, 256);
        interpolator.writeRow(
            above, share, [&tile](int row, std::uint32_t* out) { tile.copyRow(row, out); },
            lineOf(target, y) + columns.first);
    }
}

void TileComposer::drawTurned(const Tile& tile, const QRect& area, ComposeTarget target) const {
    const double scale = 1 / tile.downsample;
    const double xx = toLevel0_.m11() * scale, xy = toLevel0_.m21() * scale, x0 = toLevel0_.dx() * scale;
    const double yx = toLevel0_.m12() * scale, yy = toLevel0_.m22() * scale, y0 = toLevel0_.dy() * scale;
    constexpr double one = 4294967296.0;      // 32 bits behind the point: no drift along a row
    constexpr double margin = 0.5 + 1.0 / 64; // a little more than half a pixel, for the rounding
    const auto stepX = static_cast<std::int64_t>(std::llround(xx * one)),
               stepY = static_cast<std::int64_t>(std::llround(yx * one));
    const QImage& image = tile.image();
    const auto stride = static_cast<std::ptrdiff_t>(image.bytesPerLine() / 4);
    const std::uint32_t* pixels = rowOf(image, 0);
    for (int y = area.top(); y <= area.bottom(); ++y) {
        const double offsetX = xy * (y + 0.5) + x0, offsetY = yy * (y + 0.5) + y0;
        const Span span = pixelsBetween(tile.left, tile.left + tile.width, xx, offsetX)
                              .cut(pixelsBetween(tile.top, tile.top + tile.height, yx, offsetY))
                              .cut({area.left(), area.right() + 1});
        if (span.isEmpty()) continue;
        auto u = static_cast<std::int64_t>(
            std::llround((xx * (span.first + 0.5) + offsetX - tile.left - 0.5) * one));
        auto v = static_cast<std::int64_t>(
            std::llround((yx * (span.first + 0.5) + offsetY - tile.top - 0.5) * one));
        std::uint32_t* line = lineOf(target, y);
        // Most pixels have all four neighbours in this tile.
        Span inner = pixelsBetween(tile.left + margin, tile.left + tile.width - margin, xx, offsetX)
                         .cut(pixelsBetween(tile.top + margin, tile.top + tile.height - margin, yx, offsetY))
                         .cut(span);
        if (inner.isEmpty()) inner = {span.first, span.first};
        const auto border = [&](int from, int to) {
            for (int x = from; x < to; ++x, u += stepX, v += stepY) {
                const int column = static_cast<int>(u >> 32), row = static_cast<int>(v >> 32);
                const std::uint32_t above[2] = {tile.at(column, row), tile.at(column + 1, row)};
                const std::uint32_t below[2] = {tile.at(column, row + 1), tile.at(column + 1, row + 1)};
                line[x] = bilinear(above, below, static_cast<unsigned>(u >> 24 & 255),
                                   static_cast<unsigned>(v >> 24 & 255));
            }
        };
        border(span.first, inner.first);
        const int count = inner.end - inner.first;
        bilinearKernels().alongWay({pixels, stride, u, v, stepX, stepY}, count, line + inner.first);
        u += count * stepX;
        v += count * stepY;
        border(inner.end, span.end);
    }
}

void TileComposer::fillSpans(const Level0Rect& part, bool inside, QRgb colour, const QRect& area,
                             ComposeTarget target) const {
    const Span all{area.left(), area.right() + 1};
    for (int y = area.top(); y <= area.bottom(); ++y) {
        const double offsetX = toLevel0_.m21() * (y + 0.5) + toLevel0_.dx(),
                     offsetY = toLevel0_.m22() * (y + 0.5) + toLevel0_.dy();
        Span span = pixelsBetween(part.x, part.right(), toLevel0_.m11(), offsetX)
                        .cut(pixelsBetween(part.y, part.bottom(), toLevel0_.m12(), offsetY))
                        .cut(all);
        if (span.isEmpty()) span = {all.first, all.first};
        std::uint32_t* line = lineOf(target, y);
        if (inside) {
            std::fill(line + span.first, line + span.end, colour);
        } else {
            std::fill(line + all.first, line + span.first, colour);
            std::fill(line + span.end, line + all.end, colour);
        }
    }
}

void TileComposer::fill(const Level0Rect& part, QRgb colour, const QRect& area, ComposeTarget target) const {
    fillSpans(part, true, colour, area, target);
}

void TileComposer::fillAround(const Level0Rect& part, QRgb colour, const QRect& area,
                              ComposeTarget target) const {
    fillSpans(part, false, colour, area, target);
}

} // namespace spotglass
