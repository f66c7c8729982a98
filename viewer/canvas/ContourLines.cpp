#include "viewer/canvas/ContourLines.h"

#include "viewer/canvas/LatticeSampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace spotglass {
namespace {

constexpr double smallestCell = 6; ///< device pixels; smaller ones are averaged first
constexpr double largeCell = 16;   ///< device pixels; straight pieces would be seen in larger ones
constexpr double sampleStep = 6;   ///< device pixels between the samples of a large cell, at most

/// A rectangle around the points that is nowhere empty, as QRectF::intersects() wants it.
QRectF boxOf(const QPolygonF& points) {
    return points.boundingRect().adjusted(-0.01, -0.01, 0.01, 0.01);
}

/// Collects pieces of lines, one across each square of the lattice, and joins those that meet. Lines cross
/// the sides between neighbouring cell centres; side 2i runs right of cell i and side 2i + 1 down from it.
class Tracer {
  public:
    Tracer(const ExpressionField& field, float level, qsizetype longestPiece)
        : field_(field), level_(level), longestPiece_(longestPiece),
          sides_(field.values.size() * 2, std::array<int, 2>{-1, -1}) {}

    void square(int column, int row) {
        const float a = field_.at(column, row), b = field_.at(column + 1, row);
        const float c = field_.at(column, row + 1), d = field_.at(column + 1, row + 1);
        if (!std::isfinite(a + b + c + d)) return;
        const bool aboveA = a >= level_, aboveB = b >= level_, aboveC = c >= level_, aboveD = d >= level_;
        if (aboveA == aboveB && aboveB == aboveC && aboveC == aboveD) return;
        const int top = 2 * (row * field_.columns + column), left = top + 1;
        const int right = top + 3, foot = top + 2 * field_.columns;
        std::array<int, 4> crossed{};
        std::size_t count = 0;
        if (aboveA != aboveB) crossed[count++] = top;
        if (aboveB != aboveD) crossed[count++] = right;
        if (aboveC != aboveD) crossed[count++] = foot;
        if (aboveA != aboveC) crossed[count++] = left;
        if (count == 2) {
            join(crossed[0], crossed[1]);
        } else if ((a + b + c + d >= 4 * level_) == aboveA) { // the first corner belongs to the middle
            join(top, right);
            join(foot, left);
        } else {
            join(top, left);
            join(right, foot);
        }
    }
    [[nodiscard]] std::vector<ContourLine> lines() {
        for (const bool openOnly : {true, false}) { // a closed line may be begun anywhere
            for (std::size_t side = 0; side < sides_.size(); ++side) {
                const bool open = sides_[side][0] >= 0 && sides_[side][1] < 0;
                if (sides_[side][0] < 0 || (openOnly && !open)) continue;
                follow(static_cast<int>(side));
            }
        }
        return std::move(lines_);
    }

  private:
    void join(int side, int other) {
        const auto add = [this](int from, int to) {
            auto& ends = sides_[static_cast<std::size_t>(from)];
            ends[ends[0] < 0 ? 0 : 1] = to;
        };
        add(side, other);
        add(other, side);
    }
    /// Takes the piece from `from` to `to` out.
    void part(int from, int to) {
        auto& ends = sides_[static_cast<std::size_t>(from)];
        if (ends[0] == to) ends[0] = ends[1];
        ends[1] = -1;
    }
    void follow(int side) {
        ContourLine line;
        line.points << crossing(side);
        for (int next = sides_[static_cast<std::size_t>(side)][0]; next >= 0;
             next = sides_[static_cast<std::size_t>(side)][0]) {
            part(side, next);
            part(next, side);
            side = next;
            line.points << crossing(side);
            if (line.points.size() < longestPiece_) continue;
            keep(line);
            line.points = {line.points.last()};
        }
        keep(line);
    }
    void keep(ContourLine& line) {
        if (line.points.size() < 2) return;
        line.box = boxOf(line.points);
        lines_.push_back(line);
    }
    [[nodiscard]] QPointF crossing(int side) const {
        const int cell = side / 2, column = cell % field_.columns, row = cell / field_.columns;
        const bool down = side % 2 == 1;
        const double from = field_.at(column, row), to = field_.at(column + !down, row + down);
        const double share = (static_cast<double>(level_) - from) / (to - from);
        return down ? QPointF(column, row + share) : QPointF(column + share, row);
    }

    const ExpressionField& field_;
    float level_;
    qsizetype longestPiece_;
    std::vector<std::array<int, 2>> sides_; ///< the sides it is joined to; -1: none
    std::vector<ContourLine> lines_;
};

/// Means of 2 x 2 cells, of which two at least must be known.
ExpressionField halved(const ExpressionField& field) {
    ExpressionField half;
    half.columns = (field.columns + 1) / 2;
    half.rows = (field.rows + 1) / 2;
    half.values.reserve(static_cast<std::size_t>(half.columns) * static_cast<std::size_t>(half.rows));
    for (int row = 0; row < half.rows; ++row) {
        for (int column = 0; column < half.columns; ++column) {
            float sum = 0;
            int count = 0;
            for (int y = 2 * row; y < std::min(2 * row + 2, field.rows); ++y) {
                for (int x = 2 * column; x < std::min(2 * column + 2, field.columns); ++x) {
                    if (!std::isfinite(field.at(x, y))) continue;
                    sum += field.at(x, y);
                    ++count;
                }
            }
            half.values.push_back(count >= 2 ? sum / static_cast<float>(count) : ExpressionField::missing);
        }
    }
    return half;
}

} // namespace

std::vector<ContourLine> traceContour(const ExpressionField& field, float level, qsizetype longestPiece) {
    if (!std::isfinite(level) || field.isEmpty()) return {};
    Tracer tracer(field, level, longestPiece);
    for (int row = 0; row + 1 < field.rows; ++row)
        for (int column = 0; column + 1 < field.columns; ++column)
            tracer.square(column, row);
    return tracer.lines();
}

void ContourCache::clear() {
    kept_.clear();
    coarse_.clear();
    window_ = {};
}

bool ContourCache::areLarge(double cellPixels) {
    return cellPixels >= largeCell;
}

const ContourCache::Lines& ContourCache::smoothAt(const FilledLattice& lattice,
                                                  const std::vector<float>& levels, double cellPixels,
                                                  const QRectF& visible) {
    const int finer = 1 << std::clamp(std::ilogb(cellPixels / sampleStep) + 1, 1, 10);
    if (window_.finer == finer && window_.cells.contains(visible)) return window_.lines;
    // A quarter of a view more on every side: moving about does not trace anew each time.
    const QRectF wide = visible.adjusted(-visible.width() / 4, -visible.height() / 4, visible.width() / 4,
                                         visible.height() / 4);
    const QRectF cells = wide & QRectF(-1, -1, lattice.columns() + 1, lattice.rows() + 1);
    const double step = 1.0 / finer;
    const QPointF origin(std::floor(cells.left()), std::floor(cells.top()));
    const QRect samples(0, 0, static_cast<int>(std::ceil((cells.right() - origin.x()) * finer)) + 1,
                        static_cast<int>(std::ceil((cells.bottom() - origin.y()) * finer)) + 1);
    const PlaneMap toLattice{step, 0, origin.x(), 0, step, origin.y()};
    const auto sampler = LatticeSampler::make(lattice, toLattice, samples, samples, LatticeStyle::Smooth);
    ExpressionField fine;
    fine.columns = samples.width();
    fine.rows = samples.height();
    const auto width = static_cast<std::size_t>(fine.columns);
    fine.values.resize(width * static_cast<std::size_t>(fine.rows) + LatticeSampler::spare);
    std::vector<std::uint8_t> cover(width + LatticeSampler::spare);
    for (int row = 0; row < fine.rows; ++row)
        sampler->row(row, &fine.values[static_cast<std::size_t>(row) * width], cover.data());
    fine.values.resize(width * static_cast<std::size_t>(fine.rows));
    window_ = {wide, finer, {}};
    for (const float level : levels) {
        // In one piece: where pieces meet can be seen, and depends on the window.
        window_.lines.push_back(traceContour(fine, level, std::numeric_limits<qsizetype>::max()));
        for (ContourLine& line : window_.lines.back()) {
            for (QPointF& point : line.points) // samples lie in the middle of their pixels
                point = origin + (point + QPointF(0.5, 0.5)) * step;
            line.box = boxOf(line.points);
        }
    }
    return window_.lines;
}

std::vector<float> contourLevels(float minimum, float maximum, int count) {
    std::vector<float> levels;
    if (!(maximum > minimum)) return levels;
    for (int i = 1; i <= count; ++i)
        levels.push_back(minimum +
                         (maximum - minimum) * static_cast<float>(i) / static_cast<float>(count + 1));
    return levels;
}

const ContourCache::Lines& ContourCache::at(const ExpressionField& field, const std::vector<float>& levels,
                                            double cellPixels) {
    int halvings = 0;
    while (halvings < 8 && std::ldexp(cellPixels, halvings) < smallestCell &&
           std::min(field.columns, field.rows) >> halvings > 8)
        ++halvings;
    if (const auto found = kept_.find(halvings); found != kept_.end()) return found->second;
    const ExpressionField* its = &field;
    for (int i = 1; i <= halvings; ++i) {
        if (!coarse_.contains(i)) coarse_.emplace(i, halved(*its));
        its = &coarse_.at(i);
    }
    Lines& lines = kept_[halvings];
    const double side = std::ldexp(1.0, halvings), shift = (side - 1) / 2; // centres of averaged cells
    for (const float level : levels) {
        lines.push_back(traceContour(*its, level));
        if (halvings == 0) continue;
        for (ContourLine& line : lines.back()) {
            for (QPointF& point : line.points)
                point = point * side + QPointF(shift, shift);
            line.box = boxOf(line.points);
        }
    }
    return lines;
}

} // namespace spotglass
