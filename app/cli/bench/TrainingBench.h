#pragma once

#include "viewer/base/Result.h"

#include <string>
#include <vector>

namespace spotglass {

/// Runs the program bench_training, which a build makes beside this one: it holds the plain implementation
/// that a training step is compared with, and is not installed. Its output is this program's. Blocking. Usage
/// when it is not there, Device when it fails.
[[nodiscard]] Result<void> runTrainingBench(const std::vector<std::string>& arguments);

} // namespace spotglass
