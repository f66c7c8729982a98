#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace spotglass {

/// One file in a zip archive.
struct ZipEntry {
    std::uint64_t header = 0; ///< where its local header starts, bytes from the start of the archive
    std::uint64_t size = 0;   ///< bytes as stored
    bool stored = true;       ///< neither compressed nor encrypted, so that it can be read in place
};

/// The table of contents of a zip archive (PKWARE APPNOTE 6.3, ZIP64 included), checked against the file:
/// nothing lies outside it, overlaps, comes twice or has a name that leaves the archive's own folder.
class ZipDirectory {
  public:
    /// Reads the central directory. Blocking. BadInput (with the file's name) for a file that is no such
    /// archive.
    [[nodiscard]] static Result<ZipDirectory> read(const std::filesystem::path& file);

    [[nodiscard]] const std::map<std::string, ZipEntry>& entries() const { return entries_; }
    /// Where a stored entry's bytes begin in the file. Blocking (reads its local header). BadInput for a
    /// missing entry, a compressed one, or one that runs past the end.
    [[nodiscard]] Result<std::uint64_t> dataBegin(const std::string& name) const;

  private:
    std::filesystem::path file_;
    std::uint64_t directoryBegin_ = 0;
    std::map<std::string, ZipEntry> entries_;
};

} // namespace spotglass
