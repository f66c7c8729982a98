#pragma once

#include "inference/engine/PredictionEngine.h"
#include "viewer/base/ExpressionField.h"

#include <cstddef>
#include <mutex>
#include <vector>

namespace spotglass {

/// The values of all genes for every spot predicted so far, so that another gene is shown without running the
/// model. Written by the engine's thread, read by the GUI thread; every function may be called on any thread
/// and waits only for one batch to be copied. Single precision: the window shows the same values as the
/// command line.
class PredictionTable {
  public:
    explicit PredictionTable(std::size_t genes) : genes_(genes) {}

    /// Sets the lattice; once, before the first batch.
    void plan(const PredictionLattice& lattice);

    /// Adds finished spots. Returns false, and adds nothing, when the batch does not fit the lattice and the
    /// panel (a mistake of the engine).
    bool add(const PredictionBatch& batch);

    [[nodiscard]] PredictionLattice lattice() const;
    [[nodiscard]] std::size_t spots() const; ///< how many are there

    /// Brings `field` up to date for gene number `gene`, given that it holds the spots before `known`
    /// already; returns how many spots it holds then. With known = 0 the field is set up afresh (its gene and
    /// unit stay). Leaves an empty field while nothing is planned.
    std::size_t fill(ExpressionField& field, std::size_t gene, std::size_t known) const;

  private:
    static constexpr std::size_t spotsPerBlock = 1024;

    const std::size_t genes_;
    mutable std::mutex mutex_; // guards everything below
    PredictionLattice lattice_;
    bool planned_ = false;
    std::vector<std::int64_t> cells_; ///< lattice cell of each spot, in the order of arrival
    std::vector<std::vector<float>>
        blocks_; ///< spotsPerBlock x genes each: growing never copies what is there
};

} // namespace spotglass
