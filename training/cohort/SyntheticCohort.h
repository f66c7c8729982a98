#pragma once

#include "training/cohort/Cohort.h"
#include "viewer/base/CancelToken.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace spotglass {

/// What `synth` makes (design section 7).
struct SyntheticCohortOptions {
    std::filesystem::path folder;
    int sections = 4;  ///< 1 to 200, one a patient
    int pixels = 4096; ///< side of each square image, 1,024 to 12,000
    std::uint64_t seed = 1;
};

/// Name of the n-th section, from 0: A1, B1, ... Z1, AA1, AB1, ...: one section a patient.
[[nodiscard]] std::string syntheticSectionName(int number);

/// One section as it is written: image file (JPEG with its scale in the JFIF header) and section data without
/// image path. Spots lie on a square array at 200 um pitch, 100 um wide, where at least half of a spot is
/// tissue; counts are drawn from programmes measured on the tissue drawn under the spot. The same for the
/// same seed on every machine up to single grey levels and counts. About 2 s and 16 bytes a pixel.
struct SyntheticSection {
    Section section;
    std::string jpeg;
};
[[nodiscard]] Result<SyntheticSection> makeSyntheticSection(int number, int pixels, std::uint64_t seed);

/// Writes a cohort in the legacy layout, with cohort.json. `progress` is told sections done and in all, on
/// this thread. Blocking. Usage for impossible options; BadInput when the folder has sections that were not
/// made up (nothing is ever mixed); Device when the disk refuses; Cancelled when asked (finished sections
/// stay).
[[nodiscard]] Result<void> writeSyntheticCohort(const SyntheticCohortOptions& options,
                                                const CancelToken& cancel = {},
                                                const std::function<void(int, int)>& progress = {});

} // namespace spotglass
