#pragma once

#include "ui/training/TrainingServices.h"

#include <functional>

class QWidget;

namespace spotglass {

/// Asks before a training is ended, in a box over `parent` that does not block; `end` is called where the
/// user means it. `removed`: it leaves the list too.
void askToEnd(const TrainingJob& job, bool removed, QWidget* parent, std::function<void()> end);

} // namespace spotglass
