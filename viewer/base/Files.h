#pragma once

#include "viewer/base/Result.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace spotglass {

/// Reads a whole file into memory. Blocking. BadInput when missing or unreadable, or larger than `limit`
/// bytes.
[[nodiscard]] Result<std::string> readFile(const std::filesystem::path& path,
                                           std::uint64_t limit = 1ull << 30);

/// Writes `content` aside and renames it over `path`, so that a crash leaves the old file or the new one,
/// never half of one. Creates missing parent folders. Blocking. Kind Device when the disk refuses.
[[nodiscard]] Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view content);

/// As writeFileAtomically, for content that a callback writes to the path it is given (in the same folder).
[[nodiscard]] Result<void> writeAside(const std::filesystem::path& path,
                                      const std::function<Result<void>(const std::filesystem::path&)>& write);

/// Checks that a file can be written at `path` later: makes its folder, and a file beside it that goes again.
/// What is at `path` stays as it is. Device with the sentence of writeFileAtomically() when not.
[[nodiscard]] Result<void> checkWritable(const std::filesystem::path& path);

/// Checks that `path` is a readable, non-empty regular file, with the sentence a user should see when it is
/// not.
[[nodiscard]] Result<void> checkReadable(const std::filesystem::path& path);

} // namespace spotglass
