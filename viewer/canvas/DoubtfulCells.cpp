#include "viewer/canvas/DoubtfulCells.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

constexpr int samples = 8; ///< along each side of a cell

double tissueShare(const TissueOutline& tissue, const LatticeAffine& lattice, int column, int row) {
    int found = 0;
    for (int v = 0; v < samples; ++v) {
        for (int u = 0; u < samples; ++u) {
            const Level0Point point =
                lattice.toLevel0(column - 0.5 + (u + 0.5) / samples, row - 0.5 + (v + 0.5) / samples);
            const double x = std::floor(point.x / tissue.cellWidth),
                         y = std::floor(point.y / tissue.cellHeight);
            if (x < 0 || y < 0 || x >= tissue.width || y >= tissue.height)
                continue; // beside the slide: glass
            const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(tissue.width) +
                                   static_cast<std::size_t>(x);
            if (tissue.cells[at] >= 128) ++found;
        }
    }
    return static_cast<double>(found) / (samples * samples);
}

} // namespace

const std::vector<std::uint8_t>& DoubtfulCells::flags(const ExpressionField& field) {
    if (field.tissue != tissue_ || field.latticeToLevel0 != lattice_ ||
        looked_.size() != field.values.size()) {
        tissue_ = field.tissue;
        lattice_ = field.latticeToLevel0;
        const bool usable = tissue_ && tissue_->cells.size() == static_cast<std::size_t>(tissue_->width) *
                                                                    static_cast<std::size_t>(tissue_->height);
        flags_.assign(usable ? field.values.size() : 0, 0);
        looked_.assign(field.values.size(), 0);
    }
    for (std::size_t i = 0; i < flags_.size(); ++i) {
        if (looked_[i] || !std::isfinite(field.values[i])) continue;
        looked_[i] = 1;
        const auto columns = static_cast<std::size_t>(field.columns);
        flags_[i] = tissueShare(*tissue_, lattice_, static_cast<int>(i % columns),
                                static_cast<int>(i / columns)) < enoughTissue;
    }
    return flags_;
}

} // namespace spotglass
