#pragma once

#include "inference/model/ModelFile.h"

#include <filesystem>

namespace spotglass {

/// Makes a model of an official Lightning checkpoint (state_dict and hyper_parameters), a text file with its
/// gene symbols in order, one a line, and a file of gene semantic embeddings (safetensors with one G x T
/// tensor, or that tensor named "text"). The configuration comes from hyper_parameters; missing keys keep the
/// HER2+ values, and what the weights' shapes show (genes, widths) wins over a missing key. Nothing in the
/// checkpoint is executed. Blocking. BadInput with a sentence when the three do not fit each other.
[[nodiscard]] Result<LoadedModel> importCheckpoint(const std::filesystem::path& checkpoint,
                                                   const std::filesystem::path& genes,
                                                   const std::filesystem::path& text);

} // namespace spotglass
