#pragma once

#include <cstdlib>
#include <filesystem>

/// The folder of real data beside the checkout (../shared), or an empty path where a machine does not have
/// it.
inline std::filesystem::path sharedFolder() {
    const char* set = std::getenv("SPOTGLASS_SHARED");
    const std::filesystem::path folder = set ? set : "../shared";
    return std::filesystem::is_directory(folder) ? std::filesystem::canonical(folder)
                                                 : std::filesystem::path();
}

/// Skips the running Qt Test, saying so, when `path` below the shared folder is missing; otherwise names it.
#define SPOTGLASS_NEED_SHARED(variable, relative)                                                            \
    const std::filesystem::path variable = sharedFolder() / (relative);                                      \
    if (sharedFolder().empty() || !std::filesystem::exists(variable))                                        \
    QSKIP("real data (../shared/" relative ") is not here")
