#pragma once

#include "training/cohort/FeatureMatrix.h"

#include <filesystem>
#include <optional>

/// Feature-barcode matrices as 10x Genomics' Cell Ranger and Space Ranger write them (their documentation
/// "Feature-Barcode Matrices" and "HDF5 Feature-Barcode Matrix Format").
namespace spotglass {

/// Whether a path is such a matrix by its look: a file that ends in .h5, or a folder with matrix.mtx[.gz].
[[nodiscard]] bool looksLikeTenxMatrix(const std::filesystem::path& path);

/// Reads an .h5 file (group "matrix", or of older ones the one group named after the genome) or a folder with
/// matrix.mtx, barcodes.tsv and features.tsv or genes.tsv, each plain or gzip. All barcodes and features, in
/// the order of the file. Blocking, about a second for ten million entries. BadInput: a part missing or
/// damaged, parts that do not fit together, a barcode twice, a count that is fractional, negative or missing,
/// several genomes in an old .h5.
[[nodiscard]] Result<FeatureMatrix> readTenxMatrix(const std::filesystem::path& path);

} // namespace spotglass
