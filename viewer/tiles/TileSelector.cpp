#include "viewer/tiles/TileSelector.h"

#include "viewer/tiles/TileGrid.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_set>

namespace spotglass {
namespace {

double squaredDistance(const SlideInfo& info, const TileKey& key, Level0Point point) {
    const Level0Point center = tileLevel0Rect(info, key).center();
    const double dx = center.x - point.x, dy = center.y - point.y;
    return dx * dx + dy * dy;
}

std::vector<TileKey> keysOf(int level, const TileRange& range) {
    std::vector<TileKey> keys;
    keys.reserve(static_cast<std::size_t>(range.total()));
    for (std::int32_t row = range.firstRow; row <= range.lastRow; ++row) {
        for (std::int32_t column = range.firstColumn; column <= range.lastColumn; ++column)
            keys.push_back({level, column, row});
    }
    return keys;
}

void sortByDistance(const SlideInfo& info, Level0Point center, std::vector<TileKey>& keys) {
    std::vector<std::pair<double, TileKey>> ranked;
    ranked.reserve(keys.size());
    for (const TileKey& key : keys)
        ranked.emplace_back(squaredDistance(info, key, center), key);
    std::sort(ranked.begin(), ranked.end());
    std::transform(ranked.begin(), ranked.end(), keys.begin(), [](const auto& each) { return each.second; });
}

Level0Rect intersection(const Level0Rect& a, const Level0Rect& b) {
    const double x = std::max(a.x, b.x), y = std::max(a.y, b.y);
    return {x, y, std::min(a.right(), b.right()) - x, std::min(a.bottom(), b.bottom()) - y};
}

Level0Rect grown(const Level0Rect& rect, double x, double y) {
    return {rect.x - x, rect.y - y, rect.width + 2 * x, rect.height + 2 * y};
}

} // namespace

Level0Rect TileView::visible() const {
    const double turn = rotation * std::numbers::pi / 180, cosine = std::abs(std::cos(turn)),
                 sine = rotation == 0 ? 0 : std::abs(std::sin(turn));
    const double across = (width * cosine + height * sine) / scale,
                 down = (width * sine + height * cosine) / scale;
    return {center.x - across / 2, center.y - down / 2, across, down};
}

// Two boxes are apart when they are apart along an axis of either: of the slide, which visible() looks at, or
// of the view.
bool TileView::touches(const Level0Rect& rect, double margin) const {
    if (!visible().intersects(grown(rect, margin, margin))) return false;
    if (rotation == 0) return true;
    const double turn = rotation * std::numbers::pi / 180, cosine = std::cos(turn), sine = std::sin(turn);
    const double x = rect.center().x - center.x, y = rect.center().y - center.y;
    const double across = std::abs(x * cosine + y * sine), down = std::abs(y * cosine - x * sine);
    const double reachX = (rect.width * std::abs(cosine) + rect.height * std::abs(sine)) / 2 + margin,
                 reachY = (rect.width * std::abs(sine) + rect.height * std::abs(cosine)) / 2 + margin;
    return across < width / scale / 2 + reachX && down < height / scale / 2 + reachY;
}

// Levels may have smaller tiles than the finest, of which more fit.
double TileSelector::maxTiles(int level) const {
    const auto area = [this](int of) {
        const TileSize size = tileSize(at(of));
        return double(size.width) * double(size.height);
    };
    return static_cast<double>(limits_.maxTiles) * area(0) / area(level);
}

int TileSelector::levelFor(const TileView& view) const {
    int level = 0;
    for (int coarser = 1; coarser <= coarsest(); ++coarser) {
        if (at(coarser).downsample * view.scale <= limits_.maxMagnification) level = coarser;
    }
    const auto tiles = [&](int of) { return double(tilesTouching(info_, of, view.visible()).total()); };
    while (level < coarsest() && tiles(level) > maxTiles(level))
        ++level;
    return level;
}

bool TileSelector::isPinned(const TileKey& key) const {
    return key.level == coarsest() && tileCounts(at(key.level)).total() <= limits_.maxPinned;
}

// Blurred pictures that arrive early: about four times coarser than what is needed, so a sixteenth of the
// reading.
int TileSelector::placeholderLevel(int level) const {
    for (int coarser = level + 1; coarser < coarsest(); ++coarser) {
        if (at(coarser).downsample >= 3.5 * at(level).downsample) return coarser;
    }
    return coarsest();
}

// A view of a huge level without coarser ones may need more tiles than fit: then those around the centre.
std::vector<TileKey> TileSelector::needed(const TileView& view, int level) const {
    TileRange range = tilesTouching(info_, level, view.visible());
    TileView seen = view;
    const double most = maxTiles(level);
    if (double(range.total()) > most) {
        const double share = std::sqrt(most / double(range.total()));
        seen.width *= share;
        seen.height *= share;
        range = tilesTouching(info_, level, seen.visible());
    }
    std::vector<TileKey> keys = keysOf(level, range);
    if (view.rotation != 0)
        std::erase_if(keys, [&](const TileKey& key) { return !seen.touches(tileLevel0Rect(info_, key)); });
    return keys;
}

void TileSelector::fillGap(int level, const Level0Rect& gap, const TileLookup& state,
                           std::vector<TileKey>& out) const {
    if (level > coarsest() || gap.isEmpty()) return;
    for (const TileKey& key : keysOf(level, tilesTouching(info_, level, gap))) {
        if (state(key) == TileState::Cached)
            out.push_back(key);
        else
            fillGap(level + 1, intersection(gap, tileLevel0Rect(info_, key)), state, out);
    }
}

TileSelection TileSelector::toDraw(const TileView& view, const TileLookup& state) const {
    TileSelection selection;
    selection.level = levelFor(view);
    const Level0Rect visible = view.visible();
    std::vector<TileKey> sharpTiles, fillers, finer;
    selection.sharp = at(selection.level).ready;
    for (const TileKey& key : needed(view, selection.level)) {
        const TileState its = state(key);
        if (its == TileState::Cached) {
            sharpTiles.push_back(key);
            continue;
        }
        if (its == TileState::Broken)
            selection.broken.push_back(key);
        else
            selection.missing.push_back(key);
        const Level0Rect gap = intersection(tileLevel0Rect(info_, key), visible);
        fillGap(selection.level + 1, gap, state, fillers);
        if (selection.level == 0 || gap.isEmpty()) continue;
        for (const TileKey& child :
             keysOf(selection.level - 1, tilesTouching(info_, selection.level - 1, gap)))
            if (state(child) == TileState::Cached) finer.push_back(child);
    }
    selection.sharp = selection.sharp && selection.missing.empty();
    std::sort(fillers.begin(), fillers.end(), [](const TileKey& a, const TileKey& b) {
        return a.level != b.level ? a.level > b.level : a < b;
    });
    fillers.erase(std::unique(fillers.begin(), fillers.end()), fillers.end());
    std::sort(finer.begin(), finer.end());
    finer.erase(std::unique(finer.begin(), finer.end()), finer.end());
    for (const std::vector<TileKey>* part : {&fillers, &finer, &sharpTiles})
        selection.draw.insert(selection.draw.end(), part->begin(), part->end());
    return selection;
}

void TileSelector::appendMissing(int level, double margin, const TileView& view, const TileLookup& state,
                                 std::vector<TileKey>& out) const {
    const TileRange range = tilesTouching(info_, level, grown(view.visible(), margin, margin));
    if (double(range.total()) > maxTiles(level) * 2)
        return; // a placeholder must not cost more than the picture
    std::vector<TileKey> keys = keysOf(level, range);
    sortByDistance(info_, view.center, keys);
    for (const TileKey& key : keys)
        if (state(key) == TileState::Missing && view.touches(tileLevel0Rect(info_, key), margin))
            out.push_back(key);
}

TileSelection TileSelector::toFetch(const TileView& view, const TileLookup& state) const {
    TileSelection selection;
    selection.level = levelFor(view);
    const Level0Rect visible = view.visible();
    const int last = coarsest(), placeholder = placeholderLevel(selection.level);
    std::vector<TileKey>& wanted = selection.wanted;
    if (at(last).ready && isPinned({last, 0, 0}))
        appendMissing(last, static_cast<double>(at(0).width + at(0).height) + visible.width + visible.height,
                      view, state, wanted);
    if (placeholder != last && at(placeholder).ready) appendMissing(placeholder, 0, view, state, wanted);

    std::vector<TileKey> keys = needed(view, selection.level);
    sortByDistance(info_, view.center, keys);
    // Where nothing is ready yet, waiting for the needed level is the only way to a picture.
    const bool anyReady = std::any_of(info_.levels.begin(), info_.levels.end(),
                                      [](const SlideLevel& level) { return level.ready; });
    const bool ready = at(selection.level).ready;
    selection.sharp = ready;
    for (const TileKey& key : keys) {
        if (state(key) != TileState::Missing) continue;
        selection.sharp = false;
        if (ready || !anyReady) wanted.push_back(key);
    }
    if (ready && double(keys.size()) < maxTiles(selection.level) / 2) {
        const TileSize size = tileSize(at(selection.level));
        const double downsample = at(selection.level).downsample;
        appendMissing(selection.level, std::max(size.width, size.height) * downsample, view, state, wanted);
    }
    std::unordered_set<TileKey> seen;
    std::erase_if(wanted, [&seen](const TileKey& key) { return !seen.insert(key).second; });
    return selection;
}

} // namespace spotglass
