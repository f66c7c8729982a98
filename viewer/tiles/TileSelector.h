#pragma once

#include "viewer/slide/SlideSource.h"
#include "viewer/tiles/TileKey.h"

#include <functional>
#include <vector>

namespace spotglass {

/// What to look at, in device pixels.
struct TileView {
    Level0Point center;           ///< level-0 pixels
    double scale = 1;             ///< device pixels per level-0 pixel
    double width = 0, height = 0; ///< device pixels
    double rotation = 0;          ///< degrees that the view's own axes are turned against those of the slide

    /// The rectangle around what is seen.
    [[nodiscard]] Level0Rect visible() const;
    /// Whether `rect` is seen, or at most `margin` level-0 pixels away from what is seen.
    [[nodiscard]] bool touches(const Level0Rect& rect, double margin = 0) const;
};

/// What is known of a tile.
enum class TileState : std::uint8_t { Missing, Cached, Broken };
/// Tells the state of a tile; called often, must be fast.
using TileLookup = std::function<TileState(const TileKey&)>;

/// Limits of a selection.
struct TileLimits {
    /// A level is not enlarged by more than this while there is a finer one.
    double maxMagnification = 1.2;
    /// Tiles needed for one picture, of the size of the finest level's; beyond that a coarser level serves.
    /// Keeps a picture within the cache.
    std::int64_t maxTiles = 1000;
    /// The coarsest level is wanted as a whole (and pinned) while it has at most so many tiles.
    std::int64_t maxPinned = 64;
};

/// The answer of the selector.
struct TileSelection {
    int level = 0;             ///< the level this view needs
    std::vector<TileKey> draw; ///< cached tiles in the order to draw them: coarse ones first, `level` on top
    std::vector<TileKey> broken;  ///< broken tiles of `level` in view
    std::vector<TileKey> missing; ///< tiles of `level` in view that are neither cached nor broken
    std::vector<TileKey>
        wanted;         ///< missing tiles, most urgent first: by level, then distance from the centre
    bool sharp = false; ///< every tile of `level` in view is cached or broken
};

/// Chooses tiles. Pure: the result depends on the arguments alone. Never blocks; any thread.
class TileSelector {
  public:
    explicit TileSelector(const SlideInfo& info, TileLimits limits = {}) : info_(info), limits_(limits) {}

    /// The level that `view` needs: the coarsest that is not enlarged too much; coarser where that would need
    /// too many tiles.
    [[nodiscard]] int levelFor(const TileView& view) const;
    /// True when tiles of the coarsest level are to be kept for ever.
    [[nodiscard]] bool isPinned(const TileKey& key) const;

    /// What to draw for `view`, and whether that is all. Gaps of the needed level are filled with the next
    /// coarser cached tiles, and with finer ones where those happen to be there. `wanted` stays empty.
    [[nodiscard]] TileSelection toDraw(const TileView& view, const TileLookup& state) const;
    /// What to fetch for `view`, where an animation will end: the coarsest level, a level of placeholders,
    /// the needed level, and last a margin around the view. Levels that are not ready are left out. `draw`
    /// stays empty.
    [[nodiscard]] TileSelection toFetch(const TileView& view, const TileLookup& state) const;

  private:
    [[nodiscard]] int coarsest() const { return static_cast<int>(info_.levels.size()) - 1; }
    [[nodiscard]] const SlideLevel& at(int level) const {
        return info_.levels[static_cast<std::size_t>(level)];
    }
    [[nodiscard]] int placeholderLevel(int level) const;
    [[nodiscard]] double maxTiles(int level) const;
    [[nodiscard]] std::vector<TileKey> needed(const TileView& view, int level) const;
    void fillGap(int level, const Level0Rect& gap, const TileLookup& state, std::vector<TileKey>& out) const;
    /// Missing tiles of `level` within `margin` (level-0 pixels) of the view, those in the middle first.
    void appendMissing(int level, double margin, const TileView& view, const TileLookup& state,
                       std::vector<TileKey>& out) const;

    const SlideInfo& info_;
    TileLimits limits_;
};

} // namespace spotglass
