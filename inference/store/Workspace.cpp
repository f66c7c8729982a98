#include "inference/store/Workspace.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <limits>
#include <system_error>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

/// "SPGL": tells our files from those of other programs.
constexpr std::int64_t applicationId = 0x5350474C;

/// Step i brings a file of version i to version i + 1. Steps that were released are never changed.
constexpr std::array<const char*, Workspace::schemaVersion> migrations = {
    "CREATE TABLE slides(fingerprint TEXT PRIMARY KEY, path TEXT, name TEXT, mpp_x REAL, mpp_y REAL,"
    " mpp_source TEXT, last_opened INTEGER);"
    "CREATE INDEX slides_last_opened ON slides(last_opened);"
    "PRAGMA application_id = 1397770060; PRAGMA user_version = 1;",
    "CREATE TABLE IF NOT EXISTS models(path TEXT PRIMARY KEY, name TEXT, last_used INTEGER); PRAGMA "
    "user_version = 2;",
    "ALTER TABLE slides ADD COLUMN picture BLOB;"
    "CREATE TABLE bookmarks(id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, name TEXT, center_x REAL,"
    " center_y REAL, scale REAL, rotation REAL, mirrored INTEGER, picture BLOB);"
    "CREATE INDEX bookmarks_fingerprint ON bookmarks(fingerprint);"
    "PRAGMA user_version = 3;",
    "CREATE TABLE encoders(name TEXT PRIMARY KEY, weights TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, spec TEXT NOT NULL, trusted INTEGER NOT NULL);"
    "CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "PRAGMA user_version = 4;",
    "CREATE TABLE jobs(id TEXT PRIMARY KEY, place INTEGER NOT NULL, state TEXT NOT NULL,"
    " request TEXT NOT NULL, record TEXT NOT NULL);"
    "CREATE TABLE library(file TEXT PRIMARY KEY, sha256 TEXT NOT NULL, added INTEGER NOT NULL,"
    " name TEXT NOT NULL, note TEXT NOT NULL, licence TEXT NOT NULL);"
    "PRAGMA user_version = 5;"};
static_assert(applicationId == 1397770060);

SqliteFault refusal(const fs::path& path, std::string what, std::string hint) {
    return {{ErrorKind::BadInput, std::move(what), path.string(), std::move(hint)}, false};
}

/// Refuses files of other programs and of later versions of this one, before anything is written to them.
SqliteResult<void> checkOrigin(const SqliteFile& file, const fs::path& path) {
    // Tables first: another window may be making this file just now, and writes tables and id in one
    // transaction. Then tables that are seen have their id, while an id read first could be the one from
    // before.
    const auto tables = file.number("SELECT count(*) FROM sqlite_master");
    if (!tables) return tl::unexpected(tables.error());
    const auto id = file.number("PRAGMA application_id");
    if (!id) return tl::unexpected(id.error());
    if (*id != applicationId && (*id != 0 || *tables != 0))
        return tl::unexpected(refusal(path, "this is the database of another program",
                                      "Choose another file for the workspace"));
    const auto version = file.number("PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    if (*version > Workspace::schemaVersion)
        return tl::unexpected(refusal(path,
                                      "this workspace was written by a newer version of the program (form " +
                                          std::to_string(*version) + ", this program knows up to " +
                                          std::to_string(Workspace::schemaVersion) + ")",
                                      "Install the newer version, or choose another file for the workspace"));
    return {};
}

SqliteResult<void> checkHealth(const SqliteFile& file, const fs::path& path) {
    auto check = file.prepare("PRAGMA quick_check(1)");
    if (!check) return tl::unexpected(check.error());
    const auto row = check->step();
    if (!row) return tl::unexpected(row.error());
    if (*row && check->text(0) == "ok") return {};
    return tl::unexpected(
        SqliteFault{{ErrorKind::BadInput, "this file is damaged", path.string(), {}}, true});
}

SqliteResult<void> migrate(const SqliteFile& file) {
    return file.transaction([&]() -> SqliteResult<void> {
        // Inside the transaction: another program may have migrated the file a moment ago.
        const auto version = file.number("PRAGMA user_version");
        if (!version) return tl::unexpected(version.error());
        for (auto step = static_cast<std::size_t>(*version); step < migrations.size(); ++step)
            if (auto done = file.execute(migrations[step]); !done) return done;
        return {};
    });
}

/// A file of ours whose tables are not there was broken by somebody; nothing can be kept in it.
SqliteResult<void> checkTables(const SqliteFile& file, const fs::path& path) {
    const auto columns = file.number(
        "SELECT (SELECT count(*) FROM pragma_table_info('slides') WHERE name IN ('fingerprint', 'path', "
        "'name',"
        " 'mpp_x', 'mpp_y', 'mpp_source', 'last_opened', 'picture'))"
        " + (SELECT count(*) FROM pragma_table_info('models') WHERE name IN ('path', 'name', 'last_used'))"
        " + (SELECT count(*) FROM pragma_table_info('bookmarks') WHERE name IN ('id', 'fingerprint', 'name',"
        " 'center_x', 'center_y', 'scale', 'rotation', 'mirrored', 'picture'))"
        " + (SELECT count(*) FROM pragma_table_info('encoders') WHERE name IN ('name', 'weights', 'sha256',"
        " 'bytes', 'modified_ns', 'spec', 'trusted'))"
        " + (SELECT count(*) FROM pragma_table_info('settings') WHERE name IN ('key', 'value'))"
        " + (SELECT count(*) FROM pragma_table_info('jobs') WHERE name IN ('id', 'place', 'state', 'request',"
        " 'record'))"
        " + (SELECT count(*) FROM pragma_table_info('library') WHERE name IN ('file', 'sha256', 'added', "
        "'name',"
        " 'note', 'licence'))");
    if (!columns) return tl::unexpected(columns.error());
    if (*columns == 40) return {};
    return tl::unexpected(SqliteFault{{ErrorKind::BadInput, "tables are missing", path.string(), {}}, true});
}

SqliteResult<SqliteFile> openChecked(const fs::path& path) {
    auto file = SqliteFile::open(path);
    if (!file) return file;
    if (auto ok = checkOrigin(*file, path); !ok) return tl::unexpected(ok.error());
    if (auto ok = checkHealth(*file, path); !ok) return tl::unexpected(ok.error());
    if (file->isReadOnly())
        return tl::unexpected(SqliteFault{{ErrorKind::Device, "this file cannot be written", path.string(),
                                           "Check its permissions and those of its folder"},
                                          false});
    // A file system without shared memory keeps the older journal, which is safe too, only slower.
    (void)file->execute("PRAGMA journal_mode = WAL");
    if (auto ok = file->execute("PRAGMA synchronous = FULL"); !ok) return tl::unexpected(ok.error());
    const auto version = file->number("PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    if (*version < Workspace::schemaVersion)
        if (auto ok = migrate(*file); !ok) return tl::unexpected(ok.error());
    if (auto ok = checkTables(*file, path); !ok) return tl::unexpected(ok.error());
    return file;
}

/// Whether a broken file was a workspace: guards a slide that was named as one by mistake.
bool looksLikeWorkspace(const fs::path& path) {
    constexpr std::string_view magic = "SQLite format 3";
    std::string head(magic.size(), '\0');
    std::ifstream(path, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
    return head == magic || path.extension() == ".sqlite";
}

/// Renames a damaged file and its journals, so that they can still be rescued. Gives the new name.
Result<fs::path> setAside(const fs::path& path) {
    std::error_code ec;
    fs::path aside;
    for (int n = 1; aside.empty() || fs::exists(aside, ec); ++n)
        aside = path.string() + ".damaged-" + std::to_string(n);
    fs::rename(path, aside, ec);
    if (ec)
        return fail(ErrorKind::Device, "this file is damaged and cannot be set aside (" + ec.message() + ")",
                    path.string(), "Check the permissions of the folder");
    for (const char* journal : {"-wal", "-shm", "-journal"})
        if (fs::exists(path.string() + journal, ec))
            fs::rename(path.string() + journal, aside.string() + journal, ec);
    return aside;
}

/// Milliseconds since 1970, but later than all others in the table even when the clock was set back.
constexpr const char* nextTimeOfSlides = "SELECT coalesce(max(last_opened), 0) + 1 FROM slides";
constexpr const char* nextTimeOfModels = "SELECT coalesce(max(last_used), 0) + 1 FROM models";

SqliteResult<std::int64_t> timestamp(const SqliteFile& file, const char* nextTime) {
    const auto next = file.number(nextTime);
    if (!next) return next;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::max<std::int64_t>(*next, std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// Runs a prepared statement that gives no rows.
SqliteResult<void> finish(SqliteFile::Statement& statement) {
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

template <typename T> Result<T> surfaced(SqliteResult<T> result) {
    if (!result) return Failure(std::move(result.error().error));
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

std::int64_t limitOf(std::size_t count) {
    return static_cast<std::int64_t>(std::min<std::size_t>(count, std::numeric_limits<int>::max()));
}

Failure noFingerprint() {
    return fail(ErrorKind::Usage, "a slide without a fingerprint cannot be remembered");
}

} // namespace

Result<Workspace> Workspace::open(const fs::path& path) {
    std::error_code ec;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), ec);
    if (ec)
        return fail(ErrorKind::Device, "the folder for this file cannot be made (" + ec.message() + ")",
                    path.string(), "Check the permissions of the folder");
    auto file = openChecked(path);
    std::vector<std::string> warnings;
    if (!file && file.error().damaged && looksLikeWorkspace(path)) {
        auto aside = setAside(path);
        if (!aside) return Failure(aside.error());
        warnings.push_back(path.string() + ": this file was damaged. It was renamed to " +
                           aside->filename().string() +
                           " and a new one was made; recent slides and the scales given by hand are lost.");
        file = openChecked(path);
    }
    if (!file) return Failure(file.error().error);
    Workspace workspace(std::move(*file));
    workspace.warnings_ = std::move(warnings);
    return workspace;
}

Result<void> Workspace::rememberScale(const std::string& fingerprint, MicronsPerPixel scale,
                                      std::string_view source) {
    if (fingerprint.empty()) return noFingerprint();
    if (!scale.isValid())
        return fail(ErrorKind::Usage, "micrometres per pixel must be numbers above zero", fingerprint);
    auto statement = file_.prepare(
        "INSERT INTO slides(fingerprint, mpp_x, mpp_y, mpp_source) VALUES(?, ?, ?, ?)"
        " ON CONFLICT(fingerprint) DO UPDATE SET mpp_x = excluded.mpp_x, mpp_y = excluded.mpp_y,"
        " mpp_source = excluded.mpp_source");
    if (!statement) return Failure(statement.error().error);
    statement->bind(fingerprint).bind(scale.x).bind(scale.y).bind(source);
    return surfaced(finish(*statement));
}

Result<std::optional<KnownScale>> Workspace::scale(const std::string& fingerprint) {
    auto statement = file_.prepare("SELECT mpp_x, mpp_y, mpp_source FROM slides WHERE fingerprint = ?");
    if (!statement) return Failure(statement.error().error);
    const auto row = statement->bind(fingerprint).step();
    if (!row) return Failure(row.error().error);
    if (!*row) return std::nullopt;
    const KnownScale known{{statement->real(0), statement->real(1)}, statement->text(2)};
    return known.micronsPerPixel.isValid() ? std::optional(known) : std::nullopt;
}

Result<void> Workspace::noteOpened(const std::string& fingerprint, const fs::path& path,
                                   const std::string& name) {
    if (fingerprint.empty()) return noFingerprint();
    return surfaced<void>(file_.transaction([&]() -> SqliteResult<void> {
        const auto time = timestamp(file_, nextTimeOfSlides);
        if (!time) return tl::unexpected(time.error());
        auto former =
            file_.prepare("UPDATE slides SET last_opened = NULL WHERE path = ? AND fingerprint <> ?");
        if (!former) return tl::unexpected(former.error());
        former->bind(path.string()).bind(fingerprint);
        if (auto done = finish(*former); !done) return done;
        auto statement = file_.prepare(
            "INSERT INTO slides(fingerprint, path, name, last_opened) VALUES(?, ?, ?, ?)"
            " ON CONFLICT(fingerprint) DO UPDATE SET path = excluded.path, name = excluded.name,"
            " last_opened = excluded.last_opened");
        if (!statement) return tl::unexpected(statement.error());
        statement->bind(fingerprint).bind(path.string()).bind(name).bind(*time);
        return finish(*statement);
    }));
}

Result<std::vector<KnownSlide>> Workspace::recentSlides(std::size_t count) {
    auto statement =
        file_.prepare("SELECT fingerprint, path, name, picture FROM slides WHERE last_opened IS NOT NULL"
                      " ORDER BY last_opened DESC LIMIT ?");
    if (!statement) return Failure(statement.error().error);
    statement->bind(limitOf(count));
    std::vector<KnownSlide> slides;
    for (;;) {
        const auto row = statement->step();
        if (!row) return Failure(row.error().error);
        if (!*row) return slides;
        slides.push_back({statement->text(0), statement->text(1), statement->text(2), statement->text(3)});
    }
}

Result<void> Workspace::noteModelUsed(const fs::path& path, const std::string& name) {
    if (path.empty()) return fail(ErrorKind::Usage, "a model without a file cannot be remembered");
    return surfaced<void>(file_.transaction([&]() -> SqliteResult<void> {
        const auto time = timestamp(file_, nextTimeOfModels);
        if (!time) return tl::unexpected(time.error());
        auto statement = file_.prepare(
            "INSERT INTO models(path, name, last_used) VALUES(?, ?, ?)"
            " ON CONFLICT(path) DO UPDATE SET name = excluded.name, last_used = excluded.last_used");
        if (!statement) return tl::unexpected(statement.error());
        statement->bind(path.string()).bind(name).bind(*time);
        return finish(*statement);
    }));
}

Result<std::vector<KnownModel>> Workspace::recentModels(std::size_t count) {
    auto statement = file_.prepare("SELECT path, name FROM models ORDER BY last_used DESC LIMIT ?");
    if (!statement) return Failure(statement.error().error);
    statement->bind(limitOf(count));
    std::vector<KnownModel> models;
    for (;;) {
        const auto row = statement->step();
        if (!row) return Failure(row.error().error);
        if (!*row) return models;
        models.push_back({statement->text(0), statement->text(1)});
    }
}

} // namespace spotglass
