#include "ui/training/TrainingServices.h"

#include <algorithm>

namespace spotglass {

int AuditedCohort::errors() const {
    return static_cast<int>(std::ranges::count(notes, AuditNote::Severity::Error, &AuditNote::severity));
}

} // namespace spotglass
