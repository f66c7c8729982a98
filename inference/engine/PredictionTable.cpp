#include "inference/engine/PredictionTable.h"

#include <algorithm>

namespace spotglass {

void PredictionTable::plan(const PredictionLattice& lattice) {
    if (planned_ || lattice.columns <= 0 || lattice.rows <= 0) return;
    lattice_ = lattice;
    cells_.resize(static_cast<std::size_t>(lattice.columns) * static_cast<std::size_t>(lattice.rows));
    there_.resize(cells_.size());
    blocks_.resize((cells_.size() + spotsPerBlock - 1) / spotsPerBlock);
    planned_.store(true, std::memory_order_release);
}

bool PredictionTable::add(const PredictionBatch& batch) {
    const std::size_t first = published_.load(std::memory_order_relaxed); // written by this thread alone
    const auto limit = static_cast<std::int64_t>(cells_.size());
    if (batch.values.size() != batch.cells.size() * genes_ || batch.cells.size() > cells_.size() - first ||
        !std::ranges::all_of(batch.cells, [limit](auto cell) { return cell >= 0 && cell < limit; }))
        return false;
    for (std::size_t i = 0; i < batch.cells.size(); ++i) {
        const std::size_t spot = first + i;
        auto& block = blocks_[spot / spotsPerBlock];
        if (!block) block = std::make_unique_for_overwrite<float[]>(spotsPerBlock * genes_);
        std::copy_n(batch.values.data() + i * genes_, genes_, block.get() + (spot % spotsPerBlock) * genes_);
        cells_[spot] = batch.cells[i];
        there_[static_cast<std::size_t>(batch.cells[i])] = true;
    }
    published_.store(first + batch.cells.size(), std::memory_order_release);
    return true;
}

std::optional<std::size_t> PredictionTable::addMissing(const PredictionBatch& batch) {
    const auto limit = static_cast<std::int64_t>(there_.size());
    if (batch.values.size() != batch.cells.size() * genes_) return std::nullopt;
    PredictionBatch missing;
    for (std::size_t i = 0; i < batch.cells.size(); ++i) {
        const auto cell = batch.cells[i];
        if (cell < 0 || cell >= limit) return std::nullopt;
        if (there_[static_cast<std::size_t>(cell)]) continue;
        missing.cells.push_back(cell);
        const auto* row = batch.values.data() + i * genes_;
        missing.values.insert(missing.values.end(), row, row + genes_);
    }
    if (!add(missing)) return std::nullopt;
    return missing.cells.size();
}

PredictionLattice PredictionTable::lattice() const {
    return planned_.load(std::memory_order_acquire) ? lattice_ : PredictionLattice{};
}

std::size_t PredictionTable::fill(ExpressionField& field, std::size_t gene, std::size_t known) const {
    if (!planned_.load(std::memory_order_acquire) || gene >= genes_) {
        field.columns = field.rows = 0;
        field.values.clear();
        return 0;
    }
    if (known == 0) {
        field.columns = lattice_.columns;
        field.rows = lattice_.rows;
        field.latticeToLevel0 = lattice_.latticeToLevel0;
        field.tissue = lattice_.tissue;
        field.values.assign(cells_.size(), ExpressionField::missing);
    }
    const std::size_t end = spots();
    for (std::size_t spot = known; spot < end; ++spot)
        field.values[static_cast<std::size_t>(cells_[spot])] =
            blocks_[spot / spotsPerBlock][(spot % spotsPerBlock) * genes_ + gene];
    return end;
}

} // namespace spotglass
