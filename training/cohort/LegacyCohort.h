#pragma once

#include "training/cohort/Cohort.h"

/// Importer of the legacy ST layout (Andersson et al. 2021, her2st): ST-imgs/NAME.jpg|.jpeg|.png|.tif|.tiff,
/// ST-cnts/NAME.tsv[.gz], ST-spotfiles/NAME_selection.tsv[.gz] and optionally cohort.json.
namespace spotglass {

/// The sections of the folder, by name (digits by value: C2 before C10). Reads no table. BadInput: no such
/// folder, no section, a section without its image, count or spot file. Images without either table are left
/// out.
[[nodiscard]] Result<std::vector<SectionFiles>> listLegacySections(const std::filesystem::path& folder);

/// The spot file that belongs to a slide: `given` itself, or NAME_selection.tsv[.gz] in that folder or its
/// ST-spotfiles, NAME being the slide's file name without extension. BadInput when the folder has none.
[[nodiscard]] Result<std::filesystem::path> spotFileFor(const std::filesystem::path& slide,
                                                        const std::filesystem::path& given);

/// The count file that belongs to a spot file: NAME.tsv[.gz] beside it or in ST-cnts beside its folder.
/// Nothing when there is none.
[[nodiscard]] std::optional<std::filesystem::path> countFileFor(const std::filesystem::path& spotFile);

/// Reads cohort.json of the folder; the defaults (square, 200 um, no scale) when there is none. BadInput when
/// it is not JSON or a value is impossible.
[[nodiscard]] Result<ArrayDescription> readArrayDescription(const std::filesystem::path& folder);

/// Reads one section. Spots in one of the two tables only are left out, with a warning. Without a scale in
/// cohort.json it is derived from the array pitch (scaleSource says so). Blocking.
/// BadInput with file and line: missing or empty or truncated files, header without gene columns, rows of
/// another length, counts that are no numbers, negative or not finite, a spot twice, no spot in both tables.
[[nodiscard]] Result<Section> readLegacySection(const SectionFiles& files, const ArrayDescription& array);

/// Lists, then reads all sections, or those in `names` in that order. BadInput also when a name does not
/// exist.
[[nodiscard]] Result<Cohort> readLegacyCohort(const std::filesystem::path& folder,
                                              const std::vector<std::string>& names = {},
                                              const CancelToken& cancel = {});

/// Leading letters of a section's name ("C" of "C2", "BC23209" has "BC"); the whole name when it starts
/// otherwise.
[[nodiscard]] std::string patientOf(const std::string& sectionName);

} // namespace spotglass
