#include "viewer/tiles/TileGrid.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

// Strips, and tiles as large as the level, are legal in TIFF but no unit to fetch for a screen.
int sensibleSide(int side) {
    return side >= 128 && side <= 1024 ? side : 512;
}

std::int32_t cells(std::int64_t pixels, int side) {
    return static_cast<std::int32_t>((std::max<std::int64_t>(pixels, 0) + side - 1) / side);
}

std::int32_t cellOf(double level0, double downsample, int side, std::int32_t count) {
    const double cell = std::floor(level0 / downsample / side);
    return static_cast<std::int32_t>(std::clamp(cell, -1.0, static_cast<double>(count)));
}

} // namespace

TileSize tileSize(const SlideLevel& level) {
    return {sensibleSide(level.tileWidth), sensibleSide(level.tileHeight)};
}

TileCounts tileCounts(const SlideLevel& level) {
    const TileSize size = tileSize(level);
    return {cells(level.width, size.width), cells(level.height, size.height)};
}

LevelRect tileLevelRect(const SlideInfo& info, const TileKey& key) {
    const SlideLevel& level = info.levels[static_cast<std::size_t>(key.level)];
    const TileSize size = tileSize(level);
    const std::int64_t x = std::int64_t{key.column} * size.width, y = std::int64_t{key.row} * size.height;
    return {x, y, static_cast<int>(std::clamp<std::int64_t>(level.width - x, 0, size.width)),
            static_cast<int>(std::clamp<std::int64_t>(level.height - y, 0, size.height))};
}

Level0Rect tileLevel0Rect(const SlideInfo& info, const TileKey& key) {
    const double downsample = info.levels[static_cast<std::size_t>(key.level)].downsample;
    const LevelRect rect = tileLevelRect(info, key);
    return {static_cast<double>(rect.x) * downsample, static_cast<double>(rect.y) * downsample,
            rect.width * downsample, rect.height * downsample};
}

TileRange tilesTouching(const SlideInfo& info, int level, const Level0Rect& area) {
    const SlideLevel& its = info.levels[static_cast<std::size_t>(level)];
    const TileSize size = tileSize(its);
    const TileCounts counts = tileCounts(its);
    if (area.isEmpty() || counts.total() == 0) return {};
    TileRange range;
    range.firstColumn = std::max(cellOf(area.x, its.downsample, size.width, counts.columns), 0);
    range.firstRow = std::max(cellOf(area.y, its.downsample, size.height, counts.rows), 0);
    range.lastColumn =
        std::min(cellOf(area.right(), its.downsample, size.width, counts.columns), counts.columns - 1);
    range.lastRow =
        std::min(cellOf(area.bottom(), its.downsample, size.height, counts.rows), counts.rows - 1);
    return range;
}

} // namespace spotglass
