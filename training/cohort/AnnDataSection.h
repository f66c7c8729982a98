#pragma once

#include "training/cohort/Cohort.h"

#include <string>
#include <vector>

/// Importer of AnnData's .h5ad (anndata 0.7 and later; docs/fileformat-prose of anndata), as scanpy's
/// read_visium() and squidpy make them of a section.
namespace spotglass {

/// The file itself, or the .h5ad files in a folder, named after the files. The image is the one of that name
/// beside the file, empty when there is none. Reads no table. Empty when there is no such file.
[[nodiscard]] std::vector<SectionFiles> listAnnDataSections(const std::filesystem::path& path,
                                                            const ArrayDescription& array = visiumArray);

/// Reads one section: obsm['spatial'] as (x, y) in full-resolution pixels; array places from obs'
/// array_row and array_col, or from names such as "10x12"; only spots whose in_tissue, if any, is not 0.
/// Counts are those of X where they are whole numbers, otherwise of layers['counts'], otherwise of raw/X,
/// with a warning; sparse or dense. An array whose rows and columns are all even together or odd together is
/// hexagonal, and files.array says pitch and diameter; any other is square with the legacy pitch, unless
/// files.array is square. Blocking. BadInput: the section's problem, no image, no spatial positions or array
/// places, several sections in one file, no matrix of whole numbers (with the first value that is none).
[[nodiscard]] Result<Section> readAnnDataSection(const SectionFiles& files);

} // namespace spotglass
