#include "app/engine_module/PredictPlan.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>
#include <set>

using namespace spotglass;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> slidesNamed(std::initializer_list<const char*> names) {
    return {names.begin(), names.end()};
}

QString tables(const Result<PredictPlan>& plan) {
    if (!plan) return QString::fromStdString(plan.error().sentence());
    QStringList names;
    for (const auto& planned : plan->slides)
        names << QString::fromStdString(planned.slide.string() + ">" + planned.table.string());
    return names.join(QLatin1Char(' '));
}

} // namespace

class TestPredictPlan : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void aShardIsReadFromText() {
        const auto shard = parseShard("3/12").value();
        QVERIFY(shard.part == 3 && shard.parts == 12);
        QCOMPARE(parseShard("1/1")->parts, 1);
        for (const char* bad : {"0/4", "5/4", "-1/4", "1/0", "1/-1"})
            QCOMPARE(parseShard(bad).error().sentence(),
                     std::string(bad) + ": in a shard I/N, I counts from 1 to N.");
        for (const char* bad : {"x", "", "/", "1/", "/4", "1", "1/4/5", "1 / 4", "1/4x", "99999999999/4"})
            QVERIFY2(parseShard(bad).error().what.find("is written as I/N") != std::string::npos, bad);
        QCOMPARE(parseShard("x").error().kind, ErrorKind::Usage);
    }
    void shardsAreAllSlidesEachOnce() {
        std::vector<fs::path> slides;
        for (int i = 0; i < 11; ++i)
            slides.push_back(std::to_string(i));
        for (int parts = 1; parts <= 13; ++parts) {
            std::multiset<fs::path> all;
            for (int part = 1; part <= parts; ++part) {
                const auto mine = shardOf(slides, part, parts);
                QVERIFY(mine.size() >= slides.size() / std::size_t(parts));
                QVERIFY(mine.size() <= slides.size() / std::size_t(parts) + 1);
                all.insert(mine.begin(), mine.end());
            }
            QVERIFY(all == std::multiset<fs::path>(slides.begin(), slides.end()));
        }
        QCOMPARE(shardOf(slides, 2, 4), (std::vector<fs::path>{"1", "5", "9"}));
    }
    void oneSlideBecomesAFileAndSeveralAFolder() {
        PredictOptions options;
        options.slides = slidesNamed({"s/a.svs"});
        options.output = "out.csv";
        QCOMPARE(tables(planPredictions(options)), QStringLiteral("s/a.svs>out.csv"));
        options.output = "out";
        QCOMPARE(tables(planPredictions(options)), QStringLiteral("out: the output should be a .csv file."));
        options.intoFolder = true; // as for every shard
        QCOMPARE(tables(planPredictions(options)), QStringLiteral("s/a.svs>out/a.csv"));
        options.intoFolder = false;
        options.slides = slidesNamed({"s/a.svs", "t/b.svs", "c.tif"});
        QCOMPARE(tables(planPredictions(options)),
                 QStringLiteral("s/a.svs>out/a.csv t/b.svs>out/b.csv c.tif>out/c.csv"));
        options.shard = 2, options.shards = 2;
        QCOMPARE(tables(planPredictions(options)), QStringLiteral("t/b.svs>out/b.csv"));
        options.shard = 7, options.shards = 9; // more shards than slides
        QCOMPARE(tables(planPredictions(options)), QString());
    }
    void tablesOfTheSameNameAreRefused() {
        PredictOptions options;
        options.slides = slidesNamed({"s/a.svs", "b.svs", "t/a.tif"});
        options.output = "out";
        options.shard = 2, options.shards = 3; // this one has b.svs alone
        const auto plan = planPredictions(options);
        QCOMPARE(plan.error().kind, ErrorKind::Usage);
        QVERIFY2(tables(plan).startsWith(QStringLiteral(
                     "t/a.tif: this slide and s/a.svs would be written to the same table, out/a.csv.")),
                 qPrintable(tables(plan)));
        options.slides = slidesNamed({"a.svs", "a.svs"});
        QVERIFY(!planPredictions(options));
    }
    void tablesThatAreThereAreSkippedOnRequest() {
        const QTemporaryDir dir;
        PredictOptions options;
        options.slides = slidesNamed({"a.svs", "b.svs", "c.svs"});
        options.output = dir.path().toStdString();
        QVERIFY(writeFileAtomically(options.output / "b.csv", "spot").has_value());
        QCOMPARE(planPredictions(options)->slides.size(), std::size_t{3});
        options.skipExisting = true;
        const auto plan = planPredictions(options).value();
        QVERIFY(plan.slides.size() == 2 && plan.alreadyThere == 1);
        QCOMPARE(plan.slides[1].slide, fs::path("c.svs"));
    }
};

QTEST_GUILESS_MAIN(TestPredictPlan)
#include "TestPredictPlan.moc"
