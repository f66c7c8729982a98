#include "app/engine_module/Commands.h"

#include "training/audit/AuditReport.h"
#include "training/audit/CohortAudit.h"

#include <cstdio>

namespace spotglass {

Result<void> runAudit(const AuditOptions& options) {
    const auto progress = [](const std::string& section) { say("Looking at section " + section + " ..."); };
    const auto audit = auditCohort(options.cohort, options.sections, {}, progress);
    if (!audit) return Failure(audit.error());
    const std::string text =
        options.json
            ? toJson(*audit, options.spots).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) +
                  "\n"
            : toText(*audit);
    std::fputs(text.c_str(), stdout);
    const std::size_t errors = audit->count(FindingSeverity::Error);
    if (errors == 0) return {};
    return badInput("the audit found " + std::to_string(errors) + (errors == 1 ? " error" : " errors"),
                    options.cohort.string(),
                    "Nothing should be trained on this cohort before they are settled");
}

} // namespace spotglass
