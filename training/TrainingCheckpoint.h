#pragma once

#include "inference/model/TorchCompat.h"
#include "viewer/base/Result.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace spotglass {

/// All that a training run needs to go on as if it had never stopped: weights, the optimiser's moments,
/// random states, the place in the epoch. A value type; tensors are copies.
struct TrainingState {
    nlohmann::json numbers; ///< with "run", what the run is (its settings, genes and sections)
    std::map<std::string, torch::Tensor> tensors;
};

/// Writes one safetensors file, aside and renamed: what was there before is replaced only by a whole one.
/// Blocking. Device when the drive is full or away.
[[nodiscard]] Result<void> saveTrainingState(const TrainingState& state, const std::filesystem::path& file);

/// BadInput when there is none, or it is damaged, or of another run: then the sentence names what differs.
/// `run`: what the run that goes on is.
[[nodiscard]] Result<TrainingState> readTrainingState(const std::filesystem::path& file,
                                                      const nlohmann::json& run);

} // namespace spotglass
