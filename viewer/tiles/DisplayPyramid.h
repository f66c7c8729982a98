#pragma once

#include "viewer/slide/SlideSource.h"
#include "viewer/tiles/TileScheduler.h"

namespace spotglass {

/// The levels a screen is painted from: those of the slide and, where they lie far apart or none is small,
/// reduced ones between and after them that are read from the next finer level at a half, a quarter or an
/// eighth of its size (which JPEG decodes in a fraction of the time). A value type; pure; any thread.
class DisplayPyramid {
  public:
    DisplayPyramid() = default;
    explicit DisplayPyramid(const SlideInfo& slide);

    /// A SlideInfo whose levels are those of this pyramid; TileKey::level counts them.
    [[nodiscard]] const SlideInfo& info() const { return info_; }
    /// What has to be read for a tile.
    [[nodiscard]] TileRequest request(const TileKey& key) const;
    /// Whether both have the same tiles at the same places.
    [[nodiscard]] bool hasSameGrid(const DisplayPyramid& other) const;

  private:
    struct Origin {
        int level = 0;     ///< of the slide
        int reduction = 0; ///< read at 1 / 2^reduction
    };
    SlideInfo info_;
    std::vector<Origin> origins_; ///< one each of info_.levels
    std::vector<SlideLevel> slideLevels_;
};

} // namespace spotglass
