#pragma once

#include "training/audit/CohortAudit.h"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace spotglass {

/// The audit as one JSON object: cohort, patients, genes_in_common, errors, warnings (how many), sections (a
/// list of objects with the figures; null where unknown), findings (severity, section, what, hint).
/// `withSpots`: each section also has spots_at, a list of [x, y, on tissue] in level-0 pixels of its image.
[[nodiscard]] nlohmann::json toJson(const CohortAudit& audit, bool withSpots = false);

/// The audit as text for a terminal: a table with one line a section, then the findings, errors first.
[[nodiscard]] std::string toText(const CohortAudit& audit);

} // namespace spotglass
