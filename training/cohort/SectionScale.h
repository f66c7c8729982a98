#pragma once

#include "training/cohort/Cohort.h"

namespace spotglass {

/// Fits the section's lattice and settles its scale: `manifestMicrons` (micrometres per pixel), otherwise
/// what section.array says (cohort.json), otherwise array pitch over fitted pitch. A stated scale that is
/// more than 10 % off the pitch is warned about, and so is one that cannot be known.
void setScale(Section& section, const std::optional<double>& manifestMicrons);

/// The sentence among the warnings of a section whose scale was derived from its pitch.
[[nodiscard]] std::string derivedScaleSentence(const Section& section);

} // namespace spotglass
