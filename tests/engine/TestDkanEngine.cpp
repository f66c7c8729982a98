#include "engine/SmallModel.h"
#include "inference/engine/DkanEngine.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

class TestDkanEngine : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    std::unique_ptr<PredictionEngine> engine_;

  private Q_SLOTS:
    void initTestCase() {
        const fs::path file = fs::path(dir_.path().toStdString()) / "m.safetensors";
        QVERIFY(saveModel(smallModel(), file).has_value());
        auto opened = openDkanEngine(file);
        QVERIFY2(opened.has_value(), opened ? "" : opened.error().sentence().c_str());
        engine_ = std::move(*opened);
    }
    void everyTissueSpotIsPredictedOnce() {
        const auto c = run(*engine_, {tissueSlide(), {1, 1}, 0, {}, {}});
        QVERIFY(c.outcome.has_value());
        QCOMPARE(c.lattice.columns, 15);
        QCOMPARE(c.lattice.rows, 12);
        QCOMPARE(c.values.size(), c.lattice.tissueSpots);
        QCOMPARE(c.order.size(), c.values.size());
        QVERIFY(c.values.size() > 100);
    }
    void valuesDoNotDependOnWhatWasLookedAtFirst() {
        const auto a = run(*engine_, {tissueSlide(), {1, 1}, 0, {}, {}});
        const auto b = run(*engine_, {tissueSlide(), {1, 1}, 0, {2400, 1800, 400, 400}, {}});
        QCOMPARE(a.values.size(), b.values.size());
        QVERIFY(a.order != b.order);
        QVERIFY(largestDifference(a.values, b.values) < 1e-5);
    }
    void whatIsOnScreenComesFirst() {
        const Level0Rect view{2400, 1800, 400, 400};
        const auto c = run(*engine_, {tissueSlide(), {1, 1}, 0, view, {}});
        std::size_t inView = 0;
        for (const auto& [cell, values] : c.values)
            if (view.contains(
                    c.lattice.latticeToLevel0.toLevel0(static_cast<double>(cell % c.lattice.columns),
                                                       static_cast<double>(cell / c.lattice.columns))))
                ++inView;
        QVERIFY(inView > 0);
        for (std::size_t i = 0; i < inView; ++i) {
            const auto cell = c.order[i];
            QVERIFY(view.contains(
                c.lattice.latticeToLevel0.toLevel0(static_cast<double>(cell % c.lattice.columns),
                                                   static_cast<double>(cell / c.lattice.columns))));
        }
    }
    void finerOutputContainsTheCoarseOneInPlace() {
        // At a third of the pitch, the middle one of three shifted lattices lies where the model's own
        // lattice does.
        const auto coarse = run(*engine_, {tissueSlide(), {1, 1}, 0, {}, {}});
        const auto fine = run(*engine_, {tissueSlide(), {1, 1}, 200.0 / 3, {}, {}});
        QCOMPARE(fine.lattice.columns, 45);
        double worst = 0;
        for (const auto& [cell, values] : coarse.values) {
            const auto column = cell % 15 * 3 + 1, row = cell / 15 * 3 + 1;
            const auto it = fine.values.find(row * 45 + column);
            if (it == fine.values.end()) continue;
            for (std::size_t g = 0; g < 3; ++g)
                worst = std::max(worst, std::abs(static_cast<double>(values[g]) - it->second[g]));
        }
        QVERIFY2(worst < 1e-5, qPrintable(QString::number(worst)));
    }
    /// Of a level that a model does not have nothing is encoded and nothing computed.
    void onlyWhatTheLevelsNeedIsDone_data() {
        QTest::addColumn<bool>("slide");
        QTest::addColumn<bool>("region");
        QTest::newRow("all") << true << true;
        QTest::newRow("no slide level") << false << true;
        QTest::newRow("no region level") << true << false;
        QTest::newRow("patches alone") << false << false;
    }
    void onlyWhatTheLevelsNeedIsDone() {
        QFETCH(bool, slide);
        QFETCH(bool, region);
        const fs::path file = fs::path(dir_.path().toStdString()) / "levels.safetensors";
        const auto saved = saveModel(smallModel(5,
                                                [&](DkanConfig& c) {
                                                    c.levels = {slide, region, true};
                                                }),
                                     file);
        QVERIFY2(saved.has_value(), saved ? "" : saved.error().sentence().c_str());
        const auto engine = openDkanEngine(file);
        QVERIFY2(engine.has_value(), engine ? "" : engine.error().sentence().c_str());
        const auto c = run(**engine, {tissueSlide(), {1, 1}, 0, {}, {}});
        QVERIFY2(c.outcome.has_value(), c.outcome ? "" : c.outcome.error().sentence().c_str());
        QCOMPARE(c.values.size(), c.lattice.tissueSpots);
        QCOMPARE(c.outcome->contexts > 0, slide);
        QCOMPARE(c.outcome->contextTokens > 0, slide);
        QCOMPARE(c.outcome->encoderPasses, slide || region ? c.lattice.tissueSpots : std::size_t{0});
        for (const auto& [cell, values] : c.values)
            for (const float v : values)
                QVERIFY(std::isfinite(v));
    }
    void cancelStopsAndSaysSo() {
        const auto c = run(*engine_, {tissueSlide(), {1, 1}, 0, {}, {}}, {}, 16);
        QVERIFY(!c.outcome);
        QCOMPARE(c.outcome.error().exitCode(), 5);
        QVERIFY(c.values.size() < c.lattice.tissueSpots);
    }
    void aBrokenPlaceLeavesTheRestUsable() {
        const auto whole = run(*engine_, {tissueSlide(), {1, 1}, 0, {}, {}});
        const auto c = run(*engine_, {tissueSlide({{1450, 1050, 150, 150}}), {1, 1}, 0, {}, {}});
        QVERIFY(c.outcome.has_value());
        QVERIFY(c.values.size() < whole.values.size());
        QVERIFY(c.values.size() > whole.values.size() - 9);
        for (const auto& [cell, values] : c.values)
            for (const float v : values)
                QVERIFY(std::isfinite(v));
    }
    void someGenesAreTheSameAsAmongAll() {
        const auto all = run(*engine_, {tissueSlide(), {1, 1}, 0, {}, {}});
        PredictionRequest request{tissueSlide(), {1, 1}, 0, {}, {}};
        request.genes = {2};
        const auto one = run(*engine_, request);
        QCOMPARE(one.values.size(), all.values.size());
        for (const auto& [cell, values] : one.values) {
            QCOMPARE(values.size(), std::size_t{1});
            QVERIFY(std::abs(values[0] - all.values.at(cell)[2]) < 1e-5);
        }
    }
    void aViewThatMovesIsFollowed() {
        // After the first spots the eye goes to another corner; what it sees there comes next.
        const Level0Rect first{0, 0, 400, 400}, then{2600, 2000, 400, 400};
        std::atomic<bool> moved{false};
        PredictionRequest request{tissueSlide(), {1, 1}, 0, first, {}};
        request.visibleRegion = [&] { return moved ? then : first; };
        std::vector<Level0Point> order;
        PredictionLattice lattice;
        PredictionListener listener;
        listener.planned = [&](const PredictionLattice& l) { lattice = l; };
        listener.batch = [&](const PredictionBatch& batch) {
            for (const auto cell : batch.cells)
                order.push_back(
                    lattice.latticeToLevel0.toLevel0(static_cast<double>(cell % lattice.columns),
                                                     static_cast<double>(cell / lattice.columns)));
            moved = true;
        };
        EngineSettings settings;
        settings.spotBatch = 4;
        const auto engine = openDkanEngine(fs::path(dir_.path().toStdString()) / "m.safetensors", settings);
        QVERIFY(engine.has_value());
        QVERIFY((*engine)->predictLattice(request, listener, {}).has_value());
        QCOMPARE(order.size(), lattice.tissueSpots);
        QVERIFY(first.contains(order[0]));
        // At most two batches were under way when the view moved.
        const auto seen = std::ranges::find_if(order, [&](Level0Point p) { return then.contains(p); });
        QVERIFY(seen - order.begin() <= 12);
    }
    void wholeSlideContextIsOneWindowAndSaysItsCost() {
        PredictionRequest request{tissueSlide(), {1, 1}, 0, {}, {}};
        QVERIFY(run(*engine_, request).lattice.costNote.empty());
        request.wholeSlideContext = true;
        const auto whole = run(*engine_, request);
        QVERIFY(whole.lattice.costNote.find("180 spots") != std::string::npos);
        auto model = smallModel();
        model.card.contextMicrons = 20000; // wider than the slide
        const fs::path file = fs::path(dir_.path().toStdString()) / "wide2.safetensors";
        QVERIFY(saveModel(model, file).has_value());
        const auto wide = openDkanEngine(file);
        QVERIFY(wide.has_value());
        request.wholeSlideContext = false;
        QVERIFY(largestDifference(run(**wide, request).values, whole.values) < 1e-5);
        QVERIFY(largestDifference(run(*engine_, request).values, whole.values) > 1e-3);
    }
    void anotherScaleIsResampledAndSaidOrRefused() {
        const auto c = run(*engine_, {tissueSlide(), {1, 1}, 0, {}, {}});
        QVERIFY(c.outcome.has_value());
        QCOMPARE(c.outcome->notes.size(), std::size_t{1});
        QVERIFY(c.outcome->notes[0].find("resampled") != std::string::npos);
        QCOMPARE(c.notes, c.outcome->notes);
        for (const double scale : {0.35, 7.0}) {
            const auto far = run(*engine_, {tissueSlide(), {scale, scale}, 0, {}, {}});
            QVERIFY(!far.outcome);
            QCOMPARE(far.outcome.error().exitCode(), 3);
            QVERIFY(far.outcome.error().sentence().find("more than four times off") != std::string::npos);
        }
        auto model = smallModel(); // its patches were made coarser than the images it was trained on
        model.card.finestImageMicrons = model.card.coarsestImageMicrons = 0.35;
        const fs::path file = fs::path(dir_.path().toStdString()) / "coarse.safetensors";
        QVERIFY(saveModel(model, file).has_value());
        const auto engine = openDkanEngine(file);
        QVERIFY(engine.has_value());
        QVERIFY(run(**engine, {tissueSlide(), {0.35, 0.35}, 0, {}, {}}).outcome.has_value());
        QVERIFY(!run(**engine, {tissueSlide(), {7, 7}, 0, {}, {}}).outcome);
    }
    void aDeviceThatIsNotThereIsSaid() {
        EngineSettings settings;
        const fs::path file = fs::path(dir_.path().toStdString()) / "m.safetensors";
        settings.device = "cuda:77";
        const auto none = openDkanEngine(file, settings);
        QVERIFY(!none);
        QCOMPARE(none.error().exitCode(), 4);
        settings.device = "toaster";
        const auto wrong = openDkanEngine(file, settings);
        QVERIFY(!wrong);
        QCOMPARE(wrong.error().exitCode(), 2);
    }
    void spotsGiveTheSameAsALatticeOfTheSameContext() {
        // A slide narrower than a window: its lattice is one context, as measured spots are.
        SyntheticSlideOptions options;
        options.width = options.height = 1000;
        options.allTissue = true;
        const auto small = std::make_shared<SyntheticSlideSource>(options);
        auto model = smallModel();
        model.card.contextMicrons = 20000;
        const fs::path file = fs::path(dir_.path().toStdString()) / "wide.safetensors";
        QVERIFY(saveModel(model, file).has_value());
        const auto engine = openDkanEngine(file).value().release();
        const std::unique_ptr<PredictionEngine> owner(engine);
        const auto c = run(*engine, {small, {1, 1}, 0, {}, {}});
        std::vector<SpotPlace> spots;
        for (const auto& [cell, values] : c.values) {
            const int column = static_cast<int>(cell % c.lattice.columns),
                      row = static_cast<int>(cell / c.lattice.columns);
            spots.push_back({"", column, row, c.lattice.latticeToLevel0.toLevel0(column, row)});
        }
        const auto at = engine->predictSpots(*small, {1, 1}, spots, {}, {});
        QVERIFY(at.has_value());
        std::size_t i = 0;
        for (const auto& [cell, values] : c.values)
            for (const float v : values)
                QVERIFY(std::abs(v - at->values[i++]) < 1e-5);
    }
    /// A model that standardises features by slide: the slide decides, not what is looked at first, and not
    /// how fine the output is.
    void featuresAreStandardisedBySlide() {
        auto model = smallModel();
        model.featureMean.fill_(0.3); // so that the training's statistics would give something else
        const fs::path byTraining = fs::path(dir_.path().toStdString()) / "training.safetensors",
                       bySlide = fs::path(dir_.path().toStdString()) / "slide.safetensors";
        QVERIFY(saveModel(model, byTraining).has_value());
        model.card.featureScale = "slide";
        QVERIFY(saveModel(model, bySlide).has_value());
        const auto usual = openDkanEngine(byTraining).value(), engine = openDkanEngine(bySlide).value();
        const auto a = run(*engine, {tissueSlide(), {1, 1}, 0, {}, {}});
        const auto b = run(*engine, {tissueSlide(), {1, 1}, 0, {2400, 1800, 400, 400}, {}});
        QVERIFY(a.values.size() > 100);
        QVERIFY(largestDifference(a.values, b.values) < 1e-5);
        QVERIFY(largestDifference(a.values, run(*usual, {tissueSlide(), {1, 1}, 0, {}, {}}).values) > 1e-3);
        const auto fine = run(*engine, {tissueSlide(), {1, 1}, 200.0 / 3, {}, {}});
        for (const auto& [cell, values] : a.values) {
            const auto it = fine.values.find((cell / 15 * 3 + 1) * 45 + cell % 15 * 3 + 1);
            if (it == fine.values.end()) continue;
            for (std::size_t g = 0; g < 3; ++g)
                QVERIFY(std::abs(values[g] - it->second[g]) < 1e-5);
        }
    }
    void spotsFarApartOnTheArrayAreRefused() {
        const std::vector<SpotPlace> spots{{"a", 0, 0, {250, 250}}, {"b", 900000, 900000, {450, 450}}};
        const auto result = engine_->predictSpots(*tissueSlide(), {1, 1}, spots, {}, {});
        QVERIFY(!result);
        QVERIFY(result.error().sentence().find("array coordinates") != std::string::npos);
    }
    void withoutAScaleNothingIsGuessed() {
        const auto c = run(*engine_, {tissueSlide(), {0, 0}, 0, {}, {}});
        QVERIFY(!c.outcome);
        QVERIFY(c.outcome.error().sentence().find("--mpp") != std::string::npos);
    }
    void anUnknownEncoderIsNamed() {
        auto model = smallModel();
        model.card.imageEncoder = "uni";
        const fs::path file = fs::path(dir_.path().toStdString()) / "uni.safetensors";
        QVERIFY(saveModel(model, file).has_value());
        const auto opened = openDkanEngine(file);
        QVERIFY(!opened);
        QVERIFY(opened.error().sentence().find("\"uni\"") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestDkanEngine)
#include "TestDkanEngine.moc"
