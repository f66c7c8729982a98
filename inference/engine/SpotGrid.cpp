#include "inference/engine/SpotGrid.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>

namespace spotglass {
namespace {

constexpr double kRowOfHexagons = std::numbers::sqrt3 / 2; ///< distance of rows in pitches

} // namespace

Result<SpotGrid> SpotGrid::plan(const GridSettings& s) {
    SpotGrid grid;
    grid.settings_ = s;
    if (!s.scale.isValid() || !(s.spotPitchMicrons > 0) || !(s.width > 0) || !(s.height > 0))
        return fail(ErrorKind::Defect, "a prediction was asked for without a scale");
    if (s.pitchMicrons > 0) {
        const double ratio = s.spotPitchMicrons / s.pitchMicrons;
        grid.refinement_ = static_cast<int>(std::lround(ratio));
        if (grid.refinement_ < 1 || grid.refinement_ > 64 ||
            std::abs(ratio - grid.refinement_) > 0.02 * ratio) {
            char text[160];
            std::snprintf(text, sizeof text, "the spacing of %g um does not fit this model", s.pitchMicrons);
            const double p = s.spotPitchMicrons;
            char hint[200];
            std::snprintf(hint, sizeof hint,
                          "Use its own %g um, or that divided by a whole number: %g, %.4g, %g um", p, p / 2,
                          p / 3, p / 4);
            return fail(ErrorKind::Usage, text, {}, hint);
        }
    }
    grid.layOut(s);
    if (static_cast<double>(grid.columns_) * grid.rows_ > 1e8)
        return fail(ErrorKind::Usage, "this spacing would need more than 100 million spots on this slide");
    const int window = std::max(2, static_cast<int>(std::lround(s.contextMicrons / s.spotPitchMicrons)));
    grid.block_ = std::max(1, window / 2);
    grid.margin_ = (window - grid.block_ + 1) / 2;
    return grid;
}

/// Whole cells of the model's lattice, so that every shifted lattice has the same shape.
void SpotGrid::layOut(const GridSettings& s) {
    const double stepX = s.spotPitchMicrons / s.scale.x / refinement_;
    const double stepY = s.spotPitchMicrons / s.scale.y / refinement_ * (s.hexagonal ? kRowOfHexagons : 1);
    const auto cells = [&](double length, double step) {
        const double most = std::min(std::floor(length / step), 1e9);
        return std::max(1, static_cast<int>(most) / refinement_) * refinement_;
    };
    columns_ = cells(s.width, stepX);
    rows_ = cells(s.height, stepY);
    affine_ = {stepX, 0, stepX / 2, 0, stepY, stepY / 2};
    if (!s.hexagonal) return;
    // The last row begins at the left edge, the first one so many cells further to the right.
    const int ahead = (rows_ / 2 / refinement_ + 1) * refinement_;
    columns_ += ahead;
    affine_.xy = stepX / 2;
    affine_.dx -= ahead * stepX;
}

/// Of a block of `side` x `side` cells.
Level0Rect SpotGrid::boundsOf(int column, int row, int side) const {
    const auto from = affine_.toLevel0(column - 0.5, row - 0.5);
    return {from.x, from.y, affine_.xx * side + affine_.xy * side, affine_.yy * side};
}

void SpotGrid::addWindow(std::vector<GridWindow>& out, int blockColumn, int blockRow, int shiftX, int shiftY,
                         const std::vector<bool>& tissue) const {
    const int k = refinement_;
    const int coarseColumns = columns_ / k, coarseRows = rows_ / k;
    const int c0 = blockColumn * block_, r0 = blockRow * block_;
    GridWindow window;
    window.owned = boundsOf(c0 * k, r0 * k, block_ * k);
    for (int r = std::max(0, r0 - margin_); r < std::min(coarseRows, r0 + block_ + margin_); ++r)
        for (int c = std::max(0, c0 - margin_); c < std::min(coarseColumns, c0 + block_ + margin_); ++c) {
            const int column = c * k + shiftX, row = r * k + shiftY;
            if (!tissue[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
                        static_cast<std::size_t>(column)])
                continue;
            const auto center = affine_.toLevel0(column, row);
            if (c >= c0 && c < c0 + block_ && r >= r0 && r < r0 + block_) {
                window.spots.push_back({column, row, center});
                window.tokenOf.push_back(window.context.size());
            }
            window.context.push_back({c, r, center});
        }
    if (!window.spots.empty()) out.push_back(std::move(window));
}

std::vector<GridWindow> SpotGrid::windows(const std::function<bool(Level0Point)>& isTissue) const {
    const Level0Rect slide{0, 0, settings_.width, settings_.height};
    std::vector<bool> tissue(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_));
    for (int row = 0; row < rows_; ++row)
        for (int column = 0; column < columns_; ++column) {
            const auto center = affine_.toLevel0(column, row);
            tissue[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
                   static_cast<std::size_t>(column)] =
                (!settings_.hexagonal || slide.contains(center)) && isTissue(center);
        }
    std::vector<GridWindow> out;
    const int blockColumns = (columns_ / refinement_ + block_ - 1) / block_;
    const int blockRows = (rows_ / refinement_ + block_ - 1) / block_;
    for (int shiftY = 0; shiftY < refinement_; ++shiftY)
        for (int shiftX = 0; shiftX < refinement_; ++shiftX)
            for (int r = 0; r < blockRows; ++r)
                for (int c = 0; c < blockColumns; ++c)
                    addWindow(out, c, r, shiftX, shiftY, tissue);
    return out;
}

} // namespace spotglass
