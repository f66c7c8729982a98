#include "viewer/canvas/HeatmapRaster.h"
#include "viewer/base/Processors.h"

#include "viewer/canvas/Premultiplied.h"
#include "viewer/canvas/TissueSampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <future>
#include <thread>

#include <QPainter>

namespace spotglass {
namespace {

constexpr int bandHeight = 32; ///< rows painted at a time: what is worked on stays in the processor's cache

/// Oblique stripes, a dark and a light one side by side so that they show on every colour. They have their
/// size on the screen but move with the slide.
class Hatch {
  public:
    Hatch(const Viewport& viewport, const DeviceGrid& grid, const QRect& area)
        : left_(area.left()), width_(static_cast<float>(1.25 * grid.ratioX)), period_(width_ * 8) {
        const QPointF anchor = grid.fromScreen(viewport.toScreen(Level0Point{0, 0}));
        anchor_ = anchor.x() + anchor.y();
    }
    void row(int y, const int* cells, const std::vector<std::uint8_t>& flags, QRgb* colours,
             int count) const {
        for (int x = 0; x < count; ++x) {
            if (!flags[static_cast<std::size_t>(cells[x])]) continue;
            const double across = (left_ + x + y + 1 - anchor_) / std::sqrt(2.0);
            const auto phase = static_cast<float>(across - std::floor(across / period_) * period_);
            colours[x] = over(colours[x], 0xFF202024, strength(phase - width_));
            colours[x] = over(colours[x], 0xFFF4F4F6, strength(phase - 2 * width_));
        }
    }

  private:
    /// How much of a pixel a stripe covers whose middle is that far away, of 255.
    [[nodiscard]] unsigned strength(float away) const {
        return static_cast<unsigned>(std::clamp(width_ / 2 - std::abs(away) + 0.5F, 0.0F, 1.0F) * 255);
    }

    int left_;
    float width_, period_;
    double anchor_ = 0;
};

struct View {
    const Viewport& viewport;
    const DeviceGrid& grid;
    PlaneMap map; ///< device pixels to lattice
    QRect whole;  ///< all device pixels of the widget
};

DiscShape discOf(const HeatmapPicture& picture, const View& view) {
    const LatticeAffine& affine = picture.latticeToLevel0;
    const double scale = view.viewport.scale() * (view.grid.ratioX + view.grid.ratioY) / 2;
    return {affine.xx, affine.xy, affine.yx, affine.yy, picture.spotDiameter / 2, scale};
}

/// Works out rows of `area`, each from the values to the finished colours. Not thread-safe.
class RowPainter {
  public:
    RowPainter(const HeatmapPicture& picture, const View& view, const QRect& area)
        : picture_(picture), area_(area), finder_(picture.lattice, view.map, view.whole, area),
          hatch_(view.viewport, view.grid, area),
          sampler_(LatticeSampler::make(picture.lattice, view.map, view.whole, area, picture.style,
                                        discOf(picture, view))) {
        const auto width = static_cast<std::size_t>(area.width());
        if (picture.tissue)
            tissue_.emplace(*picture.tissue, PlaneMap{}.afterDevice(view.viewport, view.grid), area);
        values_.resize(width + LatticeSampler::spare);
        cover_.resize(width);
        if (!picture.hatched) return;
        u_.resize(width);
        v_.resize(width);
        cells_.resize(width);
    }
    /// Fills `band` with rows from device row `top` on.
    void paint(int top, QImage& band) {
        for (int y = top; y < top + band.height(); ++y)
            row(y, reinterpret_cast<QRgb*>(band.scanLine(y - top)));
    }

  private:
    void row(int y, QRgb* colours) {
        const bool partly = sampler_->row(y, values_.data(), cover_.data());
        picture_.colours.row(values_.data(), colours, area_.width());
        if (partly)
            for (std::size_t x = 0; x < cover_.size(); ++x)
                colours[x] = covering(colours[x], cover_[x]);
        if (picture_.hatched) {
            finder_.coordinates(y, u_.data(), v_.data());
            finder_.cells(u_.data(), v_.data(), cells_.data());
            hatch_.row(y, cells_.data(), *picture_.hatched, colours, area_.width());
        }
        if (tissue_) tissue_->clip(y, colours); // the hatching as well: glass is not doubtful
    }

    const HeatmapPicture& picture_;
    QRect area_;
    CellFinder finder_;
    Hatch hatch_;
    std::unique_ptr<LatticeSampler> sampler_;
    std::optional<TissueSampler> tissue_;
    std::vector<float> values_, u_, v_;
    std::vector<std::uint8_t> cover_;
    std::vector<int> cells_;
};

} // namespace

ColourTable::ColourTable(const Colouring& its) {
    constexpr std::size_t steps = 2048;
    colours_ = its.map.ramp(steps, its.gamma);
    colours_.insert(colours_.begin(), 0);
    const bool empty = !(its.maximum > its.minimum); // every value then has the middle colour
    minimum_ = empty ? 0 : its.minimum;
    stepsPerValue_ = empty ? 0 : static_cast<float>(steps - 1) / (its.maximum - its.minimum);
    first_ = empty ? static_cast<float>(steps) / 2 : 0;
    threshold_ = its.threshold.value_or(-INFINITY);
}

void ColourTable::row(const float* values, QRgb* colours, int count) const {
    const float minimum = minimum_, scale = stepsPerValue_, first = first_, threshold = threshold_;
    const float last = static_cast<float>(colours_.size() - 2);
    constexpr int chunk = 256;
    std::array<int, chunk> index;
    for (int start = 0; start < count; start += chunk) {
        const int many = std::min(chunk, count - start);
        for (int i = 0; i < many; ++i) {
            const float value = values[start + i];
            float step = (value - minimum) * scale + first;
            step = step > 0 ? step : 0;
            step = step < last ? step : last;
            index[static_cast<std::size_t>(i)] = value >= threshold ? static_cast<int>(step + 1.5F) : 0;
        }
        for (int i = 0; i < many; ++i)
            colours[start + i] = colours_[static_cast<std::size_t>(index[static_cast<std::size_t>(i)])];
    }
}

void paintHeatmap(QPainter& painter, const Viewport& viewport, const HeatmapPicture& picture,
                  const QRectF& screen) {
    const auto level0ToLattice = PlaneMap::level0ToLattice(picture.latticeToLevel0);
    const DeviceGrid grid = DeviceGrid::of(painter, viewport);
    const QRect whole = grid.covering(QRectF({0, 0}, viewport.size())), area = grid.covering(screen) & whole;
    if (!level0ToLattice || area.isEmpty()) return;
    const View view{viewport, grid, level0ToLattice->afterDevice(viewport, grid), whole};
    // An upright view is quick and goes through memory in small steps. In a turned one each pixel costs more,
    // and several cores share the rows.
    const bool upright = view.map.isUpright() && picture.style != LatticeStyle::Spots;
    const int cores = std::min(availableProcessors(), 4);
    const int shares = upright || area.width() * area.height() < 200'000 ? 1 : cores;
    const int height = shares == 1 ? bandHeight : (area.height() + shares - 1) / shares;
    std::vector<std::future<QImage>> others;
    for (int i = 1; i < shares; ++i) {
        const QRect rows = QRect(area.left(), area.top() + i * height, area.width(), height) & area;
        if (rows.isEmpty()) break;
        others.push_back(std::async(std::launch::async, [&picture, &view, rows] {
            QImage band(rows.size(), QImage::Format_ARGB32_Premultiplied);
            RowPainter(picture, view, rows).paint(rows.top(), band);
            return band;
        }));
    }
    RowPainter own(picture, view, area);
    const int end = others.empty() ? area.bottom() + 1 : area.top() + height;
    QImage band;
    for (int top = area.top(); top < end; top += bandHeight) {
        const int rows = std::min(bandHeight, end - top);
        if (rows != band.height()) band = QImage(area.width(), rows, QImage::Format_ARGB32_Premultiplied);
        own.paint(top, band);
        grid.draw(painter, {area.left(), top}, band);
    }
    for (std::size_t i = 0; i < others.size(); ++i)
        grid.draw(painter, {area.left(), end + static_cast<int>(i) * height}, others[i].get());
}

} // namespace spotglass
