#pragma once

#include "inference/store/SqliteFile.h"

#include <cstdint>
#include <filesystem>
#include <string>

/// The files of slide caches in their folder: names, sizes, and which of them go. All functions block on
/// disk; any thread. Part of SlideCache; nothing else needs it.
namespace spotglass {

/// "SPGC": tells our files from those of other programs.
constexpr std::int64_t cacheApplicationId = 0x53504743;
constexpr std::int64_t cacheSchemaVersion = 1;

/// The file of a slide's cache. A fingerprint may hold anything, the name is safe on every system.
[[nodiscard]] Result<std::filesystem::path> cachePath(const std::filesystem::path& folder,
                                                      const std::string& fingerprint);

/// The bytes of a cache on disk with its journals; 0 when it is gone.
[[nodiscard]] std::uint64_t cacheBytes(const std::filesystem::path& path);

/// Removes a cache with its journals. Kind Device when the folder refuses.
[[nodiscard]] Result<void> removeCache(const std::filesystem::path& path);

/// Whoever holds this is the only one, in all programs, that opens or removes files of the folder. Without it
/// a cache could be opened between its removal and that of its journal, and a new file would get the journal
/// of an old one. Waits up to five seconds for another; let go at the end of the object.
class CacheFolderLock {
  public:
    [[nodiscard]] static SqliteResult<CacheFolderLock> take(const std::filesystem::path& folder);

  private:
    explicit CacheFolderLock(SqliteFile file) : file_(std::move(file)) {}
    SqliteFile file_; ///< empty; only its lock is used, which the system takes back from a killed program
};

/// Removes caches other than `own`, those used longest ago first, until the rest of them takes `bytes` at
/// most; those that are open somewhere stay. Gives what the rest takes. Never fails: what cannot be removed
/// stays.
[[nodiscard]] std::uint64_t keepOthersBelow(const std::filesystem::path& folder,
                                            const std::filesystem::path& own, std::uint64_t bytes);

} // namespace spotglass
