#pragma once

#include "viewer/base/Result.h"

#include <filesystem>

namespace spotglass {

/// Identifies a file by its size and bytes: all of them up to 1 MB, else its beginning, its end and samples
/// spread evenly between (under 1 MB read in all). 32 hexadecimal digits; not a cryptographic hash. Blocking.
/// BadInput when unreadable.
[[nodiscard]] Result<std::string> fileFingerprint(const std::filesystem::path& path);

} // namespace spotglass
