#pragma once

#include "training/cohort/ArrayGraph.h"
#include "viewer/base/Result.h"

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

/// The figures by which spatial-expression predictors are compared in print (spec section 4). Everything here
/// is in the unit of the expression given, computed in double; pure functions, safe on every thread.
namespace spotglass {

/// Measured and predicted expression of one section; both spots x genes, row-major. A value type.
struct SectionPrediction {
    std::string patient, section;
    std::size_t spots = 0, genes = 0; ///< the genes are the same, in the same order, in all sections
    std::vector<float> measured, predicted;
    std::optional<std::vector<ArrayPlace>> places = {}; ///< one a spot, where it is known; see geneMetrics()
    ArrayGeometry geometry = ArrayGeometry::Square;     ///< of `places`
};

/// Mean and population standard deviation over the patients that have the value; NaN when none has.
struct MeanAndDeviation {
    double mean = 0, deviation = 0;
};

/// One patient: errors are the mean over its sections. A correlation is the mean over a set of genes of the
/// gene's mean over the sections, undefined ones left out; NaN when all are undefined.
struct PatientMetrics {
    std::string patient;
    double mae = 0, mse = 0;
    double pccAll = 0, pccHpg = 0, pccHeg = 0, pccHvg = 0;
};

struct MetricsReport {
    std::size_t topK = 0; ///< size of the three gene sets: as asked for, at most the number of genes
    MeanAndDeviation mae, mse, pccAll, pccHpg, pccHeg, pccHvg;
    std::vector<std::size_t> hpg, heg, hvg; ///< gene numbers, ascending
    std::size_t undefinedCorrelations = 0;  ///< pairs of section and gene with constant values
    std::vector<PatientMetrics> patients;   ///< sorted by name
    std::vector<double> genePcc; ///< of each gene the mean over the patients; NaN when undefined in all
};

/// Computes the published figures. Correlations (Pearson) of each gene over the spots of a section; one with
/// a constant side is undefined, left out of means, and counted. Gene sets of `topK`: HPG by the sum over
/// patients of the gene's rank within the patient (undefined ones below all others), HEG by mean measured
/// value, HVG by variance of the measured values after dividing each spot by its sum (a spot of sum zero
/// stays zero); HEG and HVG pool the spots of all sections. Equal ones go to the lower gene number. About 20
/// ns a value. BadInput: no section, one without spots or genes, a section twice, shapes or places that
/// disagree, values that are not finite. Usage: topK is 0.
[[nodiscard]] Result<MetricsReport> publishedMetrics(const std::vector<SectionPrediction>& sections,
                                                     std::size_t topK = 50);

/// The report as one JSON object: top_k, mae, mse, pcc_all, pcc_hpg, pcc_heg, pcc_hvg (each {mean, std}),
/// hpg, heg, hvg, undefined_correlations. Undefined numbers become null. Patients and genes are left to the
/// caller.
[[nodiscard]] nlohmann::json toJson(const MetricsReport& report);

} // namespace spotglass
