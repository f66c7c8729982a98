#pragma once

#include "inference/engine/PredictionEngine.h"

namespace spotglass {

/// Opens a Spotglass model file for prediction. Blocking. BadInput with a sentence when it is not usable, or
/// asks for a frozen encoder that this program does not have; Device when the device cannot be used.
[[nodiscard]] Result<std::unique_ptr<PredictionEngine>> openDkanEngine(const std::filesystem::path& file,
                                                                       const EngineSettings& settings = {});

} // namespace spotglass
