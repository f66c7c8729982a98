#pragma once

#include "viewer/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace spotglass {

/// An ICC profile (specification ICC.1) as it stands in a file.
using IccBytes = std::vector<std::uint8_t>;

/// A larger profile is an error; those of scanners have some hundred KiB.
constexpr std::size_t maxIccBytes = 16u << 20;

/// The profile that says what the colours of a slide or image file mean: tag 34675 of the largest picture of
/// a TIFF (most slide formats are TIFF), the chunk iCCP of a PNG, the APP2 segments of a JPEG, and in other
/// slides (DICOM) what OpenSlide finds from version 4 on. Nothing when the file carries none, or is of
/// another format or a TIFF that libtiff cannot open. Blocking; any thread. BadInput when the file cannot be
/// read, or its profile is damaged, incomplete or larger than maxIccBytes.
[[nodiscard]] Result<std::optional<IccBytes>> readIccProfile(const std::filesystem::path& path);

/// Whether the bytes begin as a profile does and are all there. Says nothing about the rest: ColorCorrection
/// does. Pure.
[[nodiscard]] Result<void> checkIccHeader(const IccBytes& profile);

} // namespace spotglass
