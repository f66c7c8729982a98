// What the cache of a slide does when there is no more room for it, or no place at all.
#include "CacheRows.h"
#include "viewer/base/Files.h"

#include <csignal>
#include <memory>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <set>
#include <sys/resource.h>

using namespace cacherows;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t MiB = 1u << 20;
constexpr int wide = 1024; // 2 KiB a row

/// A file system of its own in memory, for as long as it lives; needs the administrator.
class MemoryDrive {
  public:
    MemoryDrive(const fs::path& at, const char* options) : at_(QString::fromStdString(at.string())) {
        fs::create_directories(at);
        mounted_ = QProcess::execute(QStringLiteral("mount"),
                                     {QStringLiteral("-t"), QStringLiteral("tmpfs"), QStringLiteral("-o"),
                                      QString::fromLatin1(options), QStringLiteral("tmpfs"), at_}) == 0;
    }
    ~MemoryDrive() {
        if (mounted_) QProcess::execute(QStringLiteral("umount"), {at_});
    }
    MemoryDrive(const MemoryDrive&) = delete;
    MemoryDrive& operator=(const MemoryDrive&) = delete;
    [[nodiscard]] bool isThere() const { return mounted_; }

  private:
    QString at_;
    bool mounted_ = false;
};

/// Lets this process write no file beyond `bytes`, which SQLite meets like a disk that is full.
class SmallFiles {
  public:
    explicit SmallFiles(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit small = before_;
        small.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallFiles() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    SmallFiles(const SmallFiles&) = delete;
    SmallFiles& operator=(const SmallFiles&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int);
};

} // namespace

class TestSlideCacheLimits : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> dir_;
    [[nodiscard]] fs::path folder() const { return fs::path(dir_->path().toStdString()) / "cache"; }
    [[nodiscard]] Result<std::unique_ptr<SlideCache>> open(const std::string& slide,
                                                           std::uint64_t maxBytes = 8ull << 30) const {
        return SlideCache::open({folder(), maxBytes}, slide);
    }
    /// Makes the cache of a slide of about `mebibytes`, used so many hours ago. Gives its file.
    fs::path make(const std::string& slide, std::int64_t mebibytes, int hoursAgo) {
        const auto there = [this] {
            std::set<fs::path> files;
            for (const auto& entry : fs::directory_iterator(folder()))
                if (entry.path().extension() == ".spotcache") files.insert(entry.path());
            return files;
        };
        fs::create_directories(folder());
        const auto before = there();
        if (!addFeatures(**open(slide), 0, mebibytes * 512, wide)) return {};
        for (const auto& file : there())
            if (!before.contains(file)) {
                fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(hoursAgo));
                return file;
            }
        return {};
    }

  private Q_SLOTS:
    void init() { dir_ = std::make_unique<QTemporaryDir>(); }

    void theSlidesUsedLongestAgoGo() {
        const auto second = make("second", 2, 2), oldest = make("oldest", 2, 9),
                   newest = make("newest", 2, 1);
        QVERIFY(fs::exists(oldest) && fs::exists(second) && fs::exists(newest));
        auto cache = open("now", 7 * MiB);
        QVERIFY(fs::exists(oldest)); // all fit
        QVERIFY(addFeatures(**cache, 0, 512, wide).has_value());
        QVERIFY(!fs::exists(oldest) && fs::exists(second) && fs::exists(newest));
        QVERIFY(addFeatures(**cache, 512, 1536, wide).has_value());
        QVERIFY(!fs::exists(second) && fs::exists(newest));
        QCOMPARE(rightFeatures(**cache, 2048, wide), 2048); // this slide's own
        QCOMPARE(rightFeatures(**open("newest"), 1024, wide), 1024);
        cache->reset();
        QVERIFY(cacheUse(folder())->bytes <= 7 * MiB);
        for (const auto& entry : fs::directory_iterator(folder())) { // no journal is left behind
            const auto name = entry.path().filename().string();
            const auto owner = folder() / name.substr(0, name.find(".spotcache") + 10);
            QVERIFY2(name == "in-use.lock" || fs::exists(owner), name.c_str());
        }
    }
    void openingMakesRoomToo() {
        const auto old = make("old", 3, 5), recent = make("recent", 2, 1);
        auto cache = open("now", 4 * MiB);
        QVERIFY(cache.has_value() && !fs::exists(old) && fs::exists(recent));
    }
    void aSlideThatIsOpenedAgainCountsAsUsed() {
        const auto a = make("a", 2, 5), b = make("b", 2, 4);
        (void)open("a");
        auto cache = open("now", 3 * MiB);
        QVERIFY(fs::exists(a) && !fs::exists(b));
    }
    void whatIsOpenElsewhereStays() {
        const auto here = make("open here", 2, 9), there = make("open there", 2, 8),
                   none = make("none", 2, 7);
        auto held = open("open here");
        Companion other([&](const auto& tell) {
            static auto kept = open("open there"); // until the process ends
            if (kept && addPredictions(**kept, 0, 32)) tell();
        });
        QVERIFY(other.told());
        for (const auto& file : {here, there})
            fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(20));
        auto cache = open("now", 2 * MiB);
        QVERIFY(cache.has_value());
        QVERIFY(fs::exists(here) && fs::exists(there) && !fs::exists(none));
        QCOMPARE(rightFeatures(**held, 1024, wide), 1024);
        other.end(SIGKILL);
        held->reset();
        cache = open("now", 2 * MiB);
        QVERIFY(!fs::exists(here) && !fs::exists(there));
    }
    void whatIsNotOursStays() {
        auto file = make("newer program", 2, 9);
        QVERIFY(runSql(file, "PRAGMA user_version = 99"));
        const auto photos = folder() / "photos.spotcache", note = folder() / "note.txt";
        QVERIFY(runSql(photos, "CREATE TABLE photos(a); INSERT INTO photos VALUES(zeroblob(3000000))"));
        QVERIFY(writeFileAtomically(note, std::string(3 * MiB, 'x')).has_value());
        auto cache = open("now", 1 * MiB);
        QVERIFY(cache.has_value() && fs::exists(file) && fs::exists(photos) && fs::exists(note));
        QVERIFY(clearCache(folder()).has_value()); // the user's own wish takes ours, whatever their age
        QVERIFY(!fs::exists(file) && fs::exists(photos) && fs::exists(note));
    }
    void aFullSlideRefusesFeaturesBeforePredictions() {
        auto cache = open("now", 4 * MiB);
        Result<void> added;
        std::int64_t rows = 0;
        for (; rows < 10'000 && added; rows += 32)
            added = addFeatures(**cache, rows, 32, wide);
        QVERIFY2(sentence(added).contains(QStringLiteral("has reached the size that it may have")),
                 qPrintable(sentence(added)));
        QVERIFY(SlideCache::isLimit(added.error()));
        QVERIFY(rows > 1500 && rows < 1900);
        QVERIFY(SlideCache::isLimit(addFeatures(**cache, rows, 32, wide).error())); // and again
        QCOMPARE(rightFeatures(**cache, rows, wide), rows - 32);
        QVERIFY(addPredictions(**cache, 0, 3200).has_value()); // 64 KiB
        added = {};
        std::int64_t cells = 3200;
        for (; cells < 100'000 && added; cells += 3200)
            added = addPredictions(**cache, cells, 3200);
        QVERIFY(!added && SlideCache::isLimit(added.error()));
        QCOMPARE(rightPredictions(**cache), cells - 3200);
        QVERIFY((*cache)->noteRun("model", "{}", 9).has_value());
        cache = open("now", 40 * MiB); // the user allowed more
        QVERIFY(addFeatures(**cache, rows, 32, wide).has_value());
    }

    void aFullDiskIsASentenceAndNoHarm() {
        const MemoryDrive drive(folder(), "size=2m");
        if (!drive.isThere()) QSKIP("Only the administrator can mount a small drive for this test.");
        auto cache = open("now");
        QVERIFY(cache.has_value() && addFeatures(**cache, 0, 32, wide).has_value());
        const auto ballast = folder() / "ballast";
        QVERIFY(writeFileAtomically(ballast, std::string(300'000, 'x')).has_value());
        const auto [rows, refusal] = fill(**cache);
        QVERIFY2(refusal.contains(QStringLiteral("the disk is full. Make room and try again")),
                 qPrintable(refusal));
        QCOMPARE(rightFeatures(**cache, rows + 32, wide), rows); // whole, and readable
        const auto another = open("another slide");
        QVERIFY(another || sentence(another).contains(QStringLiteral("disk is full")));
        fs::remove(ballast);
        QVERIFY(addFeatures(**cache, rows, 32, wide).has_value());
        QCOMPARE(rightFeatures(**cache, rows + 32, wide), rows + 32);
        QVERIFY((*cache)->warnings().empty());
    }
    void aWriteThatFailsDoesNoHarm() {
        auto cache = open("now");
        QVERIFY(cache.has_value() && addFeatures(**cache, 0, 32, wide).has_value());
        std::int64_t rows = 0;
        {
            const SmallFiles limit(1 * MiB);
            const auto filled = fill(**cache);
            rows = filled.first;
            QVERIFY2(filled.second.contains(QStringLiteral("this file cannot be used")),
                     qPrintable(filled.second));
            QCOMPARE(rightFeatures(**cache, rows + 32, wide), rows);
        }
        QVERIFY(addFeatures(**cache, rows, 32, wide).has_value());
        QCOMPARE(rightFeatures(**cache, rows + 32, wide), rows + 32);
        QVERIFY((*cache)->warnings().empty());
    }

    void aFolderThatCannotBeUsedIsAnError() {
        const fs::path file = fs::path(dir_->path().toStdString()) / "file";
        QVERIFY(writeFileAtomically(file, "x").has_value());
        const auto below = SlideCache::open({file / "sub"}, "slide");
        QVERIFY2(sentence(below).contains(QStringLiteral("the folder for the cache cannot be made")),
                 qPrintable(sentence(below)));
        QCOMPARE(below.error().kind, ErrorKind::Device);
        fs::create_directories(folder());
        const MemoryDrive drive(folder(), "ro");
        if (!drive.isThere()) {
            if (geteuid() == 0) QSKIP("No drive that is read-only could be mounted here.");
            fs::permissions(folder(), fs::perms::owner_read | fs::perms::owner_exec);
        }
        const auto locked = open("slide");
        QVERIFY2(sentence(locked).contains(QStringLiteral("cannot be")), qPrintable(sentence(locked)));
        QCOMPARE(locked.error().kind, ErrorKind::Device);
        QVERIFY(clearCache(folder()).has_value()); // nothing is there
        if (!drive.isThere()) fs::permissions(folder(), fs::perms::owner_all);
    }

    void clearingEmptiesAlsoWhatIsOpen() {
        QVERIFY(clearCache(folder()).has_value()); // not there
        QCOMPARE(cacheUse(folder())->slides, std::size_t{0});
        const auto closed = make("closed", 1, 1);
        auto cache = open("now"), reader = open("now");
        QVERIFY(addFeatures(**cache, 0, 1024, wide).has_value() &&
                addPredictions(**cache, 0, 32).has_value());
        QCOMPARE(rightPredictions(**reader), 32);
        QVERIFY((*cache)->noteRun("model", "{}", 64).has_value());
        QCOMPARE(rightFeatures(**cache, 1024, wide), 1024); // what an object remembers must not outlive it
        const auto cleared = clearCache(folder());
        QVERIFY2(cleared.has_value(), qPrintable(sentence(cleared)));
        QVERIFY(!fs::exists(closed));
        QVERIFY(cacheUse(folder())->bytes < MiB);
        QCOMPARE(rightFeatures(**cache, 1024, wide), 0);
        QCOMPARE((*reader)->predictionCount("model").value(), std::size_t{0});
        QVERIFY((*reader)->runs()->empty());
        QVERIFY(addPredictions(**cache, 0, 32).has_value()); // the same cells are new again
        QCOMPARE(rightPredictions(**reader), 32);
        QVERIFY(addFeatures(**cache, 0, 64, wide).has_value());
        QCOMPARE(rightFeatures(**reader, 1024, wide), 64);
        QVERIFY((*cache)->warnings().empty() && (*reader)->warnings().empty());
        cache->reset();
        reader->reset();
        QVERIFY(clearCache(folder()).has_value());
        QCOMPARE(cacheUse(folder())->slides, std::size_t{0});
    }

  private:
    /// Adds rows after the first 32 until that is refused. Gives how many there are, and the sentence.
    static std::pair<std::int64_t, QString> fill(SlideCache& cache) {
        for (std::int64_t rows = 32; rows < 10'000; rows += 32)
            if (const auto added = addFeatures(cache, rows, 32, wide); !added)
                return {rows, added.error().kind == ErrorKind::Device && !SlideCache::isLimit(added.error())
                                  ? sentence(added)
                                  : QStringLiteral("another kind of error")};
        return {10'000, QStringLiteral("no error")};
    }
};

QTEST_GUILESS_MAIN(TestSlideCacheLimits)
#include "TestSlideCacheLimits.moc"
