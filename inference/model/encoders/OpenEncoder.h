#pragma once

#include "inference/model/encoders/EncoderSpec.h"
#include "inference/model/encoders/TorchScriptEncoder.h"
#include "inference/model/FrozenEncoder.h"

#include <filesystem>
#include <vector>

namespace spotglass {

/// What openEncoder() may do, and what it found out.
struct EncoderOpening {
    std::optional<TorchScriptConsent> consent; ///< without it no TorchScript program is run
    EncoderSpec resolved;                      ///< out: the spec with what the weights showed
    std::vector<std::string> notes;            ///< out: a sentence for each thing that was assumed; show them
};

/// Opens an encoder of that description with those weights; it is on the CPU and computes in 32 bits.
/// Blocking (reads gigabytes); any one thread. BadInput with a sentence: the weights lack a tensor, one has
/// another shape than the description asks for (both shapes are named), the file is truncated or no file of
/// weights, or it is a program and there is no consent.
[[nodiscard]] Result<std::unique_ptr<FrozenEncoder>>
openEncoder(const EncoderSpec& spec, const std::filesystem::path& weights, EncoderOpening* opening = nullptr);

/// Describes an encoder from its configuration (timm's config.json, or Spotglass's own form). With an empty
/// `config`, a config.json beside the weights is used where there is one; otherwise the weights' names and
/// shapes say what they are, and `notes` gets what was assumed. Reads the weights only in that last case.
/// Blocking. BadInput with a sentence.
[[nodiscard]] Result<EncoderSpec> describeEncoder(const std::filesystem::path& weights,
                                                  const std::filesystem::path& config,
                                                  std::vector<std::string>& notes);

} // namespace spotglass
