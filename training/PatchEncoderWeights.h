#pragma once

#include "inference/model/Dkan.h"

#include <filesystem>

namespace spotglass {

/// Copies a published ResNet into a patch encoder (makePatchEncoder()), so that training begins with it: a
/// safetensors file or a PyTorch archive with torchvision's names (conv1.weight, layer1.0.bn1.running_mean,
/// ...), whatever they are wrapped in ("state_dict.", "module.", "model.", ...). The classifier and what lies
/// behind a ResNet-50's third stage are passed over. Blocking. BadInput, naming the tensor, when one is
/// missing, has another shape or the file is of a deeper network; the encoder is then of no use.
[[nodiscard]] Result<void> startPatchEncoder(torch::nn::Sequential& encoder, const DkanConfig& config,
                                             const std::filesystem::path& file);

/// "conv1.weight" for "0.weight", "layer1.0.bn1.bias" for "4.0.bn1.bias".
[[nodiscard]] std::string torchvisionName(const std::string& parameter);

} // namespace spotglass
