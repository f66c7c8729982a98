// Trainings that were asked for, in Workspace.
#include "inference/store/Workspace.h"

namespace spotglass {
namespace {

/// Runs a prepared statement that gives no rows.
Result<void> finish(SqliteResult<SqliteFile::Statement>& statement) {
    const auto row = statement->step();
    if (!row) return Failure(row.error().error);
    return {};
}

} // namespace

Result<std::vector<KnownJob>> Workspace::jobs() {
    auto statement = file_.prepare("SELECT id, place, state, request, record FROM jobs ORDER BY place, id");
    if (!statement) return Failure(statement.error().error);
    std::vector<KnownJob> all;
    for (;;) {
        const auto row = statement->step();
        if (!row) return Failure(row.error().error);
        if (!*row) return all;
        all.push_back({statement->text(0), statement->integer(1), statement->text(2), statement->text(3),
                       statement->text(4)});
    }
}

Result<void> Workspace::addJob(const KnownJob& job) {
    if (job.id.empty()) return fail(ErrorKind::Usage, "a job without an id cannot be remembered");
    auto known = file_.prepare("SELECT 1 FROM jobs WHERE id = ?");
    if (!known) return Failure(known.error().error);
    const auto there = known->bind(job.id).step();
    if (!there) return Failure(there.error().error);
    if (*there) return fail(ErrorKind::Usage, "there is a job " + job.id + " already");
    known->reset();
    auto statement = file_.prepare("INSERT INTO jobs(id, place, state, request, record)"
                                   " VALUES(?, (SELECT coalesce(max(place), 0) + 1 FROM jobs), ?, '', ?)");
    if (!statement) return Failure(statement.error().error);
    statement->bind(job.id).bind(job.state).bind(job.record);
    return finish(statement);
}

Result<void> Workspace::updateJob(const std::string& id, const std::string& state,
                                  const std::string& record) {
    auto statement = file_.prepare("UPDATE jobs SET state = ?, record = ? WHERE id = ?");
    if (!statement) return Failure(statement.error().error);
    statement->bind(state).bind(record).bind(id);
    return finish(statement);
}

Result<bool> Workspace::requestOfJob(const std::string& id, const std::string& request) {
    auto statement = file_.prepare("UPDATE jobs SET request = ? WHERE id = ? RETURNING 1");
    if (!statement) return Failure(statement.error().error);
    const auto row = statement->bind(request).bind(id).step();
    if (!row) return Failure(row.error().error);
    const bool there = *row;
    // Carried to its end: the change is made durable there.
    if (there)
        if (const auto end = statement->step(); !end) return Failure(end.error().error);
    return there;
}

Result<void> Workspace::endRequest(const std::string& id, const std::string& request) {
    auto statement = file_.prepare("UPDATE jobs SET request = '' WHERE id = ? AND request = ?");
    if (!statement) return Failure(statement.error().error);
    statement->bind(id).bind(request);
    return finish(statement);
}

Result<void> Workspace::orderJobs(const std::vector<std::string>& ids) {
    const auto done = file_.transaction([&]() -> SqliteResult<void> {
        // All others first get places behind, in the order that they have.
        auto last = file_.number("SELECT coalesce(max(place), 0) FROM jobs");
        if (!last) return tl::unexpected(last.error());
        auto others = file_.prepare("UPDATE jobs SET place = place + ?");
        if (!others) return tl::unexpected(others.error());
        if (const auto row = others->bind(*last + static_cast<std::int64_t>(ids.size()) + 1).step(); !row)
            return tl::unexpected(row.error());
        std::int64_t place = 0;
        for (const auto& id : ids) {
            auto one = file_.prepare("UPDATE jobs SET place = ? WHERE id = ?");
            if (!one) return tl::unexpected(one.error());
            if (const auto row = one->bind(++place).bind(id).step(); !row) return tl::unexpected(row.error());
        }
        return {};
    });
    if (!done) return Failure(done.error().error);
    return {};
}

Result<void> Workspace::forgetJob(const std::string& id) {
    auto statement = file_.prepare("DELETE FROM jobs WHERE id = ?");
    if (!statement) return Failure(statement.error().error);
    statement->bind(id);
    return finish(statement);
}

} // namespace spotglass
