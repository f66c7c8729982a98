#pragma once

#include "training/SpotDataset.h"

namespace spotglass {

/// What the network is to predict of each section (n x G, 32-bit, CPU): the measured expression, of which
/// `share` (0 to 1) is replaced by what a ridge regression with context, fitted on the same sections, reads
/// of the spot: less noise of the measurement, and only what carries from one section to another. Ours, not
/// published. Seconds.
[[nodiscard]] std::vector<torch::Tensor>
taughtExpression(const LoadedModel& model, const std::vector<SectionTensors>& sections, double share);

} // namespace spotglass
