#pragma once

#include "app/engine_module/TrainPlan.h"

namespace spotglass {

/// Judges a model that has just been trained on sections that took no part in it: writes report.json and maps
/// into `run`, puts the figures into the model's card, and gives what events.jsonl is told. Blocking.
[[nodiscard]] Result<nlohmann::json> reportInto(const std::filesystem::path& run, const TrainPlan& plan,
                                                LoadedModel& model,
                                                const std::vector<SectionTensors>& training,
                                                const std::vector<SectionTensors>& reported);

} // namespace spotglass
