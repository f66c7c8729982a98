#pragma once

#include "ui/Services.h"

namespace spotglass {

/// The models (*.safetensors) in `folder`, by the names their cards give them, in alphabetical order; none
/// when the folder is missing. Reads the heads of the files only, without LibTorch; a file that cannot be
/// read is listed by its own name (opening it says what is wrong). Blocking.
[[nodiscard]] QList<ModelListing> modelsInFolder(const std::filesystem::path& folder);

} // namespace spotglass
