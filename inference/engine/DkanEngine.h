#pragma once

#include "inference/engine/PredictionEngine.h"

namespace spotglass {

/// Opens a Spotglass model file for prediction on the CPU. Blocking. BadInput with a sentence when it is not
/// usable, or asks for a frozen encoder that this program does not have.
[[nodiscard]] Result<std::unique_ptr<PredictionEngine>> openDkanEngine(const std::filesystem::path& file);

} // namespace spotglass
