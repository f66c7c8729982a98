#pragma once

#include "training/cohort/ArrayGraph.h"
#include "training/cohort/Cohort.h"
#include "viewer/base/Result.h"

#include <span>
#include <vector>

namespace spotglass {

/// Moran's I of many genes over the spots of one section; one value a gene in each vector. A value type.
struct MoranStatistics {
    /// I = n / W * sum_ij w_ij z_i z_j / sum_i z_i^2 with z the values less their mean, w_ij 1 between
    /// neighbours and else 0, W the sum of all w (Moran, Biometrika 37, 1950). 1 for what changes slowly over
    /// the tissue, near `expectation` for what does not depend on the place. NaN where undefined: all values
    /// equal, or no two spots are neighbours.
    std::vector<double> statistic;
    /// (I - expectation) / deviation of I if the same values were dealt to the spots by chance (Cliff and
    /// Ord, Spatial Processes, 1981, section 2.3: the randomisation assumption, because counts are far from
    /// normal). NaN where I is, and with fewer than four spots.
    std::vector<double> zScore;
    /// Chance of a z-score at least as high, from the normal distribution; one-sided, not corrected for the
    /// number of genes.
    std::vector<double> pValue;
    double expectation = 0;         ///< -1 / (n - 1)
    std::size_t undefinedGenes = 0; ///< genes without I
};

/// Moran's I of every gene of `counts` on `graph`. Values are ln(1 + counts of a spot scaled to the median
/// depth of the spots that have counts); depth is the sum over all genes, a spot without counts stays zero.
/// Zeros are never stored: work and memory grow with the counts that are not zero. Genes are divided among
/// `threads` threads (0: one a processor), with the same result on any number. Blocks: about 25 ms a million
/// counts. BadInput when the graph has another number of spots.
[[nodiscard]] Result<MoranStatistics> moransI(const CountMatrix& counts, const ArrayGraph& graph,
                                              unsigned threads = 0);

/// The same of values taken as they are: graph.spots() x genes, row-major, finite. BadInput when the sizes
/// disagree.
[[nodiscard]] Result<MoranStatistics> moransI(std::span<const float> values, std::size_t genes,
                                              const ArrayGraph& graph, unsigned threads = 0);

} // namespace spotglass
