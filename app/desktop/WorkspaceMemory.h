#pragma once

#include "app/desktop/SlideController.h"

namespace spotglass {

/// The workspace as the memory of SlideController. Blocking; for a worker thread. An error when it cannot be
/// opened.
[[nodiscard]] Result<std::unique_ptr<SlideMemory>> openWorkspaceMemory(const std::filesystem::path& file);

} // namespace spotglass
