#pragma once

#include "inference/engine/PredictionEngine.h"
#include "viewer/base/ExpressionField.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace spotglass {

/// The values of all genes for every spot predicted so far, so that another gene is shown without running the
/// model. plan() and add() belong to one thread, the engine's; all other functions may be called on any.
/// Nothing ever waits: spots are written where nobody reads yet and then published, so the GUI thread cannot
/// be held up by an engine that the system has put to sleep. Single precision: the window shows the same
/// values as the command line.
class PredictionTable {
  public:
    explicit PredictionTable(std::size_t genes) : genes_(genes) {}

    /// Sets the lattice; once, before the first batch. Engine's thread.
    void plan(const PredictionLattice& lattice);

    /// Adds finished spots. Returns false, and adds nothing, when the batch does not fit the lattice and the
    /// panel, or brings more spots than there are cells (mistakes of the engine). Engine's thread.
    bool add(const PredictionBatch& batch);

    /// The same for a run that goes on where another stopped: spots that are there stay as they are. Returns
    /// how many were added; nothing where add() would return false. Engine's thread.
    std::optional<std::size_t> addMissing(const PredictionBatch& batch);

    /// Empty (no columns) while nothing is planned.
    [[nodiscard]] PredictionLattice lattice() const;
    [[nodiscard]] std::size_t spots() const { return published_.load(std::memory_order_acquire); }

    /// Brings `field` up to date for gene number `gene`, given that it holds the spots before `known`
    /// already; returns how many spots it holds then. With known = 0 the field is set up afresh (its gene and
    /// unit stay). Leaves an empty field while nothing is planned.
    std::size_t fill(ExpressionField& field, std::size_t gene, std::size_t known) const;

  private:
    static constexpr std::size_t spotsPerBlock = 1024;

    const std::size_t genes_;
    PredictionLattice lattice_;                    ///< read only after planned_
    std::atomic<bool> planned_{false};             ///< lattice_, cells_ and blocks_ have their final sizes
    std::atomic<std::size_t> published_{0};        ///< spots before it never change
    std::vector<std::int64_t> cells_;              ///< lattice cell of each spot, in the order of arrival
    std::vector<bool> there_;                      ///< which cells have come; the engine's thread alone
    std::vector<std::unique_ptr<float[]>> blocks_; ///< spotsPerBlock x genes each, made when first needed
};

} // namespace spotglass
