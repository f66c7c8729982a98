#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace spotglass {

/// A failure of SQLite, told apart by what can be done about it.
struct SqliteFault {
    Error error;          ///< kind Device unless said otherwise
    bool damaged = false; ///< the file itself is broken, so trying again does not help
};
template <typename T> using SqliteResult = tl::expected<T, SqliteFault>;

/// One connection to an SQLite file: waits up to five seconds for others that write. One owner thread at a
/// time; every function blocks on disk. Statements must not outlive it.
class SqliteFile {
  public:
    /// Opens the file, or makes an empty one; the folder must exist.
    [[nodiscard]] static SqliteResult<SqliteFile> open(const std::filesystem::path& path);

    /// One statement, run once, or again after reset(). Owned by the caller.
    class Statement {
      public:
        Statement& bind(std::string_view text); ///< the next parameter; copied
        Statement& bind(double value);
        Statement& bind(std::int64_t value);
        Statement& bindBytes(std::string_view bytes); ///< as a blob; copied
        Statement& bindView(std::string_view bytes);  ///< as a blob; not copied: must live until reset()

        /// Makes the statement new again, and lets go of what it read: one that waits in the middle of its
        /// rows keeps others from tidying the file.
        Statement& reset();

        /// The next row; false after the last one.
        [[nodiscard]] SqliteResult<bool> step();
        [[nodiscard]] std::string text(int column) const;       ///< or bytes of a blob; empty for NULL
        [[nodiscard]] std::string_view bytes(int column) const; ///< until the next step() or reset()
        [[nodiscard]] double real(int column) const;            ///< 0 for NULL
        [[nodiscard]] std::int64_t integer(int column) const;
        [[nodiscard]] bool isNull(int column) const;

      private:
        friend class SqliteFile;
        using Handle = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;
        Statement(const SqliteFile& file, Handle handle) : file_(&file), handle_(std::move(handle)) {}
        const SqliteFile* file_;
        Handle handle_;
        int bound_ = 0;
    };

    [[nodiscard]] SqliteResult<Statement> prepare(const char* sql) const;

    /// Runs statements that give no rows.
    [[nodiscard]] SqliteResult<void> execute(const char* sql) const;

    /// The single number that `sql` gives.
    [[nodiscard]] SqliteResult<std::int64_t> number(const char* sql) const;

    /// Runs `work` in a transaction that others see whole or not at all; an error undoes it.
    [[nodiscard]] SqliteResult<void> transaction(const std::function<SqliteResult<void>()>& work) const;

    [[nodiscard]] bool isReadOnly() const;

    /// Whether the file was removed, renamed or replaced since it was opened: what is written now is lost.
    [[nodiscard]] bool hasMoved() const;

  private:
    using Handle = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
    SqliteFile(std::string name, Handle handle) : name_(std::move(name)), handle_(std::move(handle)) {}
    [[nodiscard]] SqliteFault fault(int code) const;

    std::string name_; ///< for messages
    Handle handle_;
};

} // namespace spotglass
