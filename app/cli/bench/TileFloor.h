#pragma once

#include "viewer/slide/TiledTiff.h"

#include <atomic>
#include <cstdint>
#include <vector>

namespace spotglass {

/// A tile of the file: which picture, and where in its grid.
struct FloorTile {
    const TiledTiffPicture* picture = nullptr;
    std::int64_t column = 0, row = 0;
};

/// How fast tiles can be had at all: their bytes read at their place and decoded by TurboJPEG into one buffer
/// that is used again and again, on `threads` threads, with nothing else around. Uses none of the reader that
/// is measured beside it but the places of the tiles. Tiles a second; 0 when a tile cannot be decoded.
/// Blocking for `seconds`, or until the tiles are used up.
[[nodiscard]] double floorRate(const std::filesystem::path& path, const std::vector<FloorTile>& tiles,
                               int threads, double seconds);

} // namespace spotglass
