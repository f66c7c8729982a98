#include "inference/store/Workspace.h"
#include "viewer/base/Files.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <QTemporaryDir>
#include <QtTest>
#include <sqlite3.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace spotglass;
namespace fs = std::filesystem;

namespace {

/// Runs SQL on a file behind the workspace's back.
bool runSql(const fs::path& path, const std::string& sql) {
    sqlite3* db = nullptr;
    const bool ok = sqlite3_open(path.string().c_str(), &db) == SQLITE_OK &&
                    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_close(db);
    return ok;
}

std::int64_t askSql(const fs::path& path, const char* sql) {
    auto file = SqliteFile::open(path);
    return file ? file->number(sql).value_or(-1) : -1;
}

/// Runs `work` in another process that then dies without any clean-up.
template <typename Work> void dieAfter(Work work) {
    const pid_t child = fork();
    if (child == 0) {
        work();
        _exit(0);
    }
    int status = 0;
    QCOMPARE(waitpid(child, &status, 0), child);
}

template <typename T> QString sentence(const Result<T>& result) {
    return result ? QStringLiteral("no error") : QString::fromStdString(result.error().sentence());
}

std::vector<std::string> names(const std::vector<KnownSlide>& slides) {
    std::vector<std::string> result;
    for (const auto& slide : slides)
        result.push_back(slide.name);
    return result;
}
using Names = std::vector<std::string>;

/// What the first version of the program made.
constexpr const char* versionOne =
    "CREATE TABLE slides(fingerprint TEXT PRIMARY KEY, path TEXT, name TEXT, mpp_x REAL, mpp_y REAL,"
    " mpp_source TEXT, last_opened INTEGER);"
    "CREATE INDEX slides_last_opened ON slides(last_opened);"
    "INSERT INTO slides VALUES('f1', '/s/a.svs', 'a.svs', 0.25, 0.26, 'user', 1700000000000);"
    "PRAGMA application_id = 1397770060; PRAGMA user_version = 1;";

/// What the version before encoders and settings made of it.
const std::string versionThree =
    std::string(versionOne) +
    "CREATE TABLE models(path TEXT PRIMARY KEY, name TEXT, last_used INTEGER);"
    "ALTER TABLE slides ADD COLUMN picture BLOB;"
    "CREATE TABLE bookmarks(id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, name TEXT, center_x REAL,"
    " center_y REAL, scale REAL, rotation REAL, mirrored INTEGER, picture BLOB);"
    "CREATE INDEX bookmarks_fingerprint ON bookmarks(fingerprint);"
    "INSERT INTO models VALUES('/m/x', 'x', 5);"
    "INSERT INTO bookmarks VALUES('a', 'f1', 'mitosis', 1, 2, 1, 0, 0, NULL);"
    "PRAGMA user_version = 3;";

} // namespace

class TestWorkspace : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_->path().toStdString()) / name; }

  private Q_SLOTS:
    void init() { dir_ = std::make_unique<QTemporaryDir>(); }

    void remembersAcrossReopening() {
        const auto path = at("new/folder/workspace.sqlite");
        {
            auto w = Workspace::open(path);
            QVERIFY2(w.has_value(), qPrintable(sentence(w)));
            QVERIFY(w->warnings().empty());
            QVERIFY(w->rememberScale("f1", {0.5, 0.51}).has_value());
            QVERIFY(w->noteOpened("f1", "/s/a.svs", "a.svs").has_value());
            QVERIFY(w->noteModelUsed("/m/x.safetensors", "Breast").has_value());
        }
        auto w = Workspace::open(path);
        const auto scale = w->scale("f1").value();
        QCOMPARE(scale->micronsPerPixel, (MicronsPerPixel{0.5, 0.51}));
        QCOMPARE(scale->source, std::string("user"));
        QCOMPARE(w->recentSlides(5)->at(0).path, fs::path("/s/a.svs"));
        QCOMPARE(w->recentSlides(5)->at(0).fingerprint, std::string("f1"));
        QCOMPARE(w->recentModels(5)->at(0).name, std::string("Breast"));
        QCOMPARE(askSql(path, "PRAGMA user_version"), std::int64_t{Workspace::schemaVersion});
        QVERIFY(fs::exists(path.string() + "-wal")); // the journal is one ahead of the file
    }
    void aScaleIsReplacedAndKeptApartFromOpening() {
        auto w = Workspace::open(at("w.sqlite"));
        QVERIFY(!w->scale("f1").value());
        QVERIFY(w->noteOpened("f1", "/s/a.svs", "a").has_value());
        QVERIFY(!w->scale("f1").value());
        QVERIFY(w->rememberScale("f1", {1, 1}, "user").has_value());
        QVERIFY(w->rememberScale("f1", {2, 3}, "neighbour").has_value());
        QVERIFY(w->noteOpened("f1", "/t/b.svs", "b").has_value());
        QCOMPARE(w->scale("f1").value()->micronsPerPixel, (MicronsPerPixel{2, 3}));
        QCOMPARE(w->scale("f1").value()->source, std::string("neighbour"));
        QVERIFY(w->rememberScale("never opened", {1, 1}).has_value());
        QCOMPARE(names(*w->recentSlides(5)), Names{"b"});
    }
    void recentOnesComeNewestFirstOncePerPath() {
        auto w = Workspace::open(at("w.sqlite"));
        for (const char* name : {"a", "b", "c", "a"})
            QVERIFY(w->noteOpened(std::string("f") + name, std::string("/s/") + name, name).has_value());
        QCOMPARE(names(*w->recentSlides(5)), (Names{"a", "c", "b"}));
        QCOMPARE(names(*w->recentSlides(2)), (Names{"a", "c"}));
        QCOMPARE(names(*w->recentSlides(0)), Names{});
        QVERIFY(w->rememberScale("fb", {1, 1}).has_value());
        QVERIFY(w->noteOpened("other slide", "/s/b", "b again").has_value());
        QCOMPARE(names(*w->recentSlides(5)), (Names{"b again", "a", "c"}));
        QVERIFY(w->scale("fb").value().has_value());
        QVERIFY(w->noteModelUsed("/m/1", "one").has_value() && w->noteModelUsed("/m/2", "two").has_value() &&
                w->noteModelUsed("/m/1", "first").has_value());
        const auto models = w->recentModels(9).value();
        QCOMPARE(models.size(), std::size_t{2});
        QCOMPARE(models[0].name, std::string("first"));
    }
    void aClockSetBackKeepsTheOrder() {
        const auto path = at("w.sqlite");
        QVERIFY(Workspace::open(path)->noteOpened("f1", "/s/a", "a").has_value());
        QVERIFY(runSql(path, "UPDATE slides SET last_opened = 99999999999999"));
        auto w = Workspace::open(path);
        QVERIFY(w->noteOpened("f2", "/s/b", "b").has_value());
        QCOMPARE(names(*w->recentSlides(5)), (Names{"b", "a"}));
    }
    void oddNamesSurvive() {
        auto w = Workspace::open(at("w.sqlite"));
        const std::string odd = "/s/O'Brien \"x\" \xC3\xA4\xFF; DROP TABLE slides;--\n.svs";
        QVERIFY(w->noteOpened("f'1", odd, "").has_value());
        QCOMPARE(w->recentSlides(1)->at(0).path.string(), odd);
        QCOMPARE(w->recentSlides(1)->at(0).name, std::string());
    }
    void senselessRequestsChangeNothing() {
        auto w = Workspace::open(at("w.sqlite"));
        QCOMPARE(w->rememberScale("", {1, 1}).error().kind, ErrorKind::Usage);
        QCOMPARE(w->rememberScale("f", {0, 1}).error().kind, ErrorKind::Usage);
        QCOMPARE(w->rememberScale("f", {1, std::nan("")}).error().kind, ErrorKind::Usage);
        QCOMPARE(w->noteOpened("", "/s/a", "a").error().kind, ErrorKind::Usage);
        QCOMPARE(w->noteModelUsed("", "a").error().kind, ErrorKind::Usage);
        QVERIFY(w->recentSlides(5)->empty() && !w->scale("f").value());
    }
    void anOlderFileIsBroughtUpToDate() {
        const auto path = at("w.sqlite");
        QVERIFY(runSql(path, versionOne));
        auto w = Workspace::open(path);
        QVERIFY2(w.has_value(), qPrintable(sentence(w)));
        QVERIFY(w->warnings().empty());
        QCOMPARE(w->scale("f1").value()->micronsPerPixel, (MicronsPerPixel{0.25, 0.26}));
        QCOMPARE(names(*w->recentSlides(5)), Names{"a.svs"});
        QVERIFY(w->noteModelUsed("/m/1", "one").has_value());
        QCOMPARE(askSql(path, "PRAGMA user_version"), std::int64_t{Workspace::schemaVersion});
    }
    void aFileOfTheVersionBeforeEncodersIsBroughtUpToDate() {
        const auto path = at("w.sqlite");
        QVERIFY(runSql(path, versionThree));
        auto w = Workspace::open(path);
        QVERIFY2(w.has_value() && w->warnings().empty(), qPrintable(sentence(w)));
        QCOMPARE(askSql(path, "PRAGMA user_version"), std::int64_t{Workspace::schemaVersion});
        QVERIFY(w->encoders()->empty());
        QVERIFY(w->rememberEncoder({"UNI", "/e/uni.pt", "ab12", 1, 2, "{}", false}).has_value());
        QVERIFY(w->setSetting("key", "value").has_value());
        QCOMPARE(w->bookmarks("f1")->at(0).name, std::string("mitosis")); // and nothing was lost
        QCOMPARE(w->recentModels(1)->at(0).name, std::string("x"));
        QCOMPARE(names(*w->recentSlides(5)), Names{"a.svs"});
    }
    void encodersAreKeptByName() {
        const auto path = at("w.sqlite");
        const KnownEncoder uni{"UNI",
                               "/e/O'Brien/uni.pt",
                               "ab12",
                               1'200'000'000'000,
                               1'700'000'000'123'456'789,
                               R"({"pixels": 224})",
                               true};
        {
            auto w = Workspace::open(path);
            QVERIFY(w->encoders()->empty() && !w->encoder("UNI").value());
            QVERIFY(w->rememberEncoder(uni).has_value());
            QVERIFY(w->rememberEncoder({"Phikon", "/e/p.safetensors", "cd34", 5, -1, "", false}).has_value());
        }
        auto w = Workspace::open(path);
        const auto kept = w->encoder("UNI").value();
        QVERIFY(kept && kept->weights == uni.weights && kept->sha256 == uni.sha256 &&
                kept->bytes == uni.bytes);
        QVERIFY(kept->modifiedNs == uni.modifiedNs && kept->specJson == uni.specJson && kept->trustedProgram);
        QCOMPARE(w->encoders()->size(), std::size_t{2});
        QCOMPARE(w->encoders()->at(0).name, std::string("Phikon"));
        QVERIFY(!w->encoders()->at(0).trustedProgram);
        auto other = uni; // another file takes its place, and is not trusted because that one was
        other.sha256 = "ef56";
        other.trustedProgram = false;
        QVERIFY(w->rememberEncoder(other).has_value());
        QCOMPARE(w->encoders()->size(), std::size_t{2});
        QVERIFY(w->encoder("UNI").value()->sha256 == "ef56" && !w->encoder("UNI").value()->trustedProgram);
        QVERIFY(w->forgetEncoder("UNI").has_value() && w->forgetEncoder("never there").has_value());
        QVERIFY(!w->encoder("UNI").value() && w->encoders()->size() == 1);
        for (const auto& senseless :
             {KnownEncoder{"", "/e", "ab", 1, 1, "", false}, KnownEncoder{"a", "", "ab", 1, 1, "", false},
              KnownEncoder{"a", "/e", "", 1, 1, "", false}})
            QCOMPARE(w->rememberEncoder(senseless).error().kind, ErrorKind::Usage);
    }
    void settingsAreKeptByKey() {
        const auto path = at("w.sqlite");
        {
            auto w = Workspace::open(path);
            QVERIFY(!w->setting("cache.folder").value());
            QVERIFY(w->setSetting("cache.folder", "/a").has_value());
            QVERIFY(w->setSetting("cache.folder", "/b'\n").has_value());
            QVERIFY(w->setSetting("empty", "").has_value());
        }
        auto w = Workspace::open(path);
        QCOMPARE(w->setting("cache.folder").value().value(), std::string("/b'\n"));
        QVERIFY(w->setting("empty").value() == std::string());
        QCOMPARE(w->setSetting("", "x").error().kind, ErrorKind::Usage);
    }
    void bookmarksAreKeptForEachSlide() {
        const auto path = at("w.sqlite");
        auto w = Workspace::open(path);
        const std::string picture("\xff\xd8\0\x01", 4);
        QVERIFY(w->keepBookmark("f1", {"a", "mitosis", {10.5, 20}, 0.5, 90, true, picture}).has_value());
        QVERIFY(w->keepBookmark("f2", {"b", "other slide", {1, 2}, 1, 0, false, {}}).has_value());
        QVERIFY(w->keepBookmark("f1", {"c", "edge", {3, 4}, 1, 0, false, {}}).has_value());
        QVERIFY(w->keepBookmark("f1", {"a", "mitoses", {0, 0}, 9, 0, false, {}}).has_value());
        w = Workspace::open(path);
        const auto kept = w->bookmarks("f1").value();
        QCOMPARE(kept.size(), std::size_t{2});
        QCOMPARE(kept[0].name, std::string("mitoses")); // the name alone is new
        QCOMPARE(kept[0].center, (Level0Point{10.5, 20}));
        QVERIFY(kept[0].scale == 0.5 && kept[0].rotation == 90 && kept[0].mirrored &&
                kept[0].picture == picture);
        QCOMPARE(kept[1].id, std::string("c"));
        QVERIFY(w->removeBookmark("a").has_value() && w->removeBookmark("never there").has_value());
        QCOMPARE(w->bookmarks("f1")->size(), std::size_t{1});
        QCOMPARE(w->bookmarks("f2")->size(), std::size_t{1});
        QVERIFY(w->bookmarks("f3")->empty());
        QCOMPARE(w->keepBookmark("", {"d", "", {}, 1, 0, false, {}}).error().kind, ErrorKind::Usage);
        QCOMPARE(w->keepBookmark("f1", {}).error().kind, ErrorKind::Usage);
        const std::string large(Workspace::maxPictureBytes + 1, 'x');
        QCOMPARE(w->keepBookmark("f1", {"e", "", {}, 1, 0, false, large}).error().kind, ErrorKind::Usage);
    }
    void picturesOfSlidesAreBounded() {
        auto w = Workspace::open(at("w.sqlite"));
        QVERIFY(w->keepPicture("never opened", "p").has_value());
        const int many = int(Workspace::keptPictures) + 3;
        for (int i = 0; i < many; ++i) {
            const std::string name = "s" + std::to_string(i);
            QVERIFY(w->noteOpened(name, "/s/" + name, name).has_value());
            QVERIFY(w->keepPicture(name, "picture of " + name).has_value());
        }
        const auto slides = w->recentSlides(100).value();
        QCOMPARE(slides.size(), std::size_t(many));
        QCOMPARE(slides[0].picture, "picture of s" + std::to_string(many - 1));
        QVERIFY(slides[std::size_t(Workspace::keptPictures) - 1].picture.size() > 0);
        QVERIFY(slides[std::size_t(Workspace::keptPictures)].picture.empty());
        QCOMPARE(w->keepPicture("s1", std::string(Workspace::maxPictureBytes + 1, 'x')).error().kind,
                 ErrorKind::Usage);
    }
    void aNewerFileIsRefusedAndLeftAsItIs() {
        const auto path = at("w.sqlite");
        QVERIFY(runSql(path, std::string(versionOne) + "PRAGMA user_version = 999;"));
        const auto before = readFile(path).value();
        const auto w = Workspace::open(path);
        QVERIFY2(sentence(w).contains(QStringLiteral("written by a newer version of the program")),
                 qPrintable(sentence(w)));
        QCOMPARE(w.error().kind, ErrorKind::BadInput);
        QCOMPARE(readFile(path).value(), before);
        QVERIFY(!fs::exists(path.string() + ".damaged-1"));
    }
    void anotherProgramsDatabaseIsRefused() {
        const auto path = at("photos.db");
        QVERIFY(runSql(path, "CREATE TABLE photos(a)"));
        const auto w = Workspace::open(path);
        QVERIFY(sentence(w).contains(QStringLiteral("database of another program")));
        QCOMPARE(askSql(path, "SELECT count(*) FROM sqlite_master"), std::int64_t{1});
    }
    void aFileThatNeverWasAWorkspaceIsNotRenamed() {
        QVERIFY(writeFileAtomically(at("slide.svs"), std::string(5000, 'x')).has_value());
        const auto w = Workspace::open(at("slide.svs"));
        QVERIFY(sentence(w).contains(QStringLiteral("this file is damaged")));
        QVERIFY(fs::exists(at("slide.svs")));
    }
    void aDamagedFileIsSetAside_data() {
        QTest::addColumn<QString>("kind");
        for (const char* kind : {"text", "few bytes", "half", "overwritten", "no tables"})
            QTest::newRow(kind) << QString::fromLatin1(kind);
    }
    void aDamagedFileIsSetAside() {
        QFETCH(QString, kind);
        const auto path = at("w.sqlite");
        {
            auto w = Workspace::open(path);
            for (int i = 0; i < 120; ++i) {
                const auto name = std::to_string(i);
                QVERIFY(w->noteOpened("fingerprint of slide " + name, "/slides/" + name, name).has_value());
            }
        }
        auto content = readFile(path).value();
        if (kind == QStringLiteral("text")) content = std::string(5000, 'x');
        if (kind == QStringLiteral("few bytes")) content = "abc";
        if (kind == QStringLiteral("half")) content.resize(content.size() / 2);
        if (kind == QStringLiteral("overwritten"))
            std::fill(content.begin() + 4096, content.begin() + static_cast<long>(content.size()) - 100,
                      '\x55');
        if (kind == QStringLiteral("no tables")) {
            QVERIFY(runSql(path, "DROP TABLE slides"));
            content = readFile(path).value();
        }
        QVERIFY(writeFileAtomically(path, content).has_value());
        QVERIFY(writeFileAtomically(path.string() + ".damaged-1", "an earlier one").has_value());
        auto w = Workspace::open(path);
        QVERIFY2(w.has_value(), qPrintable(sentence(w)));
        QCOMPARE(w->warnings().size(), std::size_t{1});
        QVERIFY(QString::fromStdString(w->warnings()[0])
                    .contains(QStringLiteral("renamed to w.sqlite.damaged-2")));
        QCOMPARE(readFile(path.string() + ".damaged-2").value().size(), content.size());
        QCOMPARE(readFile(path.string() + ".damaged-1").value(), std::string("an earlier one"));
        QVERIFY(w->recentSlides(5)->empty());
        QVERIFY(w->noteOpened("f1", "/s/a", "a").has_value());
        QVERIFY(Workspace::open(path)->warnings().empty());
    }
    void anEmptyFileIsTakenAsNew() {
        QVERIFY(writeFileAtomically(at("w.sqlite"), "").has_value());
        auto w = Workspace::open(at("w.sqlite"));
        QVERIFY(w.has_value() && w->warnings().empty());
        QVERIFY(w->noteOpened("f1", "/s/a", "a").has_value());
    }
    void aProcessKilledInATransactionLosesOnlyThat() {
        const auto path = at("w.sqlite");
        dieAfter([&] {
            auto w = Workspace::open(path);
            (void)w->noteOpened("f1", "/s/a", "finished");
            sqlite3* db = nullptr;
            sqlite3_open(path.string().c_str(), &db);
            // A cache of two pages, so that half of the transaction is on the disk already.
            sqlite3_exec(db, "PRAGMA cache_size = 2; BEGIN IMMEDIATE; UPDATE slides SET name = 'half done';",
                         nullptr, nullptr, nullptr);
            for (int i = 0; i < 2000; ++i)
                sqlite3_exec(db,
                             "INSERT INTO slides(fingerprint, path) VALUES(random(), hex(randomblob(200)))",
                             nullptr, nullptr, nullptr);
        });
        QVERIFY(fs::file_size(path.string() + "-wal") > 100000);
        auto w = Workspace::open(path);
        QVERIFY2(w.has_value(), qPrintable(sentence(w)));
        QVERIFY(w->warnings().empty());
        QCOMPARE(names(*w->recentSlides(5)), Names{"finished"});
        QCOMPARE(askSql(path, "SELECT count(*) FROM slides"), std::int64_t{1});
        QVERIFY(w->noteOpened("f2", "/s/b", "b").has_value());
    }
    void aProcessKilledInTheMigrationLeavesTheOlderFile() {
        const auto path = at("w.sqlite");
        QVERIFY(runSql(path, versionOne));
        dieAfter([&] {
            sqlite3* db = nullptr;
            sqlite3_open(path.string().c_str(), &db);
            sqlite3_exec(db,
                         "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; CREATE TABLE models(path TEXT);"
                         "PRAGMA user_version = 2;",
                         nullptr, nullptr, nullptr);
        });
        auto w = Workspace::open(path);
        QVERIFY(w.has_value() && w->warnings().empty());
        QVERIFY(w->noteModelUsed("/m/1", "one").has_value());
        QVERIFY(w->scale("f1").value().has_value());
    }
    void twoConnectionsSeeEachOther() {
        auto a = Workspace::open(at("w.sqlite")), b = Workspace::open(at("w.sqlite"));
        QVERIFY(a.has_value() && b.has_value());
        QVERIFY(a->rememberScale("f1", {1, 2}).has_value());
        QCOMPARE(b->scale("f1").value()->micronsPerPixel, (MicronsPerPixel{1, 2}));
        QVERIFY(b->noteOpened("f1", "/s/a", "a").has_value());
        QCOMPARE(names(*a->recentSlides(1)), Names{"a"});
    }
    void manyWritersAtOnceLoseNothing() {
        const auto path = at("w.sqlite"); // not there yet: all of them try to make it
        std::vector<std::thread> threads;
        std::atomic<int> failures = 0;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                auto w = Workspace::open(path);
                if (!w || !w->warnings().empty()) {
                    qWarning("%s", (w ? w->warnings().front() : w.error().sentence()).c_str());
                    ++failures;
                    return;
                }
                for (int i = 0; i < 25; ++i) {
                    const auto id = std::to_string(t) + "." + std::to_string(i);
                    if (!w->noteOpened(id, "/s/" + id, id) || !w->recentSlides(3)) ++failures;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(failures.load(), 0);
        QCOMPARE(Workspace::open(path)->recentSlides(1000)->size(), std::size_t{100});
    }
    void aFolderThatCannotBeWrittenIsAnError() {
        QVERIFY(writeFileAtomically(at("file"), "x").has_value());
        const auto below = Workspace::open(at("file") / "sub" / "w.sqlite");
        QVERIFY2(sentence(below).contains(QStringLiteral("the folder for this file cannot be made")),
                 qPrintable(sentence(below)));
        QCOMPARE(below.error().kind, ErrorKind::Device);
        const auto folder = Workspace::open(at(""));
        QVERIFY2(sentence(folder).contains(QStringLiteral("cannot be opened or made")),
                 qPrintable(sentence(folder)));
        if (geteuid() == 0) QSKIP("permissions do not bind the administrator");
        fs::create_directory(at("locked"));
        fs::permissions(at("locked"), fs::perms::owner_read | fs::perms::owner_exec);
        QCOMPARE(Workspace::open(at("locked") / "w.sqlite").error().kind, ErrorKind::Device);
        fs::permissions(at("locked"), fs::perms::owner_all);
    }
    void aLockThatIsNeverLetGoIsAnErrorInTheEnd() {
        const auto path = at("w.sqlite");
        auto w = Workspace::open(path);
        sqlite3* db = nullptr;
        QCOMPARE(sqlite3_open(path.string().c_str(), &db), SQLITE_OK);
        QCOMPARE(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
        const auto written = w->noteOpened("f1", "/s/a", "a");
        QVERIFY(sentence(written).contains(QStringLiteral("another program is writing")));
        QVERIFY(w->recentSlides(1).has_value()); // reading goes on
        sqlite3_close(db);
        QVERIFY(w->noteOpened("f1", "/s/a", "a").has_value());
    }
};

QTEST_GUILESS_MAIN(TestWorkspace)
#include "TestWorkspace.moc"
