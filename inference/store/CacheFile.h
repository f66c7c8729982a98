#pragma once

#include "inference/store/SlideCache.h"
#include "inference/store/SqliteFile.h"

#include <memory>
#include <unordered_map>

namespace spotglass {

/// The open file of one slide's cache. It holds rows of bytes, each under a key of two numbers, in named sets
/// of two kinds. Rows that were added together lie in one block with a checksum, because SQLite itself does
/// not see a flipped bit, and a wrong number must not be shown as a prediction.
///
/// Part of SlideCache: one owner thread, every function blocks on disk. A fault with `damaged` means that the
/// file should be begun anew.
class CacheFile {
  public:
    enum class Kind : std::int64_t { Features = 0, Predictions = 1 };
    using Key = FeaturePlace; ///< of a prediction {cell, 0}
    /// A set of rows of the same length.
    struct SetName {
        Kind kind;
        const std::string& name;
        std::size_t rowBytes;
    };
    struct Rows {
        std::vector<Key> keys;
        std::string bytes; ///< keys.size() rows, one after the other
        std::int64_t lastBlock = 0;
    };

    /// Opens the file, or makes it; the folder must exist. Call under a CacheFolderLock. BadInput: of a newer
    /// program, or the database of another.
    [[nodiscard]] static SqliteResult<std::unique_ptr<CacheFile>> open(const std::filesystem::path& path,
                                                                       const std::string& fingerprint);

    [[nodiscard]] const SqliteFile& sqlite() const { return file_; }

    /// A statement that is kept prepared, by the address of its text; reset when the holder lets go. One
    /// holder of a text at a time.
    struct Reset {
        void operator()(SqliteFile::Statement* statement) const { statement->reset(); }
    };
    using Held = std::unique_ptr<SqliteFile::Statement, Reset>;
    [[nodiscard]] SqliteResult<Held> statement(const char* sql);

    /// Adds rows in one transaction; keys that are there stay as they are.
    [[nodiscard]] SqliteResult<void> add(const SetName& set, std::span<const Key> keys,
                                         std::string_view rows);

    /// The rows that are there of those wanted.
    [[nodiscard]] SqliteResult<Rows> read(const SetName& set, std::span<const Key> wanted);

    /// The blocks after one, in order of arrival, until there are `enough` rows or no more.
    [[nodiscard]] SqliteResult<Rows> readAfter(const SetName& set, std::int64_t block, std::size_t enough);

    [[nodiscard]] SqliteResult<std::size_t> count(Kind kind, const std::string& set);

    /// What the content takes, wherever it lies at the moment (file or journal).
    [[nodiscard]] SqliteResult<std::uint64_t> contentBytes();

  private:
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    struct RowPlace {
        std::int64_t block = 0;
        std::size_t row = 0;
    };
    /// Where the rows of a set lie: read when first asked for, kept up with the file from then on.
    struct Index {
        std::int64_t set = 0; ///< its number in the file
        std::int64_t lastBlock = 0;
        std::unordered_map<Key, RowPlace, KeyHash> rows;
    };
    explicit CacheFile(SqliteFile file) : file_(std::move(file)) {}
    [[nodiscard]] SqliteResult<std::int64_t> numberOf(const SetName& set);
    [[nodiscard]] SqliteResult<std::int64_t> numberOrNew(const SetName& set);
    [[nodiscard]] SqliteResult<Index*> indexOf(const SetName& set, std::int64_t number);
    [[nodiscard]] SqliteResult<void> addBlock(std::int64_t set, std::span<const Key> keys,
                                              std::string_view rows);

    SqliteFile file_;
    std::unordered_map<const char*, SqliteFile::Statement> statements_; // dies before file_
    std::unordered_map<std::string, Index> indexes_[2];                 // by kind and name
};

} // namespace spotglass
