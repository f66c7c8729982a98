#include "viewer/canvas/LatticeSampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

namespace spotglass {
namespace {

/// Four floats side by side, which both compilers we use turn into one register.
using Four = float __attribute__((vector_size(16)));

Four load(const float* from) {
    Four four;
    std::memcpy(&four, from, sizeof four);
    return four;
}

/// Catmull-Rom's weights of the four values around a place `t` of the way from the second to the third.
Four cubicWeights(float t) {
    constexpr Four cube{-0.5F, 1.5F, -1.5F, 0.5F}, square{1.0F, -2.5F, 2.0F, -0.5F},
        line{-0.5F, 0.0F, 0.5F, 0.0F}, constant{0.0F, 1.0F, 0.0F, 0.0F};
    return ((cube * t + square) * t + line) * t + constant;
}

/// `value` held between `a` and `b`, whichever is larger.
template <typename Number> Number heldBetween(Number value, Number a, Number b) {
    const Number low = a < b ? a : b, high = a < b ? b : a;
    value = value > low ? value : low;
    return value < high ? value : high;
}

float cubic(Four weights, Four values) {
    const Four products = weights * values;
    return heldBetween(products[0] + products[1] + products[2] + products[3], values[1], values[2]);
}

/// The same weights for four places at once.
struct FourWeights {
    Four a, b, c, d;
    explicit FourWeights(Four t)
        : a(((-0.5F * t + 1.0F) * t - 0.5F) * t), b((1.5F * t - 2.5F) * t * t + 1.0F),
          c(((-1.5F * t + 2.0F) * t + 0.5F) * t), d((0.5F * t - 0.5F) * t * t) {}
    [[nodiscard]] Four sum(Four va, Four vb, Four vc, Four vd) const {
        return a * va + b * vb + c * vc + d * vd;
    }
    /// Four values in a row, interpolated at the four places.
    [[nodiscard]] Four held(Four values) const {
        const Four none{};
        const Four second = none + values[1], third = none + values[2];
        return heldBetween(sum(none + values[0], second, third, none + values[3]), second, third);
    }
};

std::vector<float> floats(int count) {
    return std::vector<float>(static_cast<std::size_t>(count + LatticeSampler::spare));
}

/// A lattice whose rows are rows of the screen. What belongs to a column of pixels is worked out once.
class UprightSampler final : public LatticeSampler {
  public:
    UprightSampler(const FilledLattice& lattice, const PlaneMap& map, const QRect& area, bool smooth)
        : lattice_(lattice), map_(map), area_(area), smooth_(smooth), gate_(floats(area.width())) {
        for (auto& line : lines_)
            line = floats(area.width());
        for (int x = area.left(); x <= area.right(); ++x) {
            const double u = std::clamp(map.u(x + 0.5, 0), -1.5, lattice.columns() + 0.5);
            const double left = std::floor(u);
            nearest_.push_back(static_cast<int>(std::floor(u + 0.5)));
            left_.push_back(static_cast<int>(left));
            weights_.push_back(cubicWeights(static_cast<float>(u - left)));
        }
    }

    bool row(int y, float* values, std::uint8_t* /*cover*/) override {
        const double v = std::clamp(map_.v(0, y + 0.5), -1.5, lattice_.rows() + 0.5);
        enterCells(static_cast<int>(std::floor(v + 0.5)));
        if (!smooth_) {
            std::copy_n(gate_.begin(), area_.width(), values);
            return false;
        }
        const double above = std::floor(v);
        const int first = static_cast<int>(above) - 1;
        const Four weights = cubicWeights(static_cast<float>(v - above));
        const float *a = line(first), *b = line(first + 1), *c = line(first + 2), *d = line(first + 3);
        const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
        const float* gate = gate_.data();
        const int width = area_.width();
        for (int x = 0; x < width; ++x)
            values[x] = heldBetween(wa * a[x] + wb * b[x] + wc * c[x] + wd * d[x], b[x], c[x]) + gate[x];
        return false;
    }

  private:
    /// The gate of a lattice row for every pixel; as blocks, with the values themselves.
    void enterCells(int row) {
        if (row == row_) return;
        row_ = row;
        const std::size_t start = lattice_.index(0, row);
        for (std::size_t x = 0; x < nearest_.size(); ++x) {
            const std::size_t at = start + static_cast<std::size_t>(nearest_[x]);
            gate_[x] = lattice_.gate()[at] + (smooth_ ? 0 : lattice_.values()[at]);
        }
    }
    /// A lattice row interpolated along x for every pixel. The last four are kept.
    const float* line(int row) {
        const auto slot = static_cast<std::size_t>(row + 4) % 4;
        std::vector<float>& line = lines_[slot];
        if (held_[slot] == row) return line.data();
        held_[slot] = row;
        const float* start = lattice_.values() + lattice_.index(-1, row);
        for (std::size_t x = 0; x < left_.size(); ++x)
            line[x] = cubic(weights_[x], load(start + left_[x]));
        return line.data();
    }

    const FilledLattice& lattice_;
    PlaneMap map_;
    QRect area_;
    bool smooth_;
    std::vector<int> nearest_, left_; ///< lattice columns
    std::vector<Four> weights_;
    std::vector<float> gate_;
    std::array<std::vector<float>, 4> lines_;
    std::array<int, 4> held_{-9, -9, -9, -9};
    int row_ = -9;
};

/// Any map: every pixel for itself.
class FreeSampler : public LatticeSampler {
  public:
    FreeSampler(const FilledLattice& lattice, const CellFinder& finder, bool smooth)
        : lattice_(lattice), finder_(finder), smooth_(smooth), u_(floats(finder.width())),
          v_(floats(finder.width())), cells_(static_cast<std::size_t>(finder.width())) {}

    bool row(int y, float* values, std::uint8_t* /*cover*/) override {
        locate(y);
        const float *known = lattice_.values(), *gate = lattice_.gate();
        if (smooth_) {
            smoothRow(values);
            return false;
        }
        for (std::size_t x = 0; x < cells_.size(); ++x)
            values[x] = known[cells_[x]] + gate[cells_[x]];
        return false;
    }

  protected:
    void locate(int y) {
        finder_.coordinates(y, u_.data(), v_.data());
        finder_.cells(u_.data(), v_.data(), cells_.data());
    }
    const FilledLattice& lattice_;
    CellFinder finder_;
    bool smooth_;
    std::vector<float> u_, v_;
    std::vector<int> cells_;

  private:
    /// Four pixels at a time with the sixteen cells around the first of them; those of the four that lie
    /// between other cells are done again in the next step.
    void smoothRow(float* values) const {
        const float *gate = lattice_.gate(), *us = u_.data(), *vs = v_.data();
        const int* cells = cells_.data();
        const auto stride = static_cast<std::ptrdiff_t>(lattice_.stride());
        const float* start = lattice_.values() + (finder_.baseRow() + FilledLattice::border - 1) * stride +
                             (finder_.baseColumn() + FilledLattice::border - 1);
        const int width = finder_.width();
        for (int x = 0; x < width;) {
            if (gate[cells[x]] != 0) { // beside the lattice, or a cell that is missing
                ++x;
                continue;
            }
            const int column = static_cast<int>(us[x]), row = static_cast<int>(vs[x]);
            const FourWeights across(load(us + x) - static_cast<float>(column));
            const FourWeights down(load(vs + x) - static_cast<float>(row));
            const float* at = start + row * stride + column;
            const Four b = across.held(load(at + stride)), c = across.held(load(at + 2 * stride));
            const Four found =
                heldBetween(down.sum(across.held(load(at)), b, c, across.held(load(at + 3 * stride))), b, c);
            std::memcpy(values + x, &found, sizeof found);
            const int last = std::min(x + 4, width);
            do
                ++x;
            while (x < last && static_cast<int>(us[x]) == column && static_cast<int>(vs[x]) == row);
        }
        for (int x = 0; x < width; ++x)
            values[x] += gate[cells[x]];
    }
};

/// Discs about the cell centres; where they are wider than the cells they end at the cells' edges.
class SpotSampler final : public FreeSampler {
  public:
    SpotSampler(const FilledLattice& lattice, const CellFinder& finder, const DiscShape& disc)
        : FreeSampler(lattice, finder, false), disc_(disc) {
        const double cell = std::abs(disc.xx * disc.yy - disc.xy * disc.yx);
        // Discs too small to be told apart: the colour of each cell, as strong as its disc is large.
        if (std::sqrt(cell) * disc.deviceScale < 2)
            share_ = std::min(3.14159265358979 * disc.radius * disc.radius / cell, 1.0);
    }

    bool row(int y, float* values, std::uint8_t* cover) override {
        FreeSampler::row(y, values, cover);
        const int width = finder_.width();
        if (share_ > 0) {
            std::fill_n(cover, width, static_cast<std::uint8_t>(std::lround(share_ * 255)));
            return true;
        }
        const auto xx = static_cast<float>(disc_.xx), xy = static_cast<float>(disc_.xy);
        const auto yx = static_cast<float>(disc_.yx), yy = static_cast<float>(disc_.yy);
        const auto scale = static_cast<float>(disc_.deviceScale);
        const float edge = static_cast<float>(disc_.radius) * scale + 0.5F;
        const float *us = u_.data(), *vs = v_.data();
        for (int x = 0; x < width; ++x) {
            const float du = us[x] - static_cast<float>(static_cast<int>(us[x] + 0.5F));
            const float dv = vs[x] - static_cast<float>(static_cast<int>(vs[x] + 0.5F));
            const float ax = xx * du + xy * dv, ay = yx * du + yy * dv;
            float share = edge - std::sqrt(ax * ax + ay * ay) * scale;
            share = share > 0 ? share : 0;
            share = share < 1 ? share : 1;
            cover[x] = static_cast<std::uint8_t>(static_cast<int>(share * 255 + 0.5F));
        }
        return true;
    }

  private:
    DiscShape disc_;
    double share_ = 0;
};

} // namespace

std::optional<PlaneMap> PlaneMap::level0ToLattice(const LatticeAffine& affine) {
    const double determinant = affine.xx * affine.yy - affine.xy * affine.yx;
    if (!std::isfinite(determinant) || determinant == 0) return std::nullopt;
    PlaneMap map;
    map.ux = affine.yy / determinant;
    map.uy = -affine.xy / determinant;
    map.vx = -affine.yx / determinant;
    map.vy = affine.xx / determinant;
    map.u0 = -(map.ux * affine.dx + map.uy * affine.dy);
    map.v0 = -(map.vx * affine.dx + map.vy * affine.dy);
    return map;
}

PlaneMap PlaneMap::afterDevice(const Viewport& viewport, const DeviceGrid& grid) const {
    // From the corners of a square as large as the widget, so that no accuracy is lost where the slide's
    // origin is far away.
    const double side = std::max(viewport.size().width(), viewport.size().height());
    const Level0Point origin = viewport.toLevel0(ScreenPoint{0, 0});
    const Level0Point right = viewport.toLevel0(ScreenPoint{side, 0});
    const Level0Point below = viewport.toLevel0(ScreenPoint{0, side});
    const double stepX = 1 / (side * grid.ratioX), stepY = 1 / (side * grid.ratioY); // a device pixel
    const double xx = (right.x - origin.x) * stepX, xy = (below.x - origin.x) * stepY;
    const double yx = (right.y - origin.y) * stepX, yy = (below.y - origin.y) * stepY;
    PlaneMap map{ux * xx + uy * yx, ux * xy + uy * yy, 0, vx * xx + vy * yx, vx * xy + vy * yy, 0};
    map.u0 = ux * origin.x + uy * origin.y + u0 - map.ux * grid.offsetX - map.uy * grid.offsetY;
    map.v0 = vx * origin.x + vy * origin.y + v0 - map.vx * grid.offsetX - map.vy * grid.offsetY;
    return map;
}

CellFinder::CellFinder(const FilledLattice& lattice, const PlaneMap& map, const QRect& whole,
                       const QRect& area)
    : lattice_(lattice), map_(map), area_(area) {
    // Counted from a cell in view, so that a float tells apart places far closer than pixels.
    double u = INFINITY, v = INFINITY;
    for (const double x : {whole.left(), whole.right() + 1}) {
        for (const double y : {whole.top(), whole.bottom() + 1}) {
            u = std::min(u, map.u(x, y));
            v = std::min(v, map.v(x, y));
        }
    }
    baseColumn_ = static_cast<int>(std::clamp(std::floor(u), -2.0, static_cast<double>(lattice.columns())));
    baseRow_ = static_cast<int>(std::clamp(std::floor(v), -2.0, static_cast<double>(lattice.rows())));
}

void CellFinder::coordinates(int y, float* u, float* v) const {
    const auto one = [this](double start, double step, double base, int count, float* out) {
        const auto offset = static_cast<float>(start - base), slope = static_cast<float>(step);
        const auto low = static_cast<float>(std::max(-1.5 - base, 0.0)),
                   high = static_cast<float>(count + 0.5 - base);
        const int first = area_.left(), width = area_.width();
        for (int x = 0; x < width; ++x) {
            float at = offset + slope * static_cast<float>(first + x);
            at = at > low ? at : low;
            out[x] = at < high ? at : high;
        }
    };
    one(map_.u(0.5, y + 0.5), map_.ux, baseColumn_, lattice_.columns(), u);
    one(map_.v(0.5, y + 0.5), map_.vx, baseRow_, lattice_.rows(), v);
}

void CellFinder::cells(const float* u, const float* v, int* index) const {
    const int stride = static_cast<int>(lattice_.stride()), width = area_.width();
    const int origin = (baseRow_ + FilledLattice::border) * stride + baseColumn_ + FilledLattice::border;
    for (int x = 0; x < width; ++x)
        index[x] = origin + static_cast<int>(v[x] + 0.5F) * stride + static_cast<int>(u[x] + 0.5F);
}

std::unique_ptr<LatticeSampler> LatticeSampler::make(const FilledLattice& lattice, const PlaneMap& map,
                                                     const QRect& whole, const QRect& area,
                                                     LatticeStyle style, const DiscShape& disc) {
    if (style != LatticeStyle::Spots && map.isUpright())
        return std::make_unique<UprightSampler>(lattice, map, area, style == LatticeStyle::Smooth);
    const CellFinder finder(lattice, map, whole, area);
    if (style == LatticeStyle::Spots) return std::make_unique<SpotSampler>(lattice, finder, disc);
    return std::make_unique<FreeSampler>(lattice, finder, style == LatticeStyle::Smooth);
}

} // namespace spotglass
