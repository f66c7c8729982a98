// Models that the user has added, in Workspace.
#include "inference/store/Workspace.h"

namespace spotglass {

Result<std::vector<KnownLibraryModel>> Workspace::library() {
    auto statement =
        file_.prepare("SELECT file, sha256, added, name, note, licence FROM library ORDER BY name, file");
    if (!statement) return Failure(statement.error().error);
    std::vector<KnownLibraryModel> all;
    for (;;) {
        const auto row = statement->step();
        if (!row) return Failure(row.error().error);
        if (!*row) return all;
        all.push_back({statement->text(0), statement->text(1), statement->integer(2), statement->text(3),
                       statement->text(4), statement->text(5)});
    }
}

Result<void> Workspace::enterInLibrary(const KnownLibraryModel& model) {
    if (model.file.empty() || model.sha256.empty())
        return fail(ErrorKind::Usage, "a model without a file and its checksum cannot be kept", model.name);
    auto statement = file_.prepare("INSERT OR REPLACE INTO library(file, sha256, added, name, note, licence)"
                                   " VALUES(?, ?, ?, ?, ?, ?)");
    if (!statement) return Failure(statement.error().error);
    const auto row = statement->bind(model.file.string())
                         .bind(model.sha256)
                         .bind(model.added)
                         .bind(model.name)
                         .bind(model.note)
                         .bind(model.licence)
                         .step();
    if (!row) return Failure(row.error().error);
    return {};
}

Result<void> Workspace::leaveLibrary(const std::filesystem::path& file) {
    auto statement = file_.prepare("DELETE FROM library WHERE file = ?");
    if (!statement) return Failure(statement.error().error);
    const auto row = statement->bind(file.string()).step();
    if (!row) return Failure(row.error().error);
    return {};
}

} // namespace spotglass
