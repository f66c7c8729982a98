#pragma once

#include "inference/engine/EncoderRegistry.h"
#include "inference/engine/PredictionEngine.h"
#include "inference/model/ModelFile.h"

namespace spotglass {

/// What a prediction computes with, from its files, on the CPU. Internal to the Torch side.
struct ModelNetworks {
    LoadedModel model;
    OpenedEncoder encoder;
};

/// Reads the model and opens the frozen encoder that its card names (`settings` say where that is). Blocking.
/// BadInput with what to do when either is not usable, or when their widths disagree.
[[nodiscard]] Result<ModelNetworks> readNetworks(const std::filesystem::path& model,
                                                 const EngineSettings& settings);

} // namespace spotglass
