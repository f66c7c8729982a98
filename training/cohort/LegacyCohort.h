#pragma once

#include "training/cohort/Cohort.h"
#include "training/cohort/SectionFolder.h"

/// Importer of the legacy ST layout (Andersson et al. 2021, her2st): ST-imgs/NAME.jpg|.jpeg|.png|.tif|.tiff
/// (or the one image in ST-imgs/PATIENT/NAME), ST-cnts/NAME.tsv[.gz], ST-spotfiles/NAME_selection.tsv[.gz]
/// and optionally cohort.json. The names that the files of STNet (He et al. 2020: HE_NAME.jpg,
/// NAME_stdata.tsv.gz, spots_NAME.csv.gz) and cSCC (Ji et al. 2020: GSM..._NAME_stdata.tsv.gz,
/// GSM..._spot_data-selection-NAME.tsv.gz) were published with are understood as well.
namespace spotglass {

/// The sections of the folder, by name (digits by value: C2 before C10). Reads no table. BadInput: no such
/// folder, no section, a bad cohort.json. The lack of an image, count or spot file is the section's problem.
/// Images without either table are left out.
[[nodiscard]] Result<std::vector<SectionFiles>> listLegacySections(const std::filesystem::path& folder);

/// The spot file that belongs to a slide: `given` itself, or NAME_selection.tsv[.gz] in that folder or its
/// ST-spotfiles, NAME being the slide's file name without extension. BadInput when the folder has none.
[[nodiscard]] Result<std::filesystem::path> spotFileFor(const std::filesystem::path& slide,
                                                        const std::filesystem::path& given);

/// The count file that belongs to a spot file: NAME.tsv[.gz] beside it or in ST-cnts beside its folder.
/// Nothing when there is none.
[[nodiscard]] std::optional<std::filesystem::path> countFileFor(const std::filesystem::path& spotFile);

/// Reads cohort.json of the folder; what it does not say is as in `otherwise` (square, 200 um, no scale).
/// BadInput when it is not JSON or a value is impossible.
[[nodiscard]] Result<ArrayDescription> readArrayDescription(const std::filesystem::path& folder,
                                                            const ArrayDescription& otherwise = {});

/// Reads one section. Spots in one of the two tables only are left out, with a warning. Without a scale in
/// cohort.json it is derived from the array pitch (scaleSource says so). A hexagonal array whose columns
/// count half steps, as Visium's do, gets axial coordinates. Blocking. BadInput with file and line: missing
/// or empty or truncated files, header without gene columns, rows of another length, counts that are no
/// numbers, negative or fractional, a spot twice, no spot in both tables.
[[nodiscard]] Result<Section> readLegacySection(const SectionFiles& files, const ArrayDescription& array);

} // namespace spotglass
