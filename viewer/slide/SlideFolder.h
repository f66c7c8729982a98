#pragma once

#include "viewer/base/Result.h"

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

/// Which files of a folder can be slides. Judged by names alone; no file is opened.
namespace spotglass {

/// Endings of slide files, lower case, without the dot.
inline constexpr std::array<std::string_view, 17> slideExtensions = {
    "svs", "tif", "tiff", "ndpi", "vms",  "vmu", "scn", "mrxs", "svslide",
    "bif", "czi", "dcm",  "jpg",  "jpeg", "png", "bmp", "jp2"};

/// Whether the name ends as a slide's does, in small or capital letters. Hidden files are none. Pure.
[[nodiscard]] bool canBeSlide(const std::filesystem::path& file);

/// Order in which people count: "slide 2" before "slide 10"; capitals make no difference. Pure.
[[nodiscard]] bool naturalLess(std::string_view a, std::string_view b);

/// The files of `folder` that can be slides, in natural order. DICOM files are left out, because one slide
/// is many of them. Blocking. BadInput when the folder cannot be read.
[[nodiscard]] Result<std::vector<std::filesystem::path>> slidesIn(const std::filesystem::path& folder);

/// The slide `step` files after `file` (before it where negative) in its folder; nothing at the end.
/// `file` itself need not be there any more. Blocking. BadInput when the folder cannot be read.
[[nodiscard]] Result<std::optional<std::filesystem::path>> neighbourOf(const std::filesystem::path& file,
                                                                       int step);

} // namespace spotglass
