#pragma once

#include "training/cohort/BlockBootstrap.h"
#include "training/cohort/Metrics.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace spotglass {

/// How well one gene is predicted. NaN where undefined.
struct GeneMetrics {
    std::string gene;
    double pcc = 0;           ///< as published: mean over patients of the mean over their sections
    Interval pccInterval;     ///< of `pcc`
    double mse = 0, mae = 0;  ///< means over the spots of a section, then over sections, then patients
    double moranMeasured = 0; ///< Moran's I on the array, mean over the sections in which the gene varies
    double moranPredicted = 0;
};

/// The published figures, with how far they can be trusted, and the same for each gene. A value type.
struct GeneMetricsReport {
    MetricsReport published;
    std::vector<GeneMetrics> genes; ///< in the order of the values
    /// Of the means in `published`; the gene sets are those found there, not chosen anew in each resample.
    Interval mae, mse, pccAll, pccHpg, pccHeg, pccHvg;
    BootstrapOptions bootstrap;
    std::vector<std::string> warnings; ///< sentences for the user: why something is not there
};

/// Computes publishedMetrics() and what goes beyond it. Intervals are block bootstraps over the spots within
/// each section (see BlockBootstrap.h), the same resamples for all genes; degrees of freedom are blocks less
/// sections. They say how much the figures depend on the spots that happened to be measured, and nothing
/// about other patients. Intervals and Moran's I need the places of the spots in every section, intervals at
/// least four blocks in each; without them they are NaN, and a warning says so. Constant genes: as
/// publishedMetrics(); an interval needs nine tenths of the resamples to be defined. `genes` names the genes.
/// Blocks: 250 genes x 4 sections x 1000 resamples take less than 0.1 s. BadInput as
/// publishedMetrics(); names that are not one a gene; two spots at one place. Usage: `topK` 0, or a block
/// side, number of resamples or confidence that makes no sense.
[[nodiscard]] Result<GeneMetricsReport> geneMetrics(const std::vector<SectionPrediction>& sections,
                                                    const std::vector<std::string>& genes,
                                                    std::size_t topK = 50,
                                                    const BootstrapOptions& options = {});

/// What goes beyond the published figures as one JSON object: "genes" (an object by name: pcc, pcc_low,
/// pcc_high, mse, mae, moran_measured, moran_predicted) and "intervals" (method, block_side, resamples,
/// confidence, and mae, mse, pcc_all, pcc_hpg, pcc_heg, pcc_hvg, each {low, high}). Undefined numbers become
/// null.
[[nodiscard]] nlohmann::json toJson(const GeneMetricsReport& report);

/// The genes as a table: a header, then a line a gene, with the columns gene and those of toJson(). Undefined
/// numbers are empty cells; numbers have all their digits and a full stop whatever the language.
[[nodiscard]] std::string toCsv(const GeneMetricsReport& report);

} // namespace spotglass
