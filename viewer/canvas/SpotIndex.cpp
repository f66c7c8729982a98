#include "viewer/canvas/SpotIndex.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

SpotIndex::SpotIndex(const std::vector<SpotValue>& spots) {
    double right = -INFINITY, bottom = -INFINITY;
    x_ = y_ = INFINITY;
    std::size_t count = 0;
    const auto isPlaced = [](Level0Point at) { return std::isfinite(at.x) && std::isfinite(at.y); };
    for (const SpotValue& spot : spots) {
        centers_.push_back(spot.center);
        if (!isPlaced(spot.center)) continue;
        ++count;
        x_ = std::min(x_, spot.center.x);
        y_ = std::min(y_, spot.center.y);
        right = std::max(right, spot.center.x);
        bottom = std::max(bottom, spot.center.y);
    }
    if (count == 0) return;
    // About four spots a square if they are spread evenly, and never more squares than spots.
    const double width = right - x_ + 1, height = bottom - y_ + 1;
    side_ = std::max(std::sqrt(width * height * 4 / static_cast<double>(count)),
                     std::max(width, height) / static_cast<double>(count));
    columns_ = static_cast<int>(width / side_) + 1;
    rows_ = static_cast<int>(height / side_) + 1;
    begins_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_) + 1, 0);
    const auto squareOf = [this](Level0Point at) {
        return static_cast<std::size_t>(rowOf(at.y)) * static_cast<std::size_t>(columns_) +
               static_cast<std::size_t>(columnOf(at.x));
    };
    for (const Level0Point& center : centers_)
        if (isPlaced(center)) ++begins_[squareOf(center) + 1];
    for (std::size_t i = 1; i < begins_.size(); ++i)
        begins_[i] += begins_[i - 1];
    std::vector<std::uint32_t> next(begins_.begin(), begins_.end() - 1);
    spots_.resize(count);
    for (std::uint32_t i = 0; i < centers_.size(); ++i)
        if (isPlaced(centers_[i])) spots_[next[squareOf(centers_[i])]++] = i;
}

int SpotIndex::columnOf(double x) const {
    return static_cast<int>(std::clamp(std::floor((x - x_) / side_), 0.0, columns_ - 1.0));
}

int SpotIndex::rowOf(double y) const {
    return static_cast<int>(std::clamp(std::floor((y - y_) / side_), 0.0, rows_ - 1.0));
}

std::vector<std::uint32_t> SpotIndex::within(const Level0Rect& area) const {
    std::vector<std::uint32_t> found;
    if (spots_.empty()) return found;
    const int left = columnOf(area.x), right = columnOf(area.right());
    for (int row = rowOf(area.y); row <= rowOf(area.bottom()); ++row) {
        const std::size_t first = static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_);
        for (std::uint32_t i = begins_[first + static_cast<std::size_t>(left)];
             i < begins_[first + static_cast<std::size_t>(right) + 1]; ++i) {
            const Level0Point at = centers_[spots_[i]];
            if (at.x >= area.x && at.x <= area.right() && at.y >= area.y && at.y <= area.bottom())
                found.push_back(spots_[i]);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace spotglass
