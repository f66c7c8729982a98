#include "app/desktop/PredictionTable.h"

#include <algorithm>

namespace spotglass {

void PredictionTable::plan(const PredictionLattice& lattice) {
    const std::lock_guard lock(mutex_);
    lattice_ = lattice;
    planned_ = true;
    cells_.reserve(lattice.tissueSpots);
}

bool PredictionTable::add(const PredictionBatch& batch) {
    if (batch.values.size() != batch.cells.size() * genes_) return false;
    const std::lock_guard lock(mutex_);
    const std::int64_t limit = static_cast<std::int64_t>(lattice_.columns) * lattice_.rows;
    if (!planned_ ||
        !std::ranges::all_of(batch.cells, [limit](auto cell) { return cell >= 0 && cell < limit; }))
        return false;
    for (std::size_t i = 0; i < batch.cells.size(); ++i) {
        const std::size_t spot = cells_.size() % spotsPerBlock;
        if (spot == 0) blocks_.emplace_back(spotsPerBlock * genes_);
        std::copy_n(batch.values.data() + i * genes_, genes_, blocks_.back().data() + spot * genes_);
        cells_.push_back(batch.cells[i]);
    }
    return true;
}

PredictionLattice PredictionTable::lattice() const {
    const std::lock_guard lock(mutex_);
    return lattice_;
}

std::size_t PredictionTable::spots() const {
    const std::lock_guard lock(mutex_);
    return cells_.size();
}

std::size_t PredictionTable::fill(ExpressionField& field, std::size_t gene, std::size_t known) const {
    const std::lock_guard lock(mutex_);
    if (!planned_ || gene >= genes_) {
        field.columns = field.rows = 0;
        field.values.clear();
        return 0;
    }
    if (known == 0) {
        field.columns = lattice_.columns;
        field.rows = lattice_.rows;
        field.latticeToLevel0 = lattice_.latticeToLevel0;
        field.values.assign(static_cast<std::size_t>(field.columns) * static_cast<std::size_t>(field.rows),
                            ExpressionField::missing);
    }
    for (std::size_t spot = known; spot < cells_.size(); ++spot)
        field.values[static_cast<std::size_t>(cells_[spot])] =
            blocks_[spot / spotsPerBlock][(spot % spotsPerBlock) * genes_ + gene];
    return cells_.size();
}

} // namespace spotglass
