#pragma once

#include <cstddef>
#include <filesystem>

namespace spotglass {

/// Whether the global heaps of an HDF5 file, where its texts of variable length lie, can be walked from end
/// to end (HDF5 File Format Specification 3.0, section III.E). HDF5 1.10 walks a damaged one for ever. Reads
/// the whole file once (blocking). `lengthBytes`: the file's "size of lengths". True as well when there are
/// none.
[[nodiscard]] bool globalHeapsAreSound(const std::filesystem::path& file, std::size_t lengthBytes);

} // namespace spotglass
