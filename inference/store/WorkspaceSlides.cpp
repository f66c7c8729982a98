// What the workspace keeps of slides beside their scale: bookmarks and small pictures.
#include "inference/store/Workspace.h"

namespace spotglass {
namespace {

SqliteResult<void> finish(SqliteFile::Statement& statement) {
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

Result<void> surfaced(const SqliteResult<void>& result) {
    if (!result) return Failure(result.error().error);
    return {};
}

} // namespace

Result<std::vector<KnownBookmark>> Workspace::bookmarks(const std::string& fingerprint) {
    auto statement =
        file_.prepare("SELECT id, name, center_x, center_y, scale, rotation, mirrored, picture FROM bookmarks"
                      " WHERE fingerprint = ? ORDER BY rowid");
    if (!statement) return Failure(statement.error().error);
    statement->bind(fingerprint);
    std::vector<KnownBookmark> all;
    for (;;) {
        const auto row = statement->step();
        if (!row) return Failure(row.error().error);
        if (!*row) return all;
        all.push_back({statement->text(0),
                       statement->text(1),
                       {statement->real(2), statement->real(3)},
                       statement->real(4),
                       statement->real(5),
                       statement->integer(6) != 0,
                       statement->text(7)});
    }
}

Result<void> Workspace::keepBookmark(const std::string& fingerprint, const KnownBookmark& bookmark) {
    if (fingerprint.empty() || bookmark.id.empty())
        return fail(ErrorKind::Usage, "a bookmark without a name of its own or its slide cannot be kept");
    if (bookmark.picture.size() > maxPictureBytes)
        return fail(ErrorKind::Usage, "the picture of a bookmark is too large", bookmark.name);
    auto statement = file_.prepare(
        "INSERT INTO bookmarks(id, fingerprint, name, center_x, center_y, scale, rotation, mirrored, picture)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(id) DO UPDATE SET name = excluded.name");
    if (!statement) return Failure(statement.error().error);
    statement->bind(bookmark.id)
        .bind(fingerprint)
        .bind(bookmark.name)
        .bind(bookmark.center.x)
        .bind(bookmark.center.y)
        .bind(bookmark.scale)
        .bind(bookmark.rotation)
        .bind(std::int64_t{bookmark.mirrored})
        .bindBytes(bookmark.picture);
    return surfaced(finish(*statement));
}

Result<void> Workspace::removeBookmark(const std::string& id) {
    auto statement = file_.prepare("DELETE FROM bookmarks WHERE id = ?");
    if (!statement) return Failure(statement.error().error);
    statement->bind(id);
    return surfaced(finish(*statement));
}

Result<void> Workspace::keepPicture(const std::string& fingerprint, std::string_view picture) {
    if (picture.size() > maxPictureBytes)
        return fail(ErrorKind::Usage, "the small picture of a slide is too large", fingerprint);
    return surfaced(file_.transaction([&]() -> SqliteResult<void> {
        auto statement = file_.prepare("UPDATE slides SET picture = ? WHERE fingerprint = ?");
        if (!statement) return tl::unexpected(statement.error());
        statement->bindBytes(picture).bind(fingerprint);
        if (auto done = finish(*statement); !done) return done;
        auto older = file_.prepare("UPDATE slides SET picture = NULL WHERE picture IS NOT NULL"
                                   " AND fingerprint NOT IN (SELECT fingerprint FROM slides"
                                   " WHERE last_opened IS NOT NULL ORDER BY last_opened DESC LIMIT ?)");
        if (!older) return tl::unexpected(older.error());
        older->bind(keptPictures);
        return finish(*older);
    }));
}

} // namespace spotglass
