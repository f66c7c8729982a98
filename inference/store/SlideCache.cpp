#include "inference/store/SlideCache.h"

#include "inference/store/CacheFile.h"
#include "inference/store/CacheFolder.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <system_error>
#include <type_traits>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t rowsHandedOver = 1000;
constexpr const char* limitReached = "the cache of this slide has reached the size that it may have";

tl::unexpected<SqliteFault> misuse(std::string what, const std::string& set) {
    return tl::unexpected(SqliteFault{{ErrorKind::Usage, std::move(what), set, {}}, false});
}

SqliteResult<void> finish(SqliteFile::Statement& statement) {
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

template <typename T> std::string_view bytesOf(std::span<const T> numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

template <typename T> std::vector<T> numbersOf(const std::string& bytes) {
    std::vector<T> numbers(bytes.size() / sizeof(T));
    if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
    return numbers;
}

} // namespace

class SlideCache::Impl {
  public:
    using Kind = CacheFile::Kind;
    Impl(SlideCacheSettings settings, std::string fingerprint, fs::path path)
        : settings_(std::move(settings)), fingerprint_(std::move(fingerprint)), path_(std::move(path)) {}
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] SqliteResult<void> open(bool discard);
    [[nodiscard]] SqliteResult<void> admit(Kind kind, std::size_t bytes);

    /// Runs `work` on the open file. When the file turns out to be damaged or gone, on a new one.
    template <typename Work> auto guarded(const Work& work) {
        using Value = typename std::invoke_result_t<Work, CacheFile&>::value_type;
        SqliteResult<Value> result;
        for (int attempt = 0; attempt < 2; ++attempt) {
            const bool discard = attempt > 0;
            if (!file_ || discard || file_->sqlite().hasMoved())
                if (auto opened = open(discard); !opened) return Result<Value>(Failure(opened.error().error));
            result = work(*file_);
            if (result || !result.error().damaged) break;
        }
        if (!result) return Result<Value>(Failure(result.error().error));
        if constexpr (std::is_void_v<Value>)
            return Result<Value>();
        else
            return Result<Value>(std::move(*result));
    }

    [[nodiscard]] Result<void> add(const CacheFile::SetName& set, std::span<const CacheFile::Key> keys,
                                   std::string_view rows) {
        return guarded([&](CacheFile& file) -> SqliteResult<void> {
            if (rows.size() != keys.size() * set.rowBytes || set.rowBytes == 0)
                return misuse("rows and places for the cache do not fit each other", set.name);
            if (keys.empty()) return {};
            if (auto ok = admit(set.kind, rows.size() + bytesOf(keys).size()); !ok) return ok;
            return file.add(set, keys, rows);
        });
    }

    const fs::path& path() const { return path_; }
    std::vector<std::string> warnings;

  private:
    void touch() const {
        std::error_code ec;
        fs::last_write_time(path_, fs::file_time_type::clock::now(), ec);
    }

    SlideCacheSettings settings_;
    std::string fingerprint_;
    fs::path path_;
    std::unique_ptr<CacheFile> file_; ///< empty when it could not be opened again
    std::uint64_t otherBytes_ = 0;    ///< of the other slides, when last looked at
    std::uint64_t nextLook_ = 0;      ///< size of this file at which they are looked at again
};

SlideCache::Impl::~Impl() {
    const bool there = file_ && !file_->sqlite().hasMoved();
    file_.reset();
    if (there) touch();
}

/// `discard`: what is open is damaged.
SqliteResult<void> SlideCache::Impl::open(bool discard) {
    std::error_code ec;
    fs::create_directories(settings_.folder, ec);
    if (ec)
        return tl::unexpected(
            SqliteFault{{ErrorKind::Device, "the folder for the cache cannot be made (" + ec.message() + ")",
                         settings_.folder.string(), "Check the permissions of the folder above it"},
                        false});
    const auto lock = CacheFolderLock::take(settings_.folder);
    if (!lock) return tl::unexpected(lock.error());
    // Another object may have begun it anew already: what has moved is not what lies there now.
    bool remove = discard && file_ && !file_->sqlite().hasMoved();
    file_.reset();
    nextLook_ = 0;
    for (;;) {
        if (remove) {
            if (auto removed = removeCache(path_); !removed)
                return tl::unexpected(SqliteFault{removed.error(), false});
            warnings.push_back(path_.string() + ": this slide's cache was damaged and has been begun anew; "
                                                "what was in it is computed again.");
        }
        auto file = CacheFile::open(path_, fingerprint_);
        if (file) {
            file_ = std::move(*file);
            touch();
            return {};
        }
        if (!file.error().damaged || remove) return tl::unexpected(file.error());
        remove = true;
    }
}

SqliteResult<void> SlideCache::Impl::admit(Kind kind, std::size_t bytes) {
    const auto own = file_->contentBytes();
    if (!own) return tl::unexpected(own.error());
    const auto most = settings_.maxBytes;
    const auto limit = kind == Kind::Features ? most - most / 8 : most;
    if (*own + bytes > limit)
        return tl::unexpected(SqliteFault{
            {ErrorKind::Device, limitReached, path_.string(), "Allow the cache more room, or clear it"},
            false});
    // The others are looked at now and then; the margin left is more than what is added until then.
    if (nextLook_ != 0 && *own + bytes < nextLook_) return {};
    const auto taken = *own + bytes + most / 32;
    otherBytes_ = keepOthersBelow(settings_.folder, path_, taken < most ? most - taken : 0);
    nextLook_ = *own + bytes + most / 64;
    return {};
}

SlideCache::SlideCache(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SlideCache::~SlideCache() = default;

Result<std::unique_ptr<SlideCache>> SlideCache::open(const SlideCacheSettings& settings,
                                                     const std::string& fingerprint) {
    if (fingerprint.empty()) return fail(ErrorKind::Usage, "a slide without a fingerprint has no cache");
    auto path = cachePath(settings.folder, fingerprint);
    if (!path) return Failure(path.error());
    auto impl = std::make_unique<Impl>(settings, fingerprint, std::move(*path));
    if (auto opened = impl->open(false); !opened) return Failure(opened.error().error);
    auto cache = std::unique_ptr<SlideCache>(new SlideCache(std::move(impl)));
    // Makes room now, whatever this slide will add.
    (void)cache->impl_->guarded(
        [&](CacheFile&) { return cache->impl_->admit(CacheFile::Kind::Predictions, 0); });
    return cache;
}

const std::vector<std::string>& SlideCache::warnings() const {
    return impl_->warnings;
}

bool SlideCache::isLimit(const Error& error) {
    return error.what == limitReached;
}

Result<void> SlideCache::addFeatures(const std::string& set, int width, std::span<const FeaturePlace> places,
                                     std::span<const std::uint16_t> rows) {
    const auto rowBytes = static_cast<std::size_t>(std::max(width, 0)) * sizeof(std::uint16_t);
    return impl_->add({CacheFile::Kind::Features, set, rowBytes}, places, bytesOf(rows));
}

Result<SlideCache::FeatureRows> SlideCache::features(const std::string& set, int width,
                                                     std::span<const FeaturePlace> wanted) {
    const auto rowBytes = static_cast<std::size_t>(std::max(width, 0)) * sizeof(std::uint16_t);
    auto rows = impl_->guarded([&](CacheFile& file) {
        return file.read({CacheFile::Kind::Features, set, rowBytes}, wanted);
    });
    if (!rows) return Failure(rows.error());
    return FeatureRows{std::move(rows->keys), numbersOf<std::uint16_t>(rows->bytes)};
}

Result<void> SlideCache::addPredictions(const std::string& set, std::size_t genes,
                                        std::span<const std::int64_t> cells, std::span<const float> values) {
    std::vector<FeaturePlace> keys;
    keys.reserve(cells.size());
    for (const auto cell : cells)
        keys.push_back({cell, 0});
    return impl_->add({CacheFile::Kind::Predictions, set, genes * sizeof(float)}, keys, bytesOf(values));
}

Result<std::size_t> SlideCache::predictionCount(const std::string& set) {
    return impl_->guarded([&](CacheFile& file) { return file.count(CacheFile::Kind::Predictions, set); });
}

Result<void> SlideCache::readPredictions(const std::string& set, std::size_t genes,
                                         const TakePredictions& take) {
    // Nothing is open in the file while `take` works: it may be slow, and others want to tidy the journal.
    for (std::int64_t after = 0;;) {
        auto rows = impl_->guarded([&](CacheFile& file) {
            return file.readAfter({CacheFile::Kind::Predictions, set, genes * sizeof(float)}, after,
                                  rowsHandedOver);
        });
        if (!rows) return Failure(rows.error());
        if (rows->keys.empty()) return {};
        std::vector<std::int64_t> cells;
        cells.reserve(rows->keys.size());
        for (const auto& key : rows->keys)
            cells.push_back(key.x);
        if (!take(cells, numbersOf<float>(rows->bytes))) return {};
        after = rows->lastBlock;
    }
}

Result<void> SlideCache::noteRun(const std::string& set, const std::string& description, std::size_t total) {
    static constexpr const char* sql =
        "INSERT INTO runs(name, description, total, complete, begun)"
        " VALUES(?, ?, ?, 0, (SELECT coalesce(max(begun), 0) + 1 FROM runs))"
        " ON CONFLICT(name) DO UPDATE SET description = excluded.description, total = excluded.total,"
        " complete = 0, begun = excluded.begun";
    return impl_->guarded([&](CacheFile& file) -> SqliteResult<void> {
        auto statement = file.statement(sql);
        if (!statement) return tl::unexpected(statement.error());
        (*statement)->bind(set).bind(description).bind(static_cast<std::int64_t>(total));
        return finish(**statement);
    });
}

Result<void> SlideCache::noteRunComplete(const std::string& set) {
    static constexpr const char* sql = "UPDATE runs SET complete = 1 WHERE name = ?";
    return impl_->guarded([&](CacheFile& file) -> SqliteResult<void> {
        auto statement = file.statement(sql);
        if (!statement) return tl::unexpected(statement.error());
        return finish((*statement)->bind(set));
    });
}

Result<void> SlideCache::forgetRun(const std::string& set) {
    static constexpr const char* sql = "DELETE FROM runs WHERE name = ?";
    return impl_->guarded([&](CacheFile& file) -> SqliteResult<void> {
        auto statement = file.statement(sql);
        if (!statement) return tl::unexpected(statement.error());
        return finish((*statement)->bind(set));
    });
}

Result<std::vector<SlideCache::KnownRun>> SlideCache::runs() {
    static constexpr const char* sql =
        "SELECT name, description, total, complete FROM runs ORDER BY begun DESC";
    return impl_->guarded([&](CacheFile& file) -> SqliteResult<std::vector<KnownRun>> {
        std::vector<KnownRun> runs;
        auto statement = file.statement(sql);
        if (!statement) return tl::unexpected(statement.error());
        for (;;) {
            const auto row = (*statement)->step();
            if (!row) return tl::unexpected(row.error());
            if (!*row) return runs;
            const auto set = (*statement)->text(0);
            const auto done = file.count(CacheFile::Kind::Predictions, set);
            if (!done) return tl::unexpected(done.error());
            runs.push_back({set, (*statement)->text(1), *done,
                            static_cast<std::size_t>((*statement)->integer(2)),
                            (*statement)->integer(3) != 0});
        }
    });
}

std::uint64_t SlideCache::bytesOnDisk() const {
    return cacheBytes(impl_->path());
}

} // namespace spotglass
