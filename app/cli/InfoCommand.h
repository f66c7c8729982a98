#pragma once

#include "viewer/base/Result.h"

#include <filesystem>

namespace spotglass {

/// `info SLIDE`: what a slide says about itself, as text or as one JSON document. Blocking.
[[nodiscard]] Result<void> runInfo(const std::filesystem::path& slide, bool json);

} // namespace spotglass
