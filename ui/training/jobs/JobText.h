#pragma once

#include "ui/training/TrainingServices.h"

namespace spotglass {

/// "running", "waiting", ... for people.
[[nodiscard]] QString stateInWords(const TrainingJob& job);
/// How far it is, where it runs, and why it waits or failed; one line.
[[nodiscard]] QString progressInWords(const TrainingJob& job);
/// "3 min", "2 h".
[[nodiscard]] QString timeInWords(double seconds);

} // namespace spotglass
