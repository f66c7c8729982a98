#include "viewer/canvas/LatticeSampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace spotglass {
namespace {

/// a * (256 - share) + b * share in 256ths, for all four channels.
QRgb mix(QRgb a, QRgb b, unsigned share) {
    const unsigned rest = 256 - share;
    const unsigned even = ((a & 0x00FF00FF) * rest + (b & 0x00FF00FF) * share + 0x00800080) >> 8 & 0x00FF00FF;
    const unsigned odd =
        ((a >> 8 & 0x00FF00FF) * rest + (b >> 8 & 0x00FF00FF) * share + 0x00800080) & 0xFF00FF00;
    return even | odd;
}

class Lattice {
  public:
    explicit Lattice(const QImage& colours)
        : pixels_(reinterpret_cast<const QRgb*>(colours.constBits())), stride_(colours.bytesPerLine() / 4),
          columns_(colours.width()), rows_(colours.height()) {}

    [[nodiscard]] int columns() const { return columns_; }
    [[nodiscard]] QRgb at(int column, int row) const {
        const bool inside = column >= 0 && row >= 0 && column < columns_ && row < rows_;
        return inside ? pixels_[row * stride_ + column] : 0;
    }
    [[nodiscard]] QRgb nearest(double u, double v) const { return at(cell(u, columns_), cell(v, rows_)); }
    [[nodiscard]] QRgb smooth(double u, double v) const {
        if (nearest(u, v) == 0) return 0;
        const int column = static_cast<int>(std::floor(u)), row = static_cast<int>(std::floor(v));
        return smooth(column, row, u - column, v - row);
    }
    /// Bilinear over those of the four cells from (column, row) on that have a colour; at least one must.
    [[nodiscard]] QRgb smooth(int column, int row, double shareU, double shareV) const {
        double red = 0, green = 0, blue = 0, weights = 0;
        for (const int right : {0, 1}) {
            for (const int below : {0, 1}) {
                const QRgb colour = at(column + right, row + below);
                if (colour == 0) continue;
                const double weight = (right ? shareU : 1 - shareU) * (below ? shareV : 1 - shareV);
                red += weight * qRed(colour);
                green += weight * qGreen(colour);
                blue += weight * qBlue(colour);
                weights += weight;
            }
        }
        const auto rounded = [weights](double sum) { return static_cast<int>(sum / weights + 0.5); };
        return weights > 0 ? qRgb(rounded(red), rounded(green), rounded(blue)) : 0;
    }
    /// The cell that covers lattice coordinate `u`; -1 or `count` outside.
    [[nodiscard]] static int cell(double u, int count) {
        return static_cast<int>(std::clamp(std::floor(u + 0.5), -1.0, static_cast<double>(count)));
    }
    [[nodiscard]] int rows() const { return rows_; }

  private:
    const QRgb* pixels_;
    qsizetype stride_;
    int columns_, rows_;
};

QRgb* lineOf(QImage& image, int row) {
    return reinterpret_cast<QRgb*>(image.scanLine(row));
}

// Axes of lattice and screen agree: columns are looked up once, and rows that show the same cells are copied.
void sampleNearest(const Lattice& lattice, const PlaneMap& map, const QRect& area, QImage& out) {
    std::vector<int> columns(static_cast<std::size_t>(area.width()));
    for (int x = 0; x < area.width(); ++x)
        columns[static_cast<std::size_t>(x)] =
            Lattice::cell(map.ux * (area.x() + x + 0.5) + map.u0, lattice.columns());
    int former = -2;
    for (int y = 0; y < area.height(); ++y) {
        const int row = Lattice::cell(map.vy * (area.y() + y + 0.5) + map.v0, lattice.rows());
        QRgb* line = lineOf(out, y);
        if (row == former) {
            std::memcpy(line, out.constScanLine(y - 1), static_cast<std::size_t>(out.bytesPerLine()));
            continue;
        }
        former = row;
        for (int x = 0; x < area.width(); ++x)
            line[x] = lattice.at(columns[static_cast<std::size_t>(x)], row);
    }
}

struct Step {
    int left = 0, nearest = 0; ///< lattice columns
    unsigned share = 0;        ///< of the column right of `left`, in 256ths
};

void sampleSmooth(const Lattice& lattice, const PlaneMap& map, const QRect& area, QImage& out) {
    std::vector<Step> steps(static_cast<std::size_t>(area.width()));
    int first = lattice.columns(), last = -1;
    for (int x = 0; x < area.width(); ++x) {
        const double u = std::clamp(map.ux * (area.x() + x + 0.5) + map.u0, -2.0, lattice.columns() + 1.0);
        Step& step = steps[static_cast<std::size_t>(x)];
        step.left = static_cast<int>(std::floor(u));
        step.share = static_cast<unsigned>((u - step.left) * 256);
        step.nearest = Lattice::cell(u, lattice.columns());
        first = std::min(first, step.left);
        last = std::max(last, step.left + 1);
    }
    std::vector<QRgb> blend(static_cast<std::size_t>(std::max(last - first + 1, 0)));
    for (int y = 0; y < area.height(); ++y) {
        const double v = std::clamp(map.vy * (area.y() + y + 0.5) + map.v0, -2.0, lattice.rows() + 1.0);
        const int above = static_cast<int>(std::floor(v)), nearest = Lattice::cell(v, lattice.rows());
        const auto share = static_cast<unsigned>((v - above) * 256);
        for (int column = first; column <= last; ++column)
            blend[static_cast<std::size_t>(column - first)] =
                mix(lattice.at(column, above), lattice.at(column, above + 1), share);
        QRgb* line = lineOf(out, y);
        for (int x = 0; x < area.width(); ++x) {
            const Step& step = steps[static_cast<std::size_t>(x)];
            const auto left = static_cast<std::size_t>(step.left - first);
            line[x] = mix(blend[left], blend[left + 1], step.share);
            if (qAlpha(line[x]) == 255) continue; // all four cells have a colour
            line[x] = lattice.at(step.nearest, nearest) == 0
                          ? 0
                          : lattice.smooth(step.left, above, step.share / 256.0, v - above);
        }
    }
}

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

PlaneMap PlaneMap::afterScreen(const Viewport& viewport) const {
    // From the corners of a square as large as the widget, so that no accuracy is lost where the slide's
    // origin is far away.
    const double side = std::max(viewport.size().width(), viewport.size().height());
    const double ratio = viewport.devicePixelRatio();
    const Level0Point origin = viewport.toLevel0(ScreenPoint{0, 0});
    const Level0Point right = viewport.toLevel0(ScreenPoint{side, 0});
    const Level0Point below = viewport.toLevel0(ScreenPoint{0, side});
    const double step = 1 / (side * ratio); // a device pixel
    const double xx = (right.x - origin.x) * step, xy = (below.x - origin.x) * step;
    const double yx = (right.y - origin.y) * step, yy = (below.y - origin.y) * step;
    return {ux * xx + uy * yx, ux * xy + uy * yy, ux * origin.x + uy * origin.y + u0,
            vx * xx + vy * yx, vx * xy + vy * yy, vx * origin.x + vy * origin.y + v0};
}

QImage sampleLattice(const QImage& colours, const PlaneMap& deviceToLattice, const QRect& area, bool smooth) {
    if (area.isEmpty() || colours.isNull()) return {};
    QImage out(area.size(), QImage::Format_ARGB32_Premultiplied);
    const Lattice lattice(colours);
    const PlaneMap& map = deviceToLattice;
    if (map.uy == 0 && map.vx == 0) {
        smooth ? sampleSmooth(lattice, map, area, out) : sampleNearest(lattice, map, area, out);
        return out;
    }
    for (int y = 0; y < area.height(); ++y) {
        QRgb* line = lineOf(out, y);
        const double screenY = area.y() + y + 0.5;
        for (int x = 0; x < area.width(); ++x) {
            const double screenX = area.x() + x + 0.5;
            const double u = map.ux * screenX + map.uy * screenY + map.u0;
            const double v = map.vx * screenX + map.vy * screenY + map.v0;
            line[x] = smooth ? lattice.smooth(u, v) : lattice.nearest(u, v);
        }
    }
    return out;
}

} // namespace spotglass
