#pragma once

#include "viewer/slide/IccProfile.h"

/// ICC profiles made for the tests, and files that carry them. Everything here asserts by exception.
namespace spotglass::testing {

/// Monitors: sRGB, and one whose primaries and gamma 1.8 are far from it.
[[nodiscard]] IccBytes srgbProfile();
[[nodiscard]] IccBytes wideProfile();
/// A scanner whose colours are a table of Lab values, as vendors make them by measuring a target.
[[nodiscard]] IccBytes tableProfile();
/// Profiles that do not fit RGB pictures.
[[nodiscard]] IccBytes greyProfile();
[[nodiscard]] IccBytes inkProfile();
[[nodiscard]] IccBytes labProfile();
[[nodiscard]] IccBytes linkProfile();
/// `size` bytes that begin as a profile and are none.
[[nodiscard]] IccBytes madeUpProfile(std::size_t size);

/// A small TIFF; `mode` as TIFFOpen has it ("w", "wb" big-endian, "w8" BigTIFF). The first picture is a
/// thumbnail with `ofThumbnail`, the second, larger one has `profile`; an empty one is left out.
void writeTiffWithProfile(const std::filesystem::path& path, const char* mode, const IccBytes& profile,
                          const IccBytes& ofThumbnail = {});
/// The content of an iCCP chunk.
[[nodiscard]] std::string packedProfile(const IccBytes& profile);
/// A small PNG with an iCCP chunk of that content.
void writePngWithChunk(const std::filesystem::path& path, const std::string& content);
/// The content of an APP2 segment: a part of a profile.
[[nodiscard]] std::string profilePart(int number, int count, const IccBytes& part);
/// A small JPEG with APP2 segments of that content.
void writeJpegWithSegments(const std::filesystem::path& path, const std::vector<std::string>& contents);

} // namespace spotglass::testing
