#pragma once

#include "app/desktop/SlideController.h"

namespace spotglass {

/// Where the workspace is: SPOTGLASS_WORKSPACE, or workspace.sqlite in the user's folder for this program.
/// The application's names must be set.
[[nodiscard]] std::filesystem::path workspaceFile();

/// Where what was predicted is kept: SPOTGLASS_CACHE, or slides in the user's cache folder for this program.
/// The application's names must be set.
[[nodiscard]] std::filesystem::path cacheFolder();

/// The workspace as the memory of SlideController. Blocking; for a worker thread. An error when it cannot be
/// opened.
[[nodiscard]] Result<std::unique_ptr<SlideMemory>> openWorkspaceMemory(const std::filesystem::path& file);

} // namespace spotglass
