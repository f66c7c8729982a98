#pragma once

#include "training/cohort/Cohort.h"

#include <cstdint>
#include <string>
#include <vector>

namespace spotglass {

/// What a column of a count matrix was measured of. `id` is the Ensembl id where the file has one; `type` is
/// empty or as 10x Genomics call it ("Gene Expression", "Antibody Capture").
struct Feature {
    std::string id, symbol, type;
};

/// A count matrix as a file holds it, before spots are chosen and genes brought together. A value type.
struct FeatureMatrix {
    std::vector<std::string> barcodes; ///< rows
    std::vector<Feature> features;     ///< columns; symbols may repeat
    CountMatrix counts;                ///< barcodes x features
};

/// Why a number cannot be a raw count ("negative", "not a number", "not a whole number", "too large"); null
/// when it can.
[[nodiscard]] const char* countProblem(double value);

/// What to do about numbers that are no raw counts.
inline constexpr const char* rawCountsHint =
    "Give the raw counts, not normalised or logarithmic ones (in an .h5ad file: layers['counts'] or raw)";

/// Whether a name is an Ensembl gene id ("ENSG00000141510", with or without version; "ENSMUSG...").
[[nodiscard]] bool isEnsemblId(std::string_view name);

/// The id without its version ("ENSG00000141510.17" has 17); nothing else is changed.
[[nodiscard]] std::string withoutVersion(const std::string& ensemblId);

/// A count matrix from single entries; places given twice are added up, zeros left out. The three lists have
/// one length, places must be inside. About 20 bytes an entry.
[[nodiscard]] CountMatrix fromEntries(std::size_t spots, std::size_t genes,
                                      const std::vector<std::uint32_t>& spotOf,
                                      const std::vector<std::uint32_t>& geneOf,
                                      const std::vector<float>& values);

/// Fills genes, Ensembl ids and counts of `section` from the given rows, in that order. Only genes are taken
/// (no antibodies), named by symbol, or by id where there is none; genes of one name are added up. What was
/// left out or added up is said in the section's warnings and repeatedGenes. BadInput (about `where`) when no
/// gene is left.
[[nodiscard]] Result<void> takeGenes(const FeatureMatrix& matrix, const std::vector<std::size_t>& rows,
                                     const std::string& where, Section& section);

} // namespace spotglass
