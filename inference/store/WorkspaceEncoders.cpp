// What the workspace keeps of image encoders, and the settings.
#include "inference/store/Workspace.h"

namespace spotglass {
namespace {

constexpr const char* allEncoders =
    "SELECT name, weights, sha256, bytes, modified_ns, spec, trusted FROM encoders ORDER BY name";
constexpr const char* oneEncoder =
    "SELECT name, weights, sha256, bytes, modified_ns, spec, trusted FROM encoders WHERE name = ?";

Result<void> finish(SqliteFile::Statement& statement) {
    const auto row = statement.step();
    if (!row) return Failure(row.error().error);
    return {};
}

KnownEncoder encoderOf(const SqliteFile::Statement& row) {
    return {row.text(0),    row.text(1), row.text(2),        static_cast<std::uint64_t>(row.integer(3)),
            row.integer(4), row.text(5), row.integer(6) != 0};
}

} // namespace

Result<void> Workspace::rememberEncoder(const KnownEncoder& encoder) {
    if (encoder.name.empty() || encoder.weights.empty() || encoder.sha256.empty())
        return fail(ErrorKind::Usage, "an encoder without a name, a file and its checksum cannot be kept",
                    encoder.name);
    auto statement =
        file_.prepare("INSERT OR REPLACE INTO encoders(name, weights, sha256, bytes, modified_ns,"
                      " spec, trusted) VALUES(?, ?, ?, ?, ?, ?, ?)");
    if (!statement) return Failure(statement.error().error);
    statement->bind(encoder.name)
        .bind(encoder.weights.string())
        .bind(encoder.sha256)
        .bind(static_cast<std::int64_t>(encoder.bytes))
        .bind(encoder.modifiedNs)
        .bind(encoder.specJson)
        .bind(std::int64_t{encoder.trustedProgram});
    return finish(*statement);
}

Result<std::vector<KnownEncoder>> Workspace::encoders() {
    auto statement = file_.prepare(allEncoders);
    if (!statement) return Failure(statement.error().error);
    std::vector<KnownEncoder> all;
    for (;;) {
        const auto row = statement->step();
        if (!row) return Failure(row.error().error);
        if (!*row) return all;
        all.push_back(encoderOf(*statement));
    }
}

Result<std::optional<KnownEncoder>> Workspace::encoder(const std::string& name) {
    auto statement = file_.prepare(oneEncoder);
    if (!statement) return Failure(statement.error().error);
    const auto row = statement->bind(name).step();
    if (!row) return Failure(row.error().error);
    return *row ? std::optional(encoderOf(*statement)) : std::nullopt;
}

Result<void> Workspace::forgetEncoder(const std::string& name) {
    auto statement = file_.prepare("DELETE FROM encoders WHERE name = ?");
    if (!statement) return Failure(statement.error().error);
    return finish(statement->bind(name));
}

Result<void> Workspace::setSetting(const std::string& key, const std::string& value) {
    if (key.empty()) return fail(ErrorKind::Usage, "a setting without a name cannot be kept");
    auto statement = file_.prepare("INSERT OR REPLACE INTO settings(key, value) VALUES(?, ?)");
    if (!statement) return Failure(statement.error().error);
    return finish(statement->bind(key).bind(value));
}

Result<std::optional<std::string>> Workspace::setting(const std::string& key) {
    auto statement = file_.prepare("SELECT value FROM settings WHERE key = ?");
    if (!statement) return Failure(statement.error().error);
    const auto row = statement->bind(key).step();
    if (!row) return Failure(row.error().error);
    return *row ? std::optional(statement->text(0)) : std::nullopt;
}

} // namespace spotglass
