#include "engine/SmallModel.h"
#include "inference/engine/DkanEngine.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

/// Work that is not done: each distinct patch is encoded once, and nothing that was kept is computed again.
class TestStoredRun : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    fs::path model_;
    static constexpr std::size_t spots_ = 15 * 12;

    std::unique_ptr<PredictionEngine> engine(const std::string& cache, int patchBatch = 0,
                                             int spotBatch = 0) {
        EngineSettings settings;
        if (!cache.empty()) settings.cacheFolder = fs::path(dir_.path().toStdString()) / cache;
        settings.patchBatch = patchBatch;
        settings.spotBatch = spotBatch;
        auto opened = openDkanEngine(model_, settings);
        return opened ? std::move(*opened) : nullptr;
    }
    static PredictionRequest request() { return {tissueSlide(), {1, 1}, 0, {}, {}}; }

  private Q_SLOTS:
    void initTestCase() {
        model_ = fs::path(dir_.path().toStdString()) / "m.safetensors";
        QVERIFY(saveModel(smallModel(), model_).has_value());
    }
    /// Patches as wide as the pitch: the 25 neighbours of a spot are other spots' patches (section 5.3).
    void atPatchPitchOnePassASpot() {
        const auto c = run(*engine(""), request());
        QVERIFY2(c.outcome.has_value(), c.outcome ? "" : c.outcome.error().sentence().c_str());
        QCOMPARE(c.outcome->spots, spots_);
        QCOMPARE(c.outcome->encoderPasses, spots_);
        QCOMPARE(c.outcome->featuresFromCache, std::size_t{0});
        QCOMPARE(c.outcome->device, std::string("cpu"));
        QVERIFY(c.outcome->patchBatch >= 1 && c.outcome->spotBatch >= 1);
    }
    /// Glass is not encoded beyond the two patches around tissue that are its neighbours, and a spot's
    /// neighbours are other spots' patches, also where the pitch is no whole number of pixels.
    void glassFarFromTissueIsNotEncoded() {
        SyntheticSlideOptions options;
        options.width = 6010;
        options.height = 4810;
        const auto slide = std::make_shared<SyntheticSlideSource>(options);
        for (const double scale : {1.0, 0.893}) {
            const PredictionRequest wanted{slide, {scale, scale}, 0, {}, {}};
            const auto c = run(*engine(""), wanted);
            QVERIFY(c.outcome.has_value());
            QVERIFY(c.values.size() > 50 && c.values.size() < 600);
            std::set<std::int64_t> near;
            const auto columns = c.lattice.columns;
            for (const auto& [cell, values] : c.values)
                for (int dy = -2; dy <= 2; ++dy)
                    for (int dx = -2; dx <= 2; ++dx) {
                        const auto column = cell % columns + dx, row = cell / columns + dy;
                        if (column >= 0 && row >= 0 && column < columns && row < c.lattice.rows)
                            near.insert(row * columns + column);
                    }
            // Of the first row and column, cut off by a fraction of a pixel, none is a neighbour.
            const auto cut = std::ranges::count_if(
                near, [&](std::int64_t cell) { return cell < columns || cell % columns == 0; });
            QVERIFY(c.outcome->encoderPasses <= near.size());
            QVERIFY(c.outcome->encoderPasses + static_cast<std::size_t>(cut) >= near.size());
            if (scale == 1.0) QCOMPARE(c.outcome->encoderPasses, near.size());
        }
    }
    void atGivenSpotsEachDistinctPatchOnce() {
        // Two spots of the array at the same place, one that shares neighbours, one apart.
        const auto slide = tissueSlide();
        const std::vector<SpotPlace> spots{{"a", 3, 3, {1000.5, 1000.5}},
                                           {"b", 4, 3, {1000.5, 1000.5}},
                                           {"c", 5, 3, {1200.5, 1000.5}},
                                           {"d", 9, 9, {2225.5, 1525.5}}};
        const auto p = engine("")->predictSpots(*slide, {1, 1}, spots, {}, {});
        QVERIFY(p.has_value());
        QCOMPARE(p->report.spots, std::size_t{4});
        QCOMPARE(p->report.encoderPasses, std::size_t{25 + 5 + 25});
    }
    void theBatchDoesNotMatter() {
        const auto wanted = run(*engine("", 1, 1), request());
        for (const int batch : {3, 16, 64}) {
            const auto c = run(*engine("", batch, batch), request());
            QVERIFY2(largestDifference(wanted.values, c.values) < 1e-5,
                     qPrintable(QString::number(largestDifference(wanted.values, c.values))));
        }
    }
    void whatIsKeptIsNotComputedAgain() {
        const auto fresh = run(*engine("twice"), request());
        QVERIFY(fresh.outcome.has_value());
        const auto kept = run(*engine("twice"), request());
        QVERIFY(kept.outcome.has_value());
        QCOMPARE(kept.outcome->encoderPasses, std::size_t{0});
        QCOMPARE(kept.outcome->spotsFromCache, spots_);
        QCOMPARE(kept.outcome->spots, spots_);
        QCOMPARE(largestDifference(fresh.values, kept.values), 0.0); // to the bit
        auto one = request();
        one.genes = {1};
        const auto gene = run(*engine("twice"), one);
        QCOMPARE(gene.outcome->encoderPasses, std::size_t{0});
        QCOMPARE(gene.values.at(0)[0], fresh.values.at(0)[1]);
    }
    void anInterruptedRunGoesOn() {
        const auto whole = run(*engine("whole"), request());
        const auto begun = run(*engine("parts"), request(), {}, 40);
        QVERIFY(!begun.outcome);
        QCOMPARE(begun.outcome.error().kind, ErrorKind::Cancelled);
        QVERIFY(begun.values.size() >= 40 && begun.values.size() < spots_);
        QCOMPARE(engine("parts")->keptRun(request()), KeptRun::Unfinished);
        const auto rest = run(*engine("parts"), request());
        QVERIFY(rest.outcome.has_value());
        QCOMPARE(rest.values.size(), spots_);
        QVERIFY(rest.outcome->spotsFromCache >= begun.values.size());
        QVERIFY(rest.outcome->featuresFromCache > 0);
        QVERIFY(rest.outcome->encoderPasses < spots_);
        QVERIFY(largestDifference(rest.values, whole.values) < 1e-5);
        QCOMPARE(engine("parts")->keptRun(request()), KeptRun::Complete);
    }
    /// A drive that drops out for a while must not leave its mark on later sessions.
    void whatIsComputedAroundUnreadablePlacesIsNotKept() {
        auto damaged = request();
        damaged.slide = tissueSlide({{1000, 1000, 30, 30}});
        const auto c = run(*engine("broken"), damaged);
        QVERIFY(c.outcome.has_value());
        QVERIFY(c.values.size() < spots_);
        QVERIFY(std::ranges::any_of(c.notes, [](const std::string& note) {
            return note.find("could not be read") != std::string::npos;
        }));
        QVERIFY(engine("broken")->keptRun(request()) != KeptRun::Complete);
        const auto mended = run(*engine("broken"), request());
        QCOMPARE(mended.values.size(), spots_);
        QVERIFY(mended.outcome->featuresFromCache > 100);
        QVERIFY(largestDifference(mended.values, run(*engine(""), request()).values) < 1e-5);
        QCOMPARE(engine("broken")->keptRun(request()), KeptRun::Complete);
    }
    void genesAloneAreNotBookedAsARun() {
        auto one = request();
        one.genes = {1};
        QVERIFY(run(*engine("booked"), one).outcome.has_value());
        QCOMPARE(engine("booked")->keptRun(request()), KeptRun::None);
    }
    void aModelWrittenAnewIsNotTakenForTheLoadedOne() {
        const fs::path file = fs::path(dir_.path().toStdString()) / "rewritten.safetensors";
        QVERIFY(saveModel(smallModel(), file).has_value());
        EngineSettings settings;
        settings.cacheFolder = fs::path(dir_.path().toStdString()) / "rewritten";
        const auto before = openDkanEngine(file, settings);
        QVERIFY(before.has_value());
        QVERIFY(saveModel(smallModel(6), file).has_value());
        fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(2));
        QVERIFY(run(**before, request()).outcome.has_value());
        const auto after = openDkanEngine(file, settings);
        QVERIFY(after.has_value());
        QCOMPARE(run(**after, request()).outcome->spotsFromCache, std::size_t{0});
    }
    void aRunThatTheUserStoppedIsNotContinuedByItself() {
        auto wanted = request();
        wanted.stoppedForGood = [] { return true; };
        const auto c = run(*engine("stopped"), wanted, {}, 30);
        QVERIFY(!c.outcome);
        QCOMPARE(engine("stopped")->keptRun(request()), KeptRun::None);
        const auto again = run(*engine("stopped"), request()); // what it computed is there all the same
        QVERIFY(again.outcome->spotsFromCache >= 30);
    }
    void anotherModelTakesTheFeaturesAlone() {
        const auto first = run(*engine("models"), request());
        QVERIFY(first.outcome.has_value());
        const fs::path other = fs::path(dir_.path().toStdString()) / "other.safetensors";
        QVERIFY(saveModel(smallModel(6), other).has_value());
        EngineSettings settings;
        settings.cacheFolder = fs::path(dir_.path().toStdString()) / "models";
        const auto second = openDkanEngine(other, settings);
        QVERIFY(second.has_value());
        QCOMPARE((*second)->keptRun(request()), KeptRun::None);
        const auto c = run(**second, request());
        QCOMPARE(c.outcome->spotsFromCache, std::size_t{0});
        QCOMPARE(c.outcome->encoderPasses, std::size_t{0});
        QCOMPARE(c.outcome->featuresFromCache, spots_);
        QVERIFY(largestDifference(c.values, first.values) > 1e-3);
    }
    void anotherPrecisionOrScaleTakesNothing() {
        QVERIFY(run(*engine("scales"), request()).outcome.has_value());
        auto other = request();
        other.micronsPerPixel = {1.1, 1.1};
        const auto c = run(*engine("scales"), other);
        QCOMPARE(c.outcome->featuresFromCache, std::size_t{0});
        QCOMPARE(c.outcome->spotsFromCache, std::size_t{0});
    }
    void withoutAPlaceForTheCacheThePredictionGoesOn() {
        const auto file = fs::path(dir_.path().toStdString()) / "no-folder";
        QFile blocked(QString::fromStdString(file.string()));
        QVERIFY(blocked.open(QIODevice::WriteOnly));
        const auto c = run(*engine("no-folder"), request());
        QVERIFY(c.outcome.has_value());
        QCOMPARE(c.values.size(), spots_);
        QVERIFY(std::ranges::any_of(c.outcome->notes, [](const std::string& n) {
            return n.find("Nothing is kept") != std::string::npos;
        }));
    }
    void aFullCacheIsSaidOnceAndThePredictionGoesOn() {
        EngineSettings settings;
        settings.cacheFolder = fs::path(dir_.path().toStdString()) / "tiny";
        settings.cacheBytes = 40000;
        const auto small = openDkanEngine(model_, settings);
        QVERIFY(small.has_value());
        const auto c = run(**small, request());
        QVERIFY(c.outcome.has_value());
        QCOMPARE(c.values.size(), spots_);
        QCOMPARE(std::ranges::count_if(
                     c.notes, [](const std::string& n) { return n.find("goes on") != std::string::npos; }),
                 1);
    }
};

QTEST_GUILESS_MAIN(TestStoredRun)
#include "TestStoredRun.moc"
