// What the cache of a slide keeps, also when its program is killed, its file damaged, or several use it.
#include "CacheRows.h"
#include "viewer/base/Files.h"

#include <atomic>
#include <bit>
#include <limits>
#include <memory>
#include <QTemporaryDir>
#include <QtTest>
#include <random>
#include <thread>

using namespace cacherows;
namespace fs = std::filesystem;

class TestSlideCache : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> dir_;
    [[nodiscard]] fs::path folder() const { return fs::path(dir_->path().toStdString()) / "cache"; }
    [[nodiscard]] Result<std::unique_ptr<SlideCache>> open(const std::string& slide = "slide") const {
        return SlideCache::open({folder()}, slide);
    }

  private Q_SLOTS:
    void init() { dir_ = std::make_unique<QTemporaryDir>(); }

    void keepsFeaturesAndPredictions() {
        {
            auto cache = open();
            QVERIFY2(cache.has_value(), qPrintable(sentence(cache)));
            QVERIFY((*cache)->warnings().empty());
            QVERIFY(addFeatures(**cache, 0, 40).has_value());
            QVERIFY(addFeatures(**cache, 40, 1000).has_value());
            QVERIFY(addPredictions(**cache, 0, 2500).has_value());
            QVERIFY(addPredictions(**cache, 2500, 16).has_value());
            QCOMPARE(rightPredictions(**cache), 2516);
        }
        auto cache = open();
        QVERIFY((*cache)->warnings().empty());
        QCOMPARE((*cache)->predictionCount("model").value(), std::size_t{2516});
        QCOMPARE(rightPredictions(**cache), 2516);
        QCOMPARE(rightFeatures(**cache, 1040), 1040);
        QCOMPARE(rightFeatures(**cache, 5000), 1040); // the others are not mentioned
        QVERIFY(cacheUse(folder())->bytes >= 2516 * genes * 4);
        QCOMPARE(cacheUse(folder())->slides, std::size_t{1});
        QVERIFY((*cache)->bytesOnDisk() >= cacheUse(folder())->bytes / 2);
        QVERIFY(open("another slide").value()->predictionCount("model").value() == 0);
        QCOMPARE(cacheUse(folder())->slides, std::size_t{2});
    }
    void valuesComeBackToTheBit() {
        const std::vector<std::uint32_t> bits = {0x7FC12345, 0x80000000, 1,
                                                 0x7F800000, 0xFFFFFFFF, 0x3EAAAAAB};
        std::vector<float> values(bits.size());
        std::memcpy(values.data(), bits.data(), bits.size() * sizeof(float));
        const std::vector<std::int64_t> cells = {std::numeric_limits<std::int64_t>::max(), -1};
        QVERIFY(open().value()->addPredictions("m", 3, cells, values).has_value());
        auto cache = open();
        int calls = 0;
        const auto read = (*cache)->readPredictions("m", 3, [&](auto gotCells, auto got) {
            ++calls;
            return gotCells.size() == 2 && gotCells[0] == cells[0] && gotCells[1] == cells[1] &&
                   std::memcmp(got.data(), bits.data(), bits.size() * sizeof(float)) == 0 && ++calls > 0;
        });
        QVERIFY(read.has_value());
        QCOMPARE(calls, 2);
    }
    void setsAreKeptApart() {
        auto cache = open();
        QVERIFY(addPredictions(**cache, 0, 10, "one").has_value());
        QVERIFY(addPredictions(**cache, 5, 20, "O'Brien \"two\"; DROP TABLE sets;--\n\xFF").has_value());
        QVERIFY(addFeatures(**cache, 0, 3, width, "one").has_value()); // features have names of their own
        QCOMPARE((*cache)->predictionCount("one").value(), std::size_t{10});
        QCOMPARE(rightPredictions(**cache, "O'Brien \"two\"; DROP TABLE sets;--\n\xFF"), 20);
        QCOMPARE((*cache)->predictionCount("three").value(), std::size_t{0});
        QCOMPARE(rightPredictions(**cache, "three"), 0);
        const std::vector<FeaturePlace> wanted = {placeOf(0)};
        QVERIFY((*cache)->features("three", 99, wanted)->places.empty());
    }
    void whatIsThereStaysAsItIs() {
        auto cache = open();
        QVERIFY(addPredictions(**cache, 0, 10).has_value());
        const std::vector<std::int64_t> cells = {9, 10, 10, 11};
        std::vector<float> values(cells.size() * genes, -1);
        for (std::size_t gene = 0; gene < genes; ++gene) {
            values[genes + gene] = valueOf(10, gene);
            values[3 * genes + gene] = valueOf(11, gene);
        }
        QVERIFY((*cache)->addPredictions("model", genes, cells, values).has_value());
        QVERIFY(addPredictions(**cache, 0, 12).has_value()); // nothing of it is new
        QCOMPARE((*cache)->predictionCount("model").value(), std::size_t{12});
        QCOMPARE(rightPredictions(**cache), 12);
        QCOMPARE(askSql(onlyCache(folder()), "SELECT count(*) FROM blocks"), 2);
    }
    void predictionsComeInOrderOfArrivalAndInPortions() {
        auto cache = open();
        for (std::int64_t first = 3000; first >= 0; first -= 30)
            QVERIFY(addPredictions(**cache, first, 30).has_value());
        std::vector<std::size_t> portions;
        std::vector<std::int64_t> all;
        QVERIFY((*cache)
                    ->readPredictions("model", genes,
                                      [&](auto cells, auto) {
                                          portions.push_back(cells.size());
                                          all.insert(all.end(), cells.begin(), cells.end());
                                          return true;
                                      })
                    .has_value());
        QCOMPARE(all.size(), std::size_t{3030});
        QCOMPARE(all.front(), 3000);
        QCOMPARE(all.back(), 29);
        QCOMPARE(portions.size(), std::size_t{3});
        QVERIFY(portions[0] >= 1000 && portions[0] < 1300);
        int calls = 0;
        QVERIFY(
            (*cache)->readPredictions("model", genes, [&](auto, auto) { return ++calls < 2; }).has_value());
        QCOMPARE(calls, 2);
        bool added = false; // the cache may be used meanwhile; what is new is handed over too
        std::size_t rows = 0;
        QVERIFY((*cache)
                    ->readPredictions("model", genes,
                                      [&](auto cells, auto) {
                                          rows += cells.size();
                                          if (!added) added = addPredictions(**cache, 5000, 7).has_value();
                                          return true;
                                      })
                    .has_value());
        QCOMPARE(rows, std::size_t{3037});
    }
    void senselessRequestsAreRefused() {
        QCOMPARE(open("").error().kind, ErrorKind::Usage);
        auto cache = open();
        const std::vector<FeaturePlace> two = {{1, 1}, {2, 2}};
        const std::vector<std::uint16_t> five(5);
        QCOMPARE((*cache)->addFeatures("e", 3, two, five).error().kind, ErrorKind::Usage);
        QCOMPARE((*cache)->addFeatures("e", 0, two, {}).error().kind, ErrorKind::Usage);
        QCOMPARE((*cache)->addFeatures("e", -3, two, five).error().kind, ErrorKind::Usage);
        QVERIFY(addFeatures(**cache, 0, 3).has_value());
        QCOMPARE(addFeatures(**cache, 3, 3, width + 1).error().kind, ErrorKind::Usage);
        QCOMPARE((*cache)->features("encoder", width + 1, two).error().kind, ErrorKind::Usage);
        QCOMPARE(rightFeatures(**cache, 10), 3);
        QVERIFY((*cache)->addFeatures("e", 3, {}, {}).has_value()); // nothing is nothing
        QVERIFY((*cache)->warnings().empty());
    }
    void runsAreKnownUntilTheyAreForgotten() {
        {
            auto cache = open();
            QVERIFY((*cache)->runs()->empty());
            QVERIFY((*cache)->noteRun("model", R"({"pitch": 100})", 500).has_value());
            QVERIFY((*cache)->noteRun("other", "{}", 7).has_value());
            QVERIFY(addPredictions(**cache, 0, 48).has_value());
        }
        auto cache = open();
        auto runs = (*cache)->runs().value();
        QCOMPARE(runs.size(), std::size_t{2});
        QCOMPARE(runs[0].set, std::string("other")); // begun last
        QCOMPARE(runs[1].description, std::string(R"({"pitch": 100})"));
        QCOMPARE(runs[1].done, std::size_t{48});
        QCOMPARE(runs[1].total, std::size_t{500});
        QVERIFY(!runs[1].complete);
        QVERIFY((*cache)->noteRunComplete("other").has_value() &&
                (*cache)->noteRunComplete("none").has_value());
        QVERIFY((*cache)->noteRun("model", "again", 600).has_value());
        runs = (*cache)->runs().value();
        QVERIFY(runs[0].set == "model" && runs[0].description == "again" && runs[0].total == 600);
        QVERIFY(runs[1].complete && !runs[0].complete);
        QVERIFY((*cache)->forgetRun("model").has_value());
        QCOMPARE((*cache)->runs()->size(), std::size_t{1});
        QCOMPARE((*cache)->predictionCount("model").value(), std::size_t{48}); // those stay
    }
    void anyFingerprintMakesASafeName() {
        for (const std::string slide : {"../../outside", "a/b", "CON", "x\n\xFF", "."})
            QVERIFY(addPredictions(**open(slide), 0, 3).has_value());
        QVERIFY(addPredictions(**open(std::string(5000, 'a')), 0, 3).has_value());
        QCOMPARE(cacheUse(folder())->slides, std::size_t{6});
        for (const auto& entry : fs::directory_iterator(folder()))
            QVERIFY(QString::fromStdString(entry.path().stem().string())
                        .contains(QRegularExpression(QStringLiteral("^([0-9a-f]{32}|in-use)$"))));
    }

    void aKilledProgramLosesAtMostTheBatchInHand() {
        constexpr std::int64_t batch = 320; // more than fits into one block of the file
        std::mt19937 random(20260714);
        std::int64_t before = 0;
        for (int round = 0; round < 60; ++round) {
            Companion writer([&](const auto& tell) {
                auto cache = open();
                if (!cache) return;
                tell();
                for (std::int64_t first = before;; first += batch) {
                    if (!addFeatures(**cache, first, batch) || !addPredictions(**cache, first, batch)) return;
                    tell();
                }
            });
            QVERIFY(writer.told()); // open
            int batches = 0;
            for (const auto wanted = static_cast<int>(random() % 12); batches < wanted; ++batches)
                QVERIFY(writer.told());
            // Somewhere inside a batch: as long as a few of them take, in steps too small to be seen.
            std::atomic<unsigned> spin = static_cast<unsigned>(random() % 60'000);
            while (spin > 0)
                --spin;
            batches += writer.end(SIGKILL);
            auto cache = open();
            QVERIFY2(cache.has_value(), qPrintable(sentence(cache)));
            QVERIFY((*cache)->warnings().empty());
            const auto predictions = rightPredictions(**cache);
            const auto features = rightFeatures(**cache, predictions + 2 * batch);
            QCOMPARE(predictions % batch, 0); // whole batches alone
            QCOMPARE(features % batch, 0);
            QVERIFY(predictions >= before + batches * batch && predictions <= before + (batches + 1) * batch);
            QVERIFY(features == predictions || features == predictions + batch);
            before = predictions;
        }
        QVERIFY(before > 60 * batch);
        QCOMPARE(askSql(onlyCache(folder()), "SELECT count(*) FROM pragma_integrity_check WHERE"
                                             " integrity_check = 'ok'"),
                 1);
    }

    void objectsSeeEachOther() {
        auto a = open(), b = open();
        QVERIFY(addFeatures(**a, 0, 10).has_value());
        QCOMPARE(rightFeatures(**b, 100), 10);
        QVERIFY(addFeatures(**b, 5, 10).has_value());
        QCOMPARE(rightFeatures(**a, 100), 15);
        QVERIFY((*a)->noteRun("model", "{}", 9).has_value());
        QCOMPARE((*b)->runs()->size(), std::size_t{1});
    }
    void writersAtOnceLoseAndDoubleNothing() {
        const auto write = [this] {
            auto cache = open(); // not there yet: all of them try to make it
            if (!cache || !(*cache)->warnings().empty()) return false;
            for (std::int64_t first = 0; first < 960; first += 32)
                if (!addPredictions(**cache, first, 40) || !addFeatures(**cache, first, 40)) return false;
            return true;
        };
        Companion other([&](const auto& tell) {
            if (write()) tell();
        });
        std::atomic<int> done = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([&] { done += write(); });
        for (auto& thread : threads)
            thread.join();
        QVERIFY(other.told());
        QCOMPARE(done.load(), 3);
        auto cache = open();
        QCOMPARE((*cache)->predictionCount("model").value(), std::size_t{968});
        QCOMPARE(rightPredictions(**cache), 968);
        QCOMPARE(rightFeatures(**cache, 1000), 968);
    }
    void aReaderOfItsOwnThreadFollowsAWriter() {
        auto reader = open();
        std::atomic<bool> written = true;
        std::thread writer([&] {
            auto cache = open();
            for (std::int64_t first = 0; first < 3200; first += 32)
                if (!addPredictions(**cache, first, 32)) written = false;
        });
        std::int64_t seen = 0;
        while (seen < 3200 && written) {
            const auto now = rightPredictions(**reader);
            if (now < seen || now % 32 != 0) break;
            seen = now;
        }
        writer.join();
        QVERIFY(written);
        QCOMPARE(seen, 3200);
    }

    void aDamagedFileIsBegunAnew_data() {
        QTest::addColumn<QString>("kind");
        for (const char* kind : {"text", "few bytes", "half", "overwritten", "no tables", "another slide's"})
            QTest::newRow(kind) << QString::fromLatin1(kind);
    }
    void aDamagedFileIsBegunAnew() {
        QFETCH(QString, kind);
        QVERIFY(addPredictions(**open(), 0, 3000).has_value());
        const auto path = onlyCache(folder());
        auto content = readFile(path).value();
        if (kind == QStringLiteral("text")) content = std::string(5000, 'x');
        if (kind == QStringLiteral("few bytes")) content = "abc";
        if (kind == QStringLiteral("half")) content.resize(content.size() / 2);
        if (kind == QStringLiteral("overwritten"))
            std::fill(content.begin() + 4096, content.end() - 100, '\x55');
        if (kind == QStringLiteral("no tables") || kind == QStringLiteral("another slide's")) {
            QVERIFY(runSql(path, kind == QStringLiteral("no tables") ? "DROP TABLE blocks"
                                                                     : "UPDATE slide SET fingerprint = 'b'"));
            content = readFile(path).value();
        }
        QVERIFY(writeFileAtomically(path, content).has_value());
        auto cache = open();
        QVERIFY2(cache.has_value(), qPrintable(sentence(cache)));
        (void)(*cache)->predictionCount("model"); // damage inside the file is met when it is used
        (void)rightPredictions(**cache);
        QCOMPARE((*cache)->warnings().size(), std::size_t{1});
        QVERIFY(QString::fromStdString((*cache)->warnings()[0])
                    .contains(QStringLiteral("damaged and has been begun anew")));
        QCOMPARE((*cache)->predictionCount("model").value(), std::size_t{0});
        QVERIFY(addPredictions(**cache, 0, 32).has_value());
        QCOMPARE(rightPredictions(**open()), 32);
        QVERIFY(open().value()->warnings().empty());
    }
    void aFlippedBitIsNotShown() {
        {
            auto cache = open();
            QVERIFY(addPredictions(**cache, 0, 32).has_value() && addFeatures(**cache, 0, 32).has_value());
        }
        const auto path = onlyCache(folder());
        auto content = readFile(path).value();
        const float value = valueOf(20, 2);
        const auto at = content.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
        QVERIFY(at != std::string::npos);
        content[at] = static_cast<char>(content[at] ^ 4);
        QVERIFY(writeFileAtomically(path, content).has_value());
        auto cache = open();
        QCOMPARE(rightPredictions(**cache), 0); // not 32, and none that is wrong
        QCOMPARE((*cache)->warnings().size(), std::size_t{1});
        QVERIFY(addPredictions(**cache, 0, 32).has_value());
        QCOMPARE(rightPredictions(**cache), 32);
    }
    void anEmptyFileIsTakenAsNew() {
        (void)open();
        QVERIFY(writeFileAtomically(onlyCache(folder()), "").has_value());
        auto cache = open();
        QVERIFY(cache.has_value() && (*cache)->warnings().empty());
        QVERIFY(addPredictions(**cache, 0, 3).has_value());
    }
    void aNewerFileIsLeftAsItIs() {
        (void)open();
        const auto path = onlyCache(folder());
        QVERIFY(runSql(path, "PRAGMA user_version = 99"));
        const auto before = readFile(path).value();
        const auto cache = open();
        QVERIFY2(sentence(cache).contains(QStringLiteral("written by a newer version")),
                 qPrintable(sentence(cache)));
        QCOMPARE(cache.error().kind, ErrorKind::BadInput);
        QCOMPARE(readFile(path).value(), before);
    }
    void anotherProgramsDatabaseIsLeftAsItIs() {
        (void)open();
        const auto path = onlyCache(folder());
        fs::remove(path);
        QVERIFY(runSql(path, "CREATE TABLE photos(a)"));
        const auto cache = open();
        QVERIFY2(sentence(cache).contains(QStringLiteral("database of another program")),
                 qPrintable(sentence(cache)));
        QVERIFY(clearCache(folder()).has_value());
        QCOMPARE(askSql(path, "SELECT count(*) FROM sqlite_master"), 1);
    }
    void whatWasRemovedBehindItsBackIsBegunAnew() {
        auto cache = open(), second = open();
        QVERIFY(addPredictions(**cache, 0, 32).has_value());
        fs::remove_all(folder());
        QCOMPARE((*cache)->bytesOnDisk(), std::uint64_t{0});
        QVERIFY(addPredictions(**cache, 32, 32).has_value());
        QVERIFY(addPredictions(**second, 64, 32).has_value());
        QCOMPARE(rightPredictions(**open()), 64);
        QVERIFY((*cache)->warnings().empty());
    }
};

QTEST_GUILESS_MAIN(TestSlideCache)
#include "TestSlideCache.moc"
