#pragma once

#include "viewer/base/Result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace spotglass {

/// What `audit` looks at.
struct AuditOptions {
    std::filesystem::path cohort;
    std::vector<std::string> sections; ///< all when empty
    bool json = false;
};

/// `audit COHORT`: what is in a cohort and what is wrong with it, as text or as one JSON document, before
/// anything is trained. Blocking: some seconds a section. BadInput when the audit has errors; errors as
/// auditCohort().
[[nodiscard]] Result<void> runAudit(const AuditOptions& options);

} // namespace spotglass
