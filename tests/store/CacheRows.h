#pragma once

#include "inference/store/SlideCache.h"
#include "inference/store/SqliteFile.h"

#include <cstring>
#include <filesystem>
#include <QString>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

/// Made-up rows for the tests of the slide cache: what a row holds follows from its number, so that any row
/// can be checked on its own.
namespace cacherows {

using namespace spotglass;
constexpr int width = 8;
constexpr std::size_t genes = 5;

inline float valueOf(std::int64_t cell, std::size_t gene) {
    return static_cast<float>(cell) * 0.37f + static_cast<float>(gene) / 3;
}
inline std::uint16_t featureOf(std::int64_t number, int column) {
    return static_cast<std::uint16_t>(number * 977 + column);
}
inline FeaturePlace placeOf(std::int64_t number) {
    return {number * 512, -number};
}

inline Result<void> addPredictions(SlideCache& cache, std::int64_t first, std::int64_t count,
                                   const std::string& set = "model") {
    std::vector<std::int64_t> cells;
    std::vector<float> values;
    for (std::int64_t cell = first; cell < first + count; ++cell) {
        cells.push_back(cell);
        for (std::size_t gene = 0; gene < genes; ++gene)
            values.push_back(valueOf(cell, gene));
    }
    return cache.addPredictions(set, genes, cells, values);
}

inline Result<void> addFeatures(SlideCache& cache, std::int64_t first, std::int64_t count,
                                int columns = width, const std::string& set = "encoder") {
    std::vector<FeaturePlace> places;
    std::vector<std::uint16_t> rows;
    for (std::int64_t number = first; number < first + count; ++number) {
        places.push_back(placeOf(number));
        for (int column = 0; column < columns; ++column)
            rows.push_back(featureOf(number, column));
    }
    return cache.addFeatures(set, columns, places, rows);
}

/// How many predictions are right; -1 when one is wrong.
inline std::int64_t rightPredictions(SlideCache& cache, const std::string& set = "model") {
    std::int64_t right = 0;
    const auto read = cache.readPredictions(
        set, genes, [&](std::span<const std::int64_t> cells, std::span<const float> values) {
            for (std::size_t i = 0; i < cells.size(); ++i)
                for (std::size_t gene = 0; gene < genes; ++gene)
                    if (values[i * genes + gene] != valueOf(cells[i], gene)) right = -1;
            if (right >= 0) right += static_cast<std::int64_t>(cells.size());
            return right >= 0;
        });
    return read ? right : -1;
}

/// How many of the features 0 to count are there and right; -1 when one is wrong.
inline std::int64_t rightFeatures(SlideCache& cache, std::int64_t count, int columns = width) {
    std::vector<FeaturePlace> wanted;
    for (std::int64_t number = 0; number < count; ++number)
        wanted.push_back(placeOf(number));
    const auto rows = cache.features("encoder", columns, wanted);
    if (!rows || rows->values.size() != rows->places.size() * static_cast<std::size_t>(columns)) return -1;
    for (std::size_t i = 0; i < rows->places.size(); ++i) {
        const auto number = -rows->places[i].y;
        for (int column = 0; column < columns; ++column)
            if (rows->places[i] != placeOf(number) ||
                rows->values[i * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)] !=
                    featureOf(number, column))
                return -1;
    }
    return static_cast<std::int64_t>(rows->places.size());
}

/// The only cache in the folder, or nothing.
inline std::filesystem::path onlyCache(const std::filesystem::path& folder) {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".spotcache") found = found.empty() ? entry.path() : "several";
    return found;
}

/// Runs SQL on a file behind the cache's back.
inline bool runSql(const std::filesystem::path& path, const std::string& sql) {
    sqlite3* db = nullptr;
    const bool ok = sqlite3_open(path.string().c_str(), &db) == SQLITE_OK &&
                    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_close(db);
    return ok;
}

inline std::int64_t askSql(const std::filesystem::path& path, const char* sql) {
    auto file = SqliteFile::open(path);
    return file ? file->number(sql).value_or(-1) : -1;
}

template <typename T> QString sentence(const Result<T>& result) {
    return result ? QStringLiteral("no error") : QString::fromStdString(result.error().sentence());
}

/// Another process that has work to do, says when it is ready, and stays until it is let go or killed.
class Companion {
  public:
    /// `work` gets a function that tells this process something; what it told is what told() waits for.
    template <typename Work> explicit Companion(Work work) {
        if (pipe(toParent_) != 0 || pipe(toChild_) != 0) return;
        child_ = fork();
        if (child_ != 0) {
            close(toParent_[1]);
            close(toChild_[0]);
            return;
        }
        close(toParent_[0]);
        close(toChild_[1]);
        work([this] { (void)!write(toParent_[1], "x", 1); });
        char byte = 0;
        (void)!read(toChild_[0], &byte, 1); // until the parent lets go, or is gone
        _exit(0);
    }
    ~Companion() { end(SIGKILL); }
    Companion(const Companion&) = delete;
    Companion& operator=(const Companion&) = delete;

    /// Waits until it has told something; false when it has ended instead.
    bool told() {
        char byte = 0;
        return read(toParent_[0], &byte, 1) == 1;
    }
    /// Ends it, by kill -9 or by letting it return, and counts what it had told and nobody waited for.
    int end(int signal = 0) {
        if (child_ <= 0) return 0;
        if (signal != 0) kill(child_, signal);
        close(toChild_[1]);
        int more = 0;
        while (told())
            ++more;
        int status = 0;
        waitpid(child_, &status, 0);
        close(toParent_[0]);
        child_ = 0;
        return more;
    }

  private:
    int toParent_[2] = {-1, -1}, toChild_[2] = {-1, -1};
    pid_t child_ = 0;
};

} // namespace cacherows
