#pragma once

#include "training/cohort/Cohort.h"

#include <string>
#include <vector>

/// Importer of Space Ranger's output for Visium (10x Genomics' documentation "Spatial Outputs", versions 1 to
/// 3): a feature-barcode matrix, spatial/tissue_positions_list.csv (without header) or tissue_positions.csv
/// (with one), spatial/scalefactors_json.json. Visium HD is recognised and refused.
namespace spotglass {

/// One line of the tissue positions. Array coordinates are those of the file: columns count half steps.
struct TissuePosition {
    std::string barcode;
    bool inTissue = false;
    int arrayRow = 0, arrayColumn = 0;
    Level0Point center; ///< pixels of the full-resolution image
};

/// Reads a table of tissue positions, with or without header (told by its first line). Blocking. BadInput
/// with file and line: rows of another length, cells that are no numbers, a barcode or an array place twice,
/// a place that no hexagonal array has.
[[nodiscard]] Result<std::vector<TissuePosition>> readTissuePositions(const std::filesystem::path& path);

/// Whether the folder is an output folder of Space Ranger, or holds one as "outs".
[[nodiscard]] bool isSpaceRangerFolder(const std::filesystem::path& folder);

/// The files of one output folder. The image is the only one in it or in the folder around its "outs", or the
/// one beside that with the section's name; empty when there is none. What is missing is the problem.
[[nodiscard]] SectionFiles spaceRangerFiles(const std::filesystem::path& folder, const std::string& name,
                                            const ArrayDescription& array = visiumArray);

/// The section of that folder, or those of the folders in it, named after the folders. Reads no table. Empty
/// when there is none.
[[nodiscard]] std::vector<SectionFiles> listSpaceRangerSections(const std::filesystem::path& folder,
                                                                const ArrayDescription& array = visiumArray);

/// Reads one section; only spots under tissue, joined by barcode, in the order of the matrix. Without image
/// spatial/tissue_hires_image.png serves, and positions are scaled to it, with a warning. Blocking: about a
/// second for ten million entries. BadInput: the section's problem, those of readTissuePositions() and
/// readTenxMatrix(), no barcode in both, no image and no hires image.
[[nodiscard]] Result<Section> readSpaceRangerSection(const SectionFiles& files);

} // namespace spotglass
