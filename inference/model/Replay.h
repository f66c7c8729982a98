#pragma once

#include "viewer/base/Result.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace spotglass {

/// Runs the inference case and the three training steps of a folder laid out as reference/dkan (spec/dkan.md
/// section 6) in "fp32" or "fp64" and writes output/outputs.safetensors and output/steps.json. Returns how
/// far each group of tensors is from what the folder expects (largest relative L2 of a group) and whether all
/// are within the bounds given there. Blocking. BadInput when the folder lacks a file or a tensor.
[[nodiscard]] Result<nlohmann::json> replay(const std::filesystem::path& folder, const std::string& precision,
                                            const std::filesystem::path& output);

} // namespace spotglass
