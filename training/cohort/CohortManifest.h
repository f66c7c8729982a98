#pragma once

#include "training/cohort/Cohort.h"

#include <vector>

namespace spotglass {

/// Reads a manifest: a table (CSV, or with tabs) with a line a section and the columns
///
///     section,patient,image,spots,counts,mpp
///     A1,P1,images/A1.tif,tables/A1_selection.tsv,tables/A1.tsv.gz,0.69
///     B1,P2,images/B1.tif,,visium/B1/outs,
///     C1,P3,images/C1.svs,,c1.h5ad,0.25
///
/// Relative paths are relative to the manifest. "section" and "counts" are needed, the others may be missing
/// or empty. What counts names decides the form: a table (legacy; then spots and image are needed), a Space
/// Ranger output folder, an .h5 file or matrix folder (spots names the tissue positions, otherwise they lie
/// in spatial/ beside it), or an .h5ad file. An empty counts cell takes what spots names. mpp: micrometres
/// per pixel of the image. `legacyArray` (cohort.json beside the manifest) describes the legacy sections.
/// Reads no other table. Blocking. BadInput with the line: a missing column, lines of another length, a
/// section without name or twice, an mpp that is none; what is wrong with the files of a section is its
/// problem.
[[nodiscard]] Result<std::vector<SectionFiles>> readManifest(const std::filesystem::path& path,
                                                             const ArrayDescription& legacyArray = {});

} // namespace spotglass
