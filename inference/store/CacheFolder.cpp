#include "inference/store/CacheFolder.h"

#include "inference/store/Sha256.h"
#include "inference/store/SlideCache.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view extension = ".spotcache";
constexpr std::array<std::string_view, 3> journals = {"-wal", "-shm", "-journal"};

fs::path journalOf(const fs::path& path, std::string_view journal) {
    return path.string() + std::string(journal);
}

struct CacheEntry {
    fs::path path;
    std::uint64_t bytes = 0;
    fs::file_time_type lastUse;
};

/// The time stamp of the file or, while it is written to, of its journal.
fs::file_time_type lastUseOf(const fs::path& path) {
    std::error_code ec;
    const auto time = fs::last_write_time(path, ec);
    std::error_code none;
    const auto journal = fs::last_write_time(journalOf(path, journals[0]), none);
    if (ec) return fs::file_time_type::min();
    return none ? time : std::max(time, journal);
}

/// Names of files in the folder; of a folder that is not there, none.
Result<std::vector<fs::path>> filesIn(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code ec;
    if (!fs::exists(folder, ec)) return files;
    for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec))
        files.push_back(it->path());
    if (ec)
        return fail(ErrorKind::Device, "this folder cannot be read (" + ec.message() + ")", folder.string(),
                    "Check its permissions");
    return files;
}

Result<std::vector<CacheEntry>> cachesIn(const fs::path& folder) {
    auto files = filesIn(folder);
    if (!files) return Failure(files.error());
    std::vector<CacheEntry> caches;
    std::error_code ec;
    for (const auto& file : *files)
        if (file.extension() == extension && fs::is_regular_file(file, ec))
            caches.push_back({file, cacheBytes(file), lastUseOf(file)});
    return caches;
}

/// Journals whose cache is gone, because a program was killed while it removed them. Call under the lock.
void removeStrayJournals(const fs::path& folder) {
    const auto files = filesIn(folder);
    if (!files) return;
    std::error_code ec;
    for (const auto& file : *files)
        for (const auto journal : journals) {
            const auto name = file.string();
            if (!name.ends_with(std::string(extension) + std::string(journal))) continue;
            if (!fs::exists(name.substr(0, name.size() - journal.size()), ec)) fs::remove(file, ec);
        }
}

enum class Removal { Done, InUse, NotOurs };

/// Removes the cache unless it is open somewhere, in this program or another. Call under the lock.
Removal removeUnused(const fs::path& path, bool alsoNewer) {
    auto file = SqliteFile::open(path);
    if (!file) return Removal::NotOurs;
    // In WAL mode every connection holds a lock on the file for as long as it is open; an exclusive one is to
    // be had only when there is no other.
    auto locked = file->execute("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    if (!locked && !locked.error().damaged) return Removal::InUse;
    if (locked) {
        const auto id = file->number("PRAGMA application_id");
        const auto version = file->number("PRAGMA user_version");
        const bool empty = id && *id == 0 && file->number("SELECT count(*) FROM sqlite_master") == 0;
        if (!id || !version || (*id != cacheApplicationId && !empty)) return Removal::NotOurs;
        if (*version > cacheSchemaVersion && !alsoNewer) return Removal::NotOurs;
    }
    return removeCache(path) ? Removal::Done : Removal::InUse; // and only then is the lock let go
}

/// Empties a cache that is open somewhere. Objects that have it open find their sets gone, and go on.
SqliteResult<void> emptyInUse(const fs::path& path) {
    auto file = SqliteFile::open(path);
    if (!file) return tl::unexpected(file.error());
    const auto version = file->number("PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    if (*version != cacheSchemaVersion) return {};
    auto emptied = file->transaction(
        [&] { return file->execute("DELETE FROM blocks; DELETE FROM sets; DELETE FROM runs"); });
    // Gives the room back; while others read, that happens when the file is used next.
    if (emptied) (void)file->execute("VACUUM; PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    return emptied;
}

} // namespace

Result<fs::path> cachePath(const fs::path& folder, const std::string& fingerprint) {
    const auto sum = sha256OfBytes(fingerprint);
    if (!sum) return Failure(sum.error());
    return folder / (sum->substr(0, 32) + std::string(extension));
}

std::uint64_t cacheBytes(const fs::path& path) {
    std::error_code ec;
    std::uint64_t bytes = 0;
    const auto add = [&](const fs::path& file) {
        const auto size = fs::file_size(file, ec);
        if (!ec) bytes += size;
    };
    add(path);
    for (const auto journal : journals)
        add(journalOf(path, journal));
    return bytes;
}

Result<void> removeCache(const fs::path& path) {
    // The file first: without its journal it could be half written; a journal without its file is nothing.
    std::error_code ec;
    fs::remove(path, ec);
    if (ec)
        return fail(ErrorKind::Device, "this file cannot be removed (" + ec.message() + ")", path.string(),
                    "Check the permissions of the folder");
    for (const auto journal : journals)
        fs::remove(journalOf(path, journal), ec);
    return {};
}

SqliteResult<CacheFolderLock> CacheFolderLock::take(const fs::path& folder) {
    auto file = SqliteFile::open(folder / "in-use.lock");
    if (!file) return tl::unexpected(file.error());
    if (auto ok = file->execute("BEGIN IMMEDIATE"); !ok) return tl::unexpected(ok.error());
    return CacheFolderLock(std::move(*file));
}

std::uint64_t keepOthersBelow(const fs::path& folder, const fs::path& own, std::uint64_t bytes) {
    auto caches = cachesIn(folder);
    if (!caches) return 0;
    std::erase_if(*caches, [&](const CacheEntry& c) { return c.path.filename() == own.filename(); });
    std::uint64_t sum = 0;
    for (const auto& cache : *caches)
        sum += cache.bytes;
    if (sum <= bytes) return sum;
    const auto lock = CacheFolderLock::take(folder);
    if (!lock) return sum;
    removeStrayJournals(folder);
    std::sort(caches->begin(), caches->end(),
              [](const CacheEntry& a, const CacheEntry& b) { return a.lastUse < b.lastUse; });
    for (const auto& cache : *caches) {
        if (sum <= bytes) break;
        if (removeUnused(cache.path, false) == Removal::Done) sum -= cache.bytes;
    }
    return sum;
}

Result<CacheUse> cacheUse(const fs::path& folder) {
    const auto caches = cachesIn(folder);
    if (!caches) return Failure(caches.error());
    CacheUse use;
    for (const auto& cache : *caches)
        use.bytes += cache.bytes;
    use.slides = caches->size();
    return use;
}

Result<void> clearCache(const fs::path& folder) {
    const auto caches = cachesIn(folder);
    if (!caches) return Failure(caches.error());
    if (caches->empty()) return {};
    const auto lock = CacheFolderLock::take(folder);
    if (!lock) return Failure(lock.error().error);
    removeStrayJournals(folder);
    for (const auto& cache : *caches) {
        if (removeUnused(cache.path, true) != Removal::InUse) continue;
        std::error_code ec;
        if (!fs::exists(cache.path, ec)) continue;
        if (auto emptied = emptyInUse(cache.path); !emptied) return Failure(emptied.error().error);
    }
    return {};
}

} // namespace spotglass
