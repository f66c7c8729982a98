#include "viewer/tiles/DisplayPyramid.h"

#include "viewer/tiles/TileGrid.h"

#include <algorithm>

namespace spotglass {
namespace {

constexpr int maxReduction = 3;          ///< an eighth, as far as JPEG's blocks allow
constexpr double nearEnough = 2.6;       ///< steps between levels up to this are left as they are
constexpr std::int64_t smallSide = 1024; ///< a coarsest level up to this needs no smaller one

SlideLevel reduced(const SlideLevel& level, int reduction) {
    const auto side = [reduction](std::int64_t pixels) {
        return (pixels + (std::int64_t{1} << reduction) - 1) >> reduction;
    };
    SlideLevel less = level;
    less.width = side(level.width);
    less.height = side(level.height);
    less.downsample = level.downsample * (1 << reduction);
    // Of whole tiles of the level, and still worth a place in the list of tiles.
    const TileSize tile = tileSize(level);
    less.tileWidth = std::max(tile.width >> reduction, 128);
    less.tileHeight = std::max(tile.height >> reduction, 128);
    if ((less.tileWidth << reduction) % tile.width != 0) less.tileWidth = tile.width;
    if ((less.tileHeight << reduction) % tile.height != 0) less.tileHeight = tile.height;
    return less;
}

} // namespace

DisplayPyramid::DisplayPyramid(const SlideInfo& slide) : info_(slide), slideLevels_(slide.levels) {
    info_.levels.clear();
    for (std::size_t i = 0; i < slide.levels.size(); ++i) {
        const SlideLevel& level = slide.levels[i];
        const bool last = i + 1 == slide.levels.size();
        for (int reduction = 0; reduction <= maxReduction; ++reduction) {
            const SlideLevel less = reduced(level, reduction);
            const bool needed = last ? std::max(less.width, less.height) * 2 > smallSide
                                     : less.downsample * nearEnough / 2 < slide.levels[i + 1].downsample;
            if (reduction > 0 && !needed) break;
            info_.levels.push_back(reduction == 0 ? level : less);
            origins_.push_back({static_cast<int>(i), reduction});
        }
    }
}

TileRequest DisplayPyramid::request(const TileKey& key) const {
    const Origin origin = origins_[static_cast<std::size_t>(key.level)];
    const SlideLevel& level = slideLevels_[static_cast<std::size_t>(origin.level)];
    LevelRect rect = tileLevelRect(info_, key);
    rect.x <<= origin.reduction;
    rect.y <<= origin.reduction;
    rect.width = static_cast<int>(
        std::min<std::int64_t>(std::int64_t{rect.width} << origin.reduction, level.width - rect.x));
    rect.height = static_cast<int>(
        std::min<std::int64_t>(std::int64_t{rect.height} << origin.reduction, level.height - rect.y));
    return {key, rect, origin.level, origin.reduction};
}

bool DisplayPyramid::hasSameGrid(const DisplayPyramid& other) const {
    const auto same = [](const SlideLevel& a, const SlideLevel& b) {
        return a.width == b.width && a.height == b.height && a.downsample == b.downsample &&
               a.tileWidth == b.tileWidth && a.tileHeight == b.tileHeight;
    };
    return std::ranges::equal(info_.levels, other.info_.levels, same);
}

} // namespace spotglass
