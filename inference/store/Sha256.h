#pragma once

#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace spotglass {

/// The SHA-256 of bytes (FIPS 180-4), as 64 lower-case hexadecimal digits. Any thread.
[[nodiscard]] Result<std::string> sha256OfBytes(std::string_view bytes);

/// The SHA-256 of a file as `sha256sum` prints it: 64 lower-case hexadecimal digits. Reads the file in
/// pieces, so its size does not matter. Any thread; blocks for about a second for each gigabyte on a drive
/// that is fast enough. BadInput when the file is missing or cannot be read to its end; Cancelled soon after
/// `cancel` asks.
[[nodiscard]] Result<std::string> sha256OfFile(const std::filesystem::path& path,
                                               const CancelToken& cancel = {});

} // namespace spotglass
