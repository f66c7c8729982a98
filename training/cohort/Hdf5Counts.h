#pragma once

#include "training/cohort/Cohort.h"
#include "training/cohort/Hdf5File.h"

namespace spotglass {

/// Names of the rows and columns of a count matrix, which also say how large it is. Owned by the caller.
struct CountNames {
    const std::vector<std::string>& spots;
    const std::vector<std::string>& genes;
};

enum class Compression : std::uint8_t {
    BySpot, ///< AnnData's csr_matrix; also a 10x Genomics matrix, whose columns are barcodes
    ByGene  ///< AnnData's csc_matrix
};

/// Reads a sparse count matrix: the datasets data, indices and indptr of a group, in blocks of a million
/// entries. Entries given twice are added up. Blocking. BadInput when the three do not fit together or the
/// names, and with the first spot and gene whose value is fractional, negative, missing or too large.
[[nodiscard]] Result<CountMatrix> readCompressedCounts(const Hdf5File& file, const std::string& group,
                                                       Compression compression, const CountNames& names);

/// Reads a dense count matrix, a dataset of spots x genes, some rows at a time. Errors as above.
[[nodiscard]] Result<CountMatrix> readDenseCounts(const Hdf5File& file, const std::string& dataset,
                                                  const CountNames& names);

} // namespace spotglass
