#pragma once

#include "app/engine_module/Commands.h"
#include "app/engine_module/TrainPlan.h"

#include <chrono>

namespace spotglass {

/// Takes real steps of a training for some seconds, keeps nothing of them, and says what the whole will take:
/// seconds_before, seconds_per_epoch, epochs (at most), memory_gb, disk_gb, memory_available_gb,
/// disk_available_gb, spots, genes, parameters, device, warnings. `before`: the time that reading the
/// sections took. Blocking. Errors as train().
[[nodiscard]] Result<void> estimateTraining(const TrainPlan& plan,
                                            const std::vector<SectionTensors>& training,
                                            const std::vector<SectionTensors>& validation,
                                            torch::Device device, const TrainOptions& options,
                                            std::chrono::steady_clock::duration before,
                                            const CancelToken& cancel);

} // namespace spotglass
