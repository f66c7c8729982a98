#pragma once

#include "viewer/slide/SlideSource.h"
#include "viewer/tiles/TileKey.h"

/// Where tiles lie. All functions are pure and may be called on any thread; `level` must exist in `info`.
namespace spotglass {

/// Size of the tiles we read on one level, in level pixels: the file's own where that is reasonable for a
/// screen.
struct TileSize {
    int width = 256, height = 256;
};
[[nodiscard]] TileSize tileSize(const SlideLevel& level);

/// Columns and rows of the grid of one level.
struct TileCounts {
    std::int32_t columns = 0, rows = 0;
    [[nodiscard]] std::int64_t total() const { return std::int64_t{columns} * rows; }
};
[[nodiscard]] TileCounts tileCounts(const SlideLevel& level);

/// Pixels of the tile in its level, cut at the edge of the level.
[[nodiscard]] LevelRect tileLevelRect(const SlideInfo& info, const TileKey& key);
/// The same in level-0 pixels.
[[nodiscard]] Level0Rect tileLevel0Rect(const SlideInfo& info, const TileKey& key);

/// Tiles of one level, last column and row included; empty when last < first.
struct TileRange {
    std::int32_t firstColumn = 0, firstRow = 0, lastColumn = -1, lastRow = -1;
    [[nodiscard]] bool isEmpty() const { return lastColumn < firstColumn || lastRow < firstRow; }
    [[nodiscard]] std::int64_t total() const {
        return isEmpty() ? 0 : std::int64_t{lastColumn - firstColumn + 1} * (lastRow - firstRow + 1);
    }
    [[nodiscard]] bool contains(const TileKey& key) const {
        return key.column >= firstColumn && key.column <= lastColumn && key.row >= firstRow &&
               key.row <= lastRow;
    }
};
/// The tiles of `level` that touch `area`.
[[nodiscard]] TileRange tilesTouching(const SlideInfo& info, int level, const Level0Rect& area);

} // namespace spotglass
