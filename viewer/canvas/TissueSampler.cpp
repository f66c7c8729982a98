#include "viewer/canvas/TissueSampler.h"

#include "viewer/canvas/Premultiplied.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

bool TissueSampler::isUsable(const TissueOutline& tissue) {
    return tissue.width > 0 && tissue.height > 0 && tissue.cellWidth > 0 && tissue.cellHeight > 0 &&
           tissue.cells.size() ==
               static_cast<std::size_t>(tissue.width) * static_cast<std::size_t>(tissue.height);
}

TissueSampler::TissueSampler(const TissueOutline& tissue, const PlaneMap& toLevel0, const QRect& area)
    : tissue_(tissue), area_(area) {
    const double w = tissue.cellWidth, h = tissue.cellHeight;
    map_ = {toLevel0.ux / w, toLevel0.uy / w, toLevel0.u0 / w - 0.5,
            toLevel0.vx / h, toLevel0.vy / h, toLevel0.v0 / h - 0.5};
    left_.reserve(static_cast<std::size_t>(area.width()));
    for (auto& line : lines_)
        line.resize(static_cast<std::size_t>(area.width()));
    cover_.resize(static_cast<std::size_t>(area.width()));
    if (!map_.isUpright()) {
        left_.resize(static_cast<std::size_t>(area.width()));
        return;
    }
    for (int x = area.left(); x <= area.right(); ++x) {
        const double u = std::clamp(map_.u(x + 0.5, 0), 0.0, tissue.width - 1.0);
        left_.push_back(std::min(static_cast<int>(u), std::max(tissue.width - 2, 0)));
        share_.push_back(static_cast<float>(u - left_.back()));
    }
}

void TissueSampler::clip(int y, QRgb* colours) {
    map_.isUpright() ? clipUpright(y, colours) : clipFree(y, colours);
}

/// A row of the outline interpolated for every pixel. The last two are kept.
const std::vector<float>& TissueSampler::line(int row) {
    const auto slot = static_cast<std::size_t>(row % 2);
    std::vector<float>& line = lines_[slot];
    if (held_[slot] == row) return line;
    held_[slot] = row;
    const std::uint8_t* cells =
        tissue_.cells.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(tissue_.width);
    const int right = tissue_.width > 1 ? 1 : 0;
    float least = 255;
    for (std::size_t x = 0; x < line.size(); ++x) {
        const float a = cells[left_[x]], b = cells[left_[x] + right];
        line[x] = a + (b - a) * share_[x];
        least = std::min(least, line[x]);
    }
    allTissue_[slot] = least == 255;
    return line;
}

void TissueSampler::clipUpright(int y, QRgb* colours) {
    const double v = std::clamp(map_.v(0, y + 0.5), 0.0, tissue_.height - 1.0);
    const int above = static_cast<int>(v), below = std::min(above + 1, tissue_.height - 1);
    const std::vector<float>&first = line(above), &second = line(below);
    if (allTissue_[static_cast<std::size_t>(above % 2)] && allTissue_[static_cast<std::size_t>(below % 2)])
        return;
    const auto share = static_cast<float>(v - above);
    const float *from = first.data(), *to = second.data();
    std::uint8_t* cover = cover_.data();
    const int width = area_.width();
    for (int x = 0; x < width; ++x)
        cover[x] = static_cast<std::uint8_t>(static_cast<int>(from[x] + (to[x] - from[x]) * share + 0.5F));
    for (int x = 0; x < width; ++x)
        if (cover[x] < 255) colours[x] = cover[x] == 0 ? 0 : covering(colours[x], cover[x]);
}

void TissueSampler::clipFree(int y, QRgb* colours) {
    const int width = area_.width();
    float *u = lines_[0].data(), *v = lines_[1].data();
    const auto along = [width](double start, double step, int count, float* out) {
        const auto first = static_cast<float>(start), slope = static_cast<float>(step);
        const auto last = static_cast<float>(count - 1);
        for (int x = 0; x < width; ++x) {
            float at = first + slope * static_cast<float>(x);
            at = at > 0 ? at : 0;
            out[x] = at < last ? at : last;
        }
    };
    along(map_.u(area_.left() + 0.5, y + 0.5), map_.ux, tissue_.width, u);
    along(map_.v(area_.left() + 0.5, y + 0.5), map_.vx, tissue_.height, v);
    int* place = left_.data();
    for (int x = 0; x < width; ++x)
        place[x] = static_cast<int>(v[x]) * tissue_.width + static_cast<int>(u[x]);
    const std::uint8_t* cells = tissue_.cells.data();
    const int lastPlace = static_cast<int>(tissue_.cells.size()) - tissue_.width - 2;
    for (int x = 0; x < width; ++x) {
        const std::uint8_t* at = cells + place[x];
        if (colours[x] == 0) continue;
        if (place[x] <= lastPlace) { // nearly everywhere it is all tissue or all glass
            const int every = at[0] & at[1] & at[tissue_.width] & at[tissue_.width + 1];
            const int any = at[0] | at[1] | at[tissue_.width] | at[tissue_.width + 1];
            if (any == 0) colours[x] = 0;
            if (every == 255 || any == 0) continue;
        }
        const float shareU = u[x] - static_cast<float>(static_cast<int>(u[x]));
        const float shareV = v[x] - static_cast<float>(static_cast<int>(v[x]));
        // On the last column and row the neighbour beyond has no share.
        const std::ptrdiff_t aside = shareU > 0 ? 1 : 0, down = shareV > 0 ? tissue_.width : 0;
        const int a = at[0], b = at[aside], c = at[down], d = at[aside + down];
        const float top = static_cast<float>(a) + static_cast<float>(b - a) * shareU;
        const float foot = static_cast<float>(c) + static_cast<float>(d - c) * shareU;
        const auto tissue = static_cast<unsigned>(top + (foot - top) * shareV + 0.5F);
        if (tissue < 255) colours[x] = tissue == 0 ? 0 : covering(colours[x], tissue);
    }
}

} // namespace spotglass
