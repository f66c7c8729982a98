#pragma once

#include "inference/model/encoders/EncoderSpec.h"

#include <string>

namespace spotglass {

/// Reads the config.json that lies beside timm's weights on Hugging Face: "architecture"
/// (vit_large_patch16_224, vit_giant_patch14_reg4_dinov2, resnet50, ...), changes to it in "model_args" or
/// beside it (as MahmoodLab/UNI does), and the input in "pretrained_cfg" or beside it. An argument that would
/// change the computation and is not supported is refused by name; those that matter in training alone are
/// passed over. The MLP's form cannot be written in JSON: without mlp_layer it is MlpForm::FromWeights. Any
/// thread. BadInput with a sentence; `where` names the file.
[[nodiscard]] Result<EncoderSpec> parseTimmConfig(const nlohmann::json& config, const std::string& where);

/// The architecture that timm builds for that name alone ("vit_base_patch16_224", with or without a ".tag").
/// BadInput for a name that is not a plain vision transformer or ResNet of timm's.
[[nodiscard]] Result<EncoderSpec> timmArchitecture(const std::string& name, const std::string& where);

} // namespace spotglass
