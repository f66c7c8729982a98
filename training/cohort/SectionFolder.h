#pragma once

#include "viewer/base/Result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace spotglass {

/// Whether a section's name comes before another's, digits by value: C2 before C10.
[[nodiscard]] bool sectionNameBefore(const std::string& a, const std::string& b);

/// Whether a file's name ends as those of images and whole slides do (.svs, .tif, .jpg, .png, ...).
[[nodiscard]] bool hasImageName(const std::filesystem::path& file);

/// The image files that lie in a folder itself, sorted. Blocking; empty when there is no such folder.
[[nodiscard]] std::vector<std::filesystem::path> imagesIn(const std::filesystem::path& folder);

/// The folders in a folder, sorted by name, hidden ones left out. Blocking.
[[nodiscard]] std::vector<std::filesystem::path> foldersIn(const std::filesystem::path& folder);

/// The last name of a path that may end in a slash or a dot.
[[nodiscard]] std::string lastName(const std::filesystem::path& path);

/// Leading letters of a section's name ("C" of "C2", "BC23209" has "BC"); the whole name when it starts
/// otherwise.
[[nodiscard]] std::string patientOf(const std::string& sectionName);

} // namespace spotglass
