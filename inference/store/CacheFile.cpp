#include "inference/store/CacheFile.h"

#include "inference/store/CacheFolder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <unordered_set>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

/// What an add of more rows is cut into: bounds what one read has to hold.
constexpr std::size_t rowsOfBlock = 256;

constexpr const char* schema =
    "CREATE TABLE slide(fingerprint TEXT NOT NULL);"
    // AUTOINCREMENT: a number that was given away is not given to another set or block later, so that what
    // other objects remember of them is never about something else.
    "CREATE TABLE sets(id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, name TEXT NOT NULL,"
    " row_bytes INTEGER NOT NULL, UNIQUE(kind, name));"
    "CREATE TABLE blocks(id INTEGER PRIMARY KEY AUTOINCREMENT, set_id INTEGER NOT NULL, rows INTEGER NOT "
    "NULL,"
    " checksum INTEGER NOT NULL, keys BLOB NOT NULL, content BLOB NOT NULL);"
    "CREATE INDEX blocks_of_set ON blocks(set_id, id, rows);"
    "CREATE TABLE runs(name TEXT PRIMARY KEY, description TEXT NOT NULL, total INTEGER NOT NULL,"
    " complete INTEGER NOT NULL, begun INTEGER NOT NULL);"
    "PRAGMA application_id = 1397770051; PRAGMA user_version = 1;";
static_assert(cacheApplicationId == 1397770051 && cacheSchemaVersion == 1);

constexpr const char* findSet = "SELECT id, row_bytes FROM sets WHERE kind = ? AND name = ?";
constexpr const char* makeSet = "INSERT INTO sets(kind, name, row_bytes) VALUES(?, ?, ?)";
constexpr const char* keysAfter = "SELECT id, keys FROM blocks WHERE set_id = ? AND id > ? ORDER BY id";
constexpr const char* blocksAfter =
    "SELECT keys, content, checksum, id FROM blocks WHERE set_id = ? AND id > ? ORDER BY id";
constexpr const char* blockById = "SELECT keys, content, checksum FROM blocks WHERE id = ?";
constexpr const char* makeBlock =
    "INSERT INTO blocks(set_id, rows, checksum, keys, content) VALUES(?, ?, ?, ?, ?)";
constexpr const char* countRows = "SELECT coalesce(sum(rows), 0) FROM blocks"
                                  " WHERE set_id = (SELECT id FROM sets WHERE kind = ? AND name = ?)";

SqliteFault refusal(const fs::path& path, std::string what, std::string hint) {
    return {{ErrorKind::BadInput, std::move(what), path.string(), std::move(hint)}, false};
}

tl::unexpected<SqliteFault> damaged(const std::string& where = {}) {
    return tl::unexpected(SqliteFault{{ErrorKind::BadInput, "this file is damaged", where, {}}, true});
}

/// Refuses files of other programs and of later versions of this one, before anything is written to them.
SqliteResult<void> checkOrigin(const SqliteFile& file, const fs::path& path) {
    const auto tables = file.number("SELECT count(*) FROM sqlite_master");
    if (!tables) return tl::unexpected(tables.error());
    const auto id = file.number("PRAGMA application_id");
    if (!id) return tl::unexpected(id.error());
    if (*id != cacheApplicationId && (*id != 0 || *tables != 0))
        return tl::unexpected(refusal(path, "this is the database of another program, not a slide's cache",
                                      "Choose another folder for the cache"));
    const auto version = file.number("PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    if (*version > cacheSchemaVersion)
        return tl::unexpected(refusal(path,
                                      "this slide's cache was written by a newer version of the program",
                                      "Install the newer version, or clear the cache"));
    return {};
}

/// A file of ours whose tables are not there was broken by somebody.
SqliteResult<void> checkTables(const SqliteFile& file, const fs::path& path, const std::string& fingerprint) {
    const auto columns = file.number(
        "SELECT (SELECT count(*) FROM pragma_table_info('sets') WHERE name IN ('id', 'kind', 'name',"
        " 'row_bytes')) + (SELECT count(*) FROM pragma_table_info('blocks') WHERE name IN ('id', 'set_id',"
        " 'rows', 'checksum', 'keys', 'content')) + (SELECT count(*) FROM pragma_table_info('runs')"
        " WHERE name IN ('name', 'description', 'total', 'complete', 'begun'))"
        " + (SELECT count(*) FROM pragma_table_info('slide') WHERE name = 'fingerprint')");
    if (!columns) return tl::unexpected(columns.error());
    if (*columns != 16) return damaged(path.string());
    auto slide = file.prepare("SELECT fingerprint FROM slide");
    if (!slide) return tl::unexpected(slide.error());
    const auto row = slide->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row || slide->text(0) != fingerprint) return damaged(path.string());
    return {};
}

SqliteResult<void> create(const SqliteFile& file, const std::string& fingerprint) {
    return file.transaction([&]() -> SqliteResult<void> {
        if (auto done = file.execute(schema); !done) return done;
        auto slide = file.prepare("INSERT INTO slide VALUES(?)");
        if (!slide) return tl::unexpected(slide.error());
        const auto row = slide->bind(fingerprint).step();
        if (!row) return tl::unexpected(row.error());
        return {};
    });
}

/// Notices flipped bits; no protection against intent.
std::uint64_t mixed(std::string_view bytes, std::uint64_t sum) {
    const auto add = [&](const char* from, std::size_t count) {
        std::uint64_t word = 0;
        std::memcpy(&word, from, count);
        sum = std::rotl((sum ^ word) * 0x9E3779B97F4A7C15ull, 29);
    };
    std::size_t i = 0;
    for (; i + sizeof sum <= bytes.size(); i += sizeof sum)
        add(bytes.data() + i, sizeof sum);
    add(bytes.data() + i, bytes.size() - i);
    return sum ^ bytes.size();
}

std::int64_t checksumOf(std::string_view keys, std::string_view content) {
    return std::bit_cast<std::int64_t>(mixed(content, mixed(keys, 0)));
}

std::string_view bytesOf(std::span<const FeaturePlace> keys) {
    return {reinterpret_cast<const char*>(keys.data()), keys.size_bytes()};
}

std::vector<FeaturePlace> keysOf(std::string_view bytes) {
    std::vector<FeaturePlace> keys(bytes.size() / sizeof(FeaturePlace));
    if (!keys.empty()) std::memcpy(keys.data(), bytes.data(), keys.size() * sizeof(FeaturePlace));
    return keys;
}

/// A block as it lies in the current row of a statement: keys, content, checksum.
struct BlockView {
    std::string_view keys, content;
    std::size_t rows = 0;
};

/// Nothing when it is not what was written.
std::optional<BlockView> blockOf(const SqliteFile::Statement& statement, std::size_t rowBytes) {
    BlockView block{statement.bytes(0), statement.bytes(1)};
    block.rows = block.keys.size() / sizeof(FeaturePlace);
    const bool whole = block.keys.size() == block.rows * sizeof(FeaturePlace) &&
                       block.content.size() == block.rows * rowBytes &&
                       checksumOf(block.keys, block.content) == statement.integer(2);
    return whole ? std::optional(block) : std::nullopt;
}

SqliteResult<void> finish(SqliteFile::Statement& statement) {
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

} // namespace

std::size_t CacheFile::KeyHash::operator()(const Key& key) const noexcept {
    const auto bits = [](std::int64_t number) { return std::bit_cast<std::uint64_t>(number); };
    return static_cast<std::size_t>(std::rotl(bits(key.x) * 0x9E3779B97F4A7C15ull, 32) ^
                                    (bits(key.y) * 0xC2B2AE3D27D4EB4Full));
}

SqliteResult<std::unique_ptr<CacheFile>> CacheFile::open(const fs::path& path,
                                                         const std::string& fingerprint) {
    auto file = SqliteFile::open(path);
    if (!file) return tl::unexpected(file.error());
    if (auto ok = checkOrigin(*file, path); !ok) return tl::unexpected(ok.error());
    if (file->isReadOnly())
        return tl::unexpected(SqliteFault{{ErrorKind::Device, "this file cannot be written", path.string(),
                                           "Check its permissions and those of its folder"},
                                          false});
    // A file system without shared memory keeps the older journal, which is safe too, only slower.
    (void)file->execute("PRAGMA journal_mode = WAL");
    // NORMAL: the drive is waited for at checkpoints alone. A power failure may cost the last adds.
    if (auto ok = file->execute("PRAGMA synchronous = NORMAL"); !ok) return tl::unexpected(ok.error());
    const auto version = file->number("PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    if (*version == 0)
        if (auto ok = create(*file, fingerprint); !ok) return tl::unexpected(ok.error());
    if (auto ok = checkTables(*file, path, fingerprint); !ok) return tl::unexpected(ok.error());
    return std::unique_ptr<CacheFile>(new CacheFile(std::move(*file)));
}

SqliteResult<CacheFile::Held> CacheFile::statement(const char* sql) {
    auto it = statements_.find(sql);
    if (it == statements_.end()) {
        auto prepared = file_.prepare(sql);
        if (!prepared) return tl::unexpected(prepared.error());
        it = statements_.emplace(sql, std::move(*prepared)).first;
    }
    return Held(&it->second);
}

SqliteResult<std::int64_t> CacheFile::numberOf(const SetName& set) {
    auto found = statement(findSet);
    if (!found) return tl::unexpected(found.error());
    const auto row = (*found)->bind(static_cast<std::int64_t>(set.kind)).bind(set.name).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return 0;
    if ((*found)->integer(1) != static_cast<std::int64_t>(set.rowBytes))
        return tl::unexpected(SqliteFault{
            {ErrorKind::Usage, "the cache holds rows of another length under this name", set.name, {}},
            false});
    return (*found)->integer(0);
}

SqliteResult<std::int64_t> CacheFile::numberOrNew(const SetName& set) {
    auto number = numberOf(set);
    if (!number || *number != 0) return number;
    {
        auto made = statement(makeSet);
        if (!made) return tl::unexpected(made.error());
        (*made)->bind(static_cast<std::int64_t>(set.kind)).bind(set.name);
        (*made)->bind(static_cast<std::int64_t>(set.rowBytes));
        if (auto done = finish(**made); !done) return tl::unexpected(done.error());
    }
    return numberOf(set);
}

SqliteResult<CacheFile::Index*> CacheFile::indexOf(const SetName& set, std::int64_t number) {
    auto& index = indexes_[static_cast<std::size_t>(set.kind)][set.name];
    if (index.set != number) index = {number, 0, {}}; // new, or made anew after the cache was cleared
    auto blocks = statement(keysAfter);
    if (!blocks) return tl::unexpected(blocks.error());
    (*blocks)->bind(number).bind(index.lastBlock);
    for (;;) {
        const auto row = (*blocks)->step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return &index;
        index.lastBlock = (*blocks)->integer(0);
        const auto keys = keysOf((*blocks)->bytes(1));
        for (std::size_t i = 0; i < keys.size(); ++i)
            index.rows.try_emplace(keys[i], RowPlace{index.lastBlock, i});
    }
}

SqliteResult<void> CacheFile::addBlock(std::int64_t set, std::span<const Key> keys, std::string_view rows) {
    auto block = statement(makeBlock);
    if (!block) return tl::unexpected(block.error());
    (*block)->bind(set).bind(static_cast<std::int64_t>(keys.size())).bind(checksumOf(bytesOf(keys), rows));
    (*block)->bindView(bytesOf(keys)).bindView(rows);
    return finish(**block);
}

SqliteResult<void> CacheFile::add(const SetName& set, std::span<const Key> keys, std::string_view rows) {
    // What was added is not entered into the index here but read back by the next call: then the index knows
    // only what was committed, whatever happens to this transaction.
    return file_.transaction([&]() -> SqliteResult<void> {
        const auto number = numberOrNew(set);
        if (!number) return tl::unexpected(number.error());
        const auto index = indexOf(set, *number);
        if (!index) return tl::unexpected(index.error());
        std::unordered_set<Key, KeyHash> seen;
        std::vector<Key> newKeys;
        std::string newRows;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (!(*index)->rows.contains(keys[i]) && seen.insert(keys[i]).second) {
                newKeys.push_back(keys[i]);
                newRows.append(rows.substr(i * set.rowBytes, set.rowBytes));
            }
            if (newKeys.size() < rowsOfBlock && (i + 1 < keys.size() || newKeys.empty())) continue;
            if (auto done = addBlock(*number, newKeys, newRows); !done) return done;
            newKeys.clear();
            newRows.clear();
        }
        return {};
    });
}

SqliteResult<CacheFile::Rows> CacheFile::read(const SetName& set, std::span<const Key> wanted) {
    Rows found;
    const auto number = numberOf(set);
    if (!number) return tl::unexpected(number.error());
    if (*number == 0) return found;
    const auto index = indexOf(set, *number);
    if (!index) return tl::unexpected(index.error());
    std::vector<RowPlace> places;
    for (const auto& key : wanted)
        if (const auto it = (*index)->rows.find(key); it != (*index)->rows.end())
            places.push_back(it->second);
    std::sort(places.begin(), places.end(), [](const RowPlace& a, const RowPlace& b) {
        return std::pair(a.block, a.row) < std::pair(b.block, b.row);
    });
    found.keys.reserve(places.size());
    found.bytes.reserve(places.size() * set.rowBytes);
    for (std::size_t i = 0; i < places.size();) {
        const auto id = places[i].block;
        auto statementOfBlock = statement(blockById);
        if (!statementOfBlock) return tl::unexpected(statementOfBlock.error());
        const auto there = (*statementOfBlock)->bind(id).step();
        if (!there) return tl::unexpected(there.error());
        const auto block = *there ? blockOf(**statementOfBlock, set.rowBytes) : std::optional<BlockView>();
        if (*there && !block) return damaged();
        for (; i < places.size() && places[i].block == id; ++i) {
            if (!block || places[i].row >= block->rows) continue; // cleared by another object meanwhile
            found.keys.push_back(keysOf(block->keys.substr(places[i].row * sizeof(Key), sizeof(Key)))[0]);
            found.bytes.append(block->content.substr(places[i].row * set.rowBytes, set.rowBytes));
        }
    }
    return found;
}

SqliteResult<CacheFile::Rows> CacheFile::readAfter(const SetName& set, std::int64_t block,
                                                   std::size_t enough) {
    Rows rows;
    rows.lastBlock = block;
    const auto number = numberOf(set);
    if (!number) return tl::unexpected(number.error());
    if (*number == 0) return rows;
    auto blocks = statement(blocksAfter);
    if (!blocks) return tl::unexpected(blocks.error());
    (*blocks)->bind(*number).bind(block);
    while (rows.keys.size() < enough) {
        const auto there = (*blocks)->step();
        if (!there) return tl::unexpected(there.error());
        if (!*there) break;
        const auto view = blockOf(**blocks, set.rowBytes);
        if (!view) return damaged();
        const auto keys = keysOf(view->keys);
        rows.keys.insert(rows.keys.end(), keys.begin(), keys.end());
        rows.bytes.append(view->content);
        rows.lastBlock = (*blocks)->integer(3);
    }
    return rows;
}

SqliteResult<std::size_t> CacheFile::count(Kind kind, const std::string& set) {
    auto counted = statement(countRows);
    if (!counted) return tl::unexpected(counted.error());
    const auto row = (*counted)->bind(static_cast<std::int64_t>(kind)).bind(set).step();
    if (!row) return tl::unexpected(row.error());
    return static_cast<std::size_t>((*counted)->integer(0));
}

SqliteResult<std::uint64_t> CacheFile::contentBytes() {
    // Pages that are free are used before the file grows.
    static constexpr const char* pages =
        "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count,"
        " pragma_page_size";
    auto size = statement(pages);
    if (!size) return tl::unexpected(size.error());
    const auto row = (*size)->step();
    if (!row) return tl::unexpected(row.error());
    return static_cast<std::uint64_t>((*size)->integer(0));
}

} // namespace spotglass
