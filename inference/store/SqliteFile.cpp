#include "inference/store/SqliteFile.h"

#include <cerrno>
#include <sqlite3.h>

namespace spotglass {
namespace {

constexpr int busyMilliseconds = 5000;

} // namespace

SqliteFault SqliteFile::fault(int code) const {
    const auto device = [&](std::string what, std::string hint) {
        return SqliteFault{{ErrorKind::Device, std::move(what), name_, std::move(hint)}, false};
    };
    // A full disk is met not only where pages are written, which SQLite tells apart, but also where its
    // other files grow.
    const int systems = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
    if ((code & 0xff) == SQLITE_IOERR && (systems == ENOSPC || systems == EDQUOT)) code = SQLITE_FULL;
    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return {{ErrorKind::BadInput, "this file is damaged", name_, {}}, true};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return device("another program is writing to this file and does not finish",
                      "Close other windows of this program and try again");
    case SQLITE_FULL:
        return device("the disk is full", "Make room and try again");
    case SQLITE_CANTOPEN:
        return device("this file cannot be opened or made", "Check the permissions of the folder");
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return device("this file cannot be written", "Check its permissions and those of its folder");
    default:
        return device(std::string("this file cannot be used (") +
                          (handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code)) + ")",
                      {});
    }
}

SqliteResult<SqliteFile> SqliteFile::open(const std::filesystem::path& path) {
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.string().c_str(), &raw, flags, nullptr);
    SqliteFile file(path.string(), Handle(raw, &sqlite3_close));
    if (code != SQLITE_OK) return tl::unexpected(file.fault(code));
    sqlite3_busy_timeout(raw, busyMilliseconds);
    return file;
}

SqliteResult<SqliteFile::Statement> SqliteFile::prepare(const char* sql) const {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(handle_.get(), sql, -1, &raw, nullptr);
    if (code != SQLITE_OK) return tl::unexpected(fault(code));
    return Statement(*this, {raw, &sqlite3_finalize});
}

SqliteResult<void> SqliteFile::execute(const char* sql) const {
    const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return tl::unexpected(fault(code));
    return {};
}

SqliteResult<std::int64_t> SqliteFile::number(const char* sql) const {
    auto statement = prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    return *row ? statement->integer(0) : 0;
}

SqliteResult<void> SqliteFile::transaction(const std::function<SqliteResult<void>()>& work) const {
    // IMMEDIATE: waits for the right to write here, where waiting is possible, not at the first write.
    if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
    auto done = work();
    if (done) done = execute("COMMIT");
    if (!done && sqlite3_get_autocommit(handle_.get()) == 0)
        sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return done;
}

bool SqliteFile::isReadOnly() const {
    return sqlite3_db_readonly(handle_.get(), "main") == 1;
}

bool SqliteFile::hasMoved() const {
    int moved = 0;
    const int code = sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return code == SQLITE_OK && moved != 0;
}

SqliteFile::Statement& SqliteFile::Statement::bind(std::string_view text) {
    sqlite3_bind_text(handle_.get(), ++bound_, text.data() ? text.data() : "", static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
}

SqliteFile::Statement& SqliteFile::Statement::bind(double value) {
    sqlite3_bind_double(handle_.get(), ++bound_, value);
    return *this;
}

SqliteFile::Statement& SqliteFile::Statement::bind(std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), ++bound_, value);
    return *this;
}

SqliteFile::Statement& SqliteFile::Statement::bindBytes(std::string_view bytes) {
    sqlite3_bind_blob(handle_.get(), ++bound_, bytes.data() ? bytes.data() : "",
                      static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
    return *this;
}

SqliteFile::Statement& SqliteFile::Statement::bindView(std::string_view bytes) {
    sqlite3_bind_blob(handle_.get(), ++bound_, bytes.data() ? bytes.data() : "",
                      static_cast<int>(bytes.size()), SQLITE_STATIC);
    return *this;
}

SqliteFile::Statement& SqliteFile::Statement::reset() {
    sqlite3_reset(handle_.get()); // repeats the error of the last step, which was told then
    sqlite3_clear_bindings(handle_.get());
    bound_ = 0;
    return *this;
}

SqliteResult<bool> SqliteFile::Statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return tl::unexpected(file_->fault(code));
}

std::string SqliteFile::Statement::text(int column) const {
    const auto* bytes = sqlite3_column_text(handle_.get(), column);
    if (!bytes) return {};
    const auto length = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
    return {reinterpret_cast<const char*>(bytes), length};
}

std::string_view SqliteFile::Statement::bytes(int column) const {
    const void* bytes = sqlite3_column_blob(handle_.get(), column);
    if (!bytes) return {};
    return {static_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

double SqliteFile::Statement::real(int column) const {
    return sqlite3_column_double(handle_.get(), column);
}

std::int64_t SqliteFile::Statement::integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
}

bool SqliteFile::Statement::isNull(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

} // namespace spotglass
