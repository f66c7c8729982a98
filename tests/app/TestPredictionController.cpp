#include "app/desktop/PredictionController.h"

#include "app/FakeEngine.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <cmath>
#include <QSignalSpy>
#include <QtTest>
#include <thread>

using namespace spotglass;
using Phase = PredictionState::Phase;

class TestPredictionController : public QObject {
    Q_OBJECT
    FakeFactory factory_;
    std::unique_ptr<Gate> gate_; ///< a new one for each test
    std::unique_ptr<PredictionController> controller_;
    std::vector<Error> errors_;
    int models_ = 0;
    FakeCache cache_;
    std::atomic<int> computed_{0};

    static OpenedSlide slide(int width = 2000) {
        SyntheticSlideOptions options;
        options.width = width;
        options.height = 1000;
        return {"/slides/a.svs", std::make_shared<SyntheticSlideSource>(options), MicronsPerPixel{2, 2}};
    }
    void make(PredictionController::LoadEngine load = {}) {
        if (!load) load = [this]() -> Result<EngineFactory*> { return &factory_; };
        controller_ = std::make_unique<PredictionController>(load, std::filesystem::path("/nowhere"));
        const auto note = [this](const Error& error) { errors_.push_back(error); };
        connect(controller_.get(), &PredictionService::modelFailed, this, note);
        connect(controller_.get(), &PredictionService::predictionFailed, this, note);
        connect(controller_.get(), &PredictionService::modelOpened, this, [this] { ++models_; });
    }
    void openModel(const char* file = "a.safetensors") {
        const int before = models_;
        controller_->openModel(file);
        QTRY_COMPARE(models_, before + 1);
    }
    void makeReady() {
        make();
        controller_->setSlide(slide());
        openModel();
    }
    [[nodiscard]] std::ptrdiff_t known(const char* gene = "G1") {
        const auto field = controller_->field(QString::fromUtf8(gene));
        return std::ranges::count_if(field.values, [](float value) { return std::isfinite(value); });
    }
    /// With a cache that outlives controllers.
    void makeReadyWithCache() {
        factory_.options.cache = &cache_;
        factory_.options.computed = &computed_;
        makeReady();
    }
    /// Waits until the worker has nothing left to do.
    void waitForWorker() {
        QSignalSpy listed(controller_.get(), &PredictionService::modelsListed);
        controller_->listModels();
        QTRY_COMPARE(listed.count(), 1);
    }
    [[nodiscard]] KeptRun kept() { return cache_.slides[slide().source->fingerprint()].run; }
    [[nodiscard]] Phase phase() const { return controller_->state().phase; }

  private Q_SLOTS:
    void init() {
        gate_ = std::make_unique<Gate>();
        factory_.options = {};
        factory_.opened = 0;
        factory_.settings.clear();
        factory_.machine.clear();
        factory_.refusedDevice.clear();
        cache_ = {};
        computed_ = 0;
        errors_.clear();
        models_ = 0;
    }
    void cleanup() { controller_.reset(); }

    void theEngineIsNotLoadedBeforeAModelIsAskedFor() {
        int loads = 0;
        make([this, &loads]() -> Result<EngineFactory*> {
            ++loads;
            return &factory_;
        });
        controller_->setSlide(slide());
        QSignalSpy listed(controller_.get(), &PredictionService::modelsListed);
        controller_->listModels();
        QTRY_COMPARE(listed.count(), 1); // the worker has been at work by now
        QCOMPARE(loads, 0);
        openModel();
        QCOMPARE(loads, 1);
    }
    void everyValueOfEveryGeneArrives() {
        makeReady();
        controller_->predict();
        QCOMPARE(phase(), Phase::Planning);
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(controller_->state().done, std::size_t{200});
        for (std::size_t gene = 0; gene < 5; ++gene) {
            const auto field = controller_->field(QStringLiteral("G%1").arg(gene));
            QCOMPARE(field.unit, std::string("log10(1 + counts)"));
            for (int row = 0; row < 10; ++row)
                for (int column = 0; column < 20; ++column)
                    QCOMPARE(field.at(column, row), FakeEngine::valueOf(gene, column, row));
        }
        QVERIFY(controller_->field(QStringLiteral("NO")).isEmpty());
    }
    void theFieldGrowsWhileBatchesArrive() {
        factory_.options.gate = gate_.get();
        makeReady();
        controller_->predict();
        gate_->open(2);
        QTRY_COMPARE(controller_->state().done, std::size_t{32});
        QCOMPARE(phase(), Phase::Running);
        QCOMPARE(controller_->state().total, std::size_t{200});
        QCOMPARE(known(), 32);
        gate_->open(1);
        QTRY_COMPARE(known("G4"), 48);
        gate_->open(100);
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(known("G0"), 200);
    }
    void whatIsVisibleComesFirstAlsoWhenTheViewMovesOn() {
        factory_.options.gate = gate_.get();
        factory_.options.batch = 4;
        makeReady();
        const Level0Rect corner{1800, 800, 200, 200}; // the last four cells
        controller_->setVisibleRegion(corner);
        controller_->predict();
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{4});
        QVERIFY(std::isfinite(controller_->field(QStringLiteral("G0")).at(19, 9)));
        QVERIFY(std::isnan(controller_->field(QStringLiteral("G0")).at(0, 0)));
        controller_->setVisibleRegion({900, 400, 200, 200});
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{8});
        QVERIFY(std::isfinite(controller_->field(QStringLiteral("G0")).at(9, 4)));
    }
    void cancelStopsAndKeepsWhatIsThere() {
        factory_.options.gate = gate_.get();
        makeReady();
        controller_->predict();
        gate_->open(3);
        QTRY_COMPARE(controller_->state().done, std::size_t{48});
        controller_->cancel();
        QCOMPARE(phase(), Phase::Cancelled);
        QCOMPARE(known(), 48);
        QSignalSpy listed(controller_.get(), &PredictionService::modelsListed);
        controller_->listModels();
        QTRY_COMPARE(listed.count(), 1); // the worker is free again: the run has ended
        QCOMPARE(phase(), Phase::Cancelled);
        QVERIFY(errors_.empty());
    }
    void batchesOfAnOlderRunAreDropped() {
        factory_.options.gate = gate_.get();
        factory_.options.ignoresCancel = true;
        makeReady();
        controller_->predict();
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{16});
        controller_->setSlide(slide(2100)); // another slide: nothing of the first run may show up on it
        QCOMPARE(phase(), Phase::Ready);
        QVERIFY(controller_->field(QStringLiteral("G1")).isEmpty());
        gate_->open(100); // the slow engine goes on to its end
        QSignalSpy grew(controller_.get(), &PredictionService::fieldGrew);
        QSignalSpy listed(controller_.get(), &PredictionService::modelsListed);
        controller_->listModels();
        QTRY_COMPARE(listed.count(), 1);
        QCOMPARE(grew.count(), 0);
        QVERIFY(controller_->field(QStringLiteral("G1")).isEmpty());
        QCOMPARE(phase(), Phase::Ready);
    }
    void whoComesBackToASlideFindsItsPredictions() {
        factory_.options.gate = gate_.get();
        makeReady();
        controller_->predict();
        gate_->open(2);
        QTRY_COMPARE(controller_->state().done, std::size_t{32});
        controller_->setSlide(slide(2100));
        QCOMPARE(phase(), Phase::Ready);
        controller_->setSlide({}); // the start page
        QVERIFY(controller_->field(QStringLiteral("G1")).isEmpty());
        controller_->setSlide(slide()); // opened again
        QCOMPARE(phase(), Phase::Cancelled);
        QCOMPARE(known(), 32);
        OpenedSlide scaled = slide();
        scaled.scale = MicronsPerPixel{3, 3};
        controller_->setSlide(scaled); // predictions at another scale are other predictions
        QCOMPARE(phase(), Phase::Ready);
        gate_->open(100);
        controller_->openModel("/models/b.safetensors");
        QTRY_COMPARE(phase(), Phase::Ready);
        controller_->setSlide(slide());
        QVERIFY(controller_->field(QStringLiteral("G1")).isEmpty()); // they were another model's
    }
    void anotherModelEndsTheRun() {
        factory_.options.gate = gate_.get();
        makeReady();
        controller_->predict();
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{16});
        openModel("b.safetensors");
        QCOMPARE(phase(), Phase::Ready);
        QVERIFY(controller_->field(QStringLiteral("G1")).isEmpty());
        QVERIFY(errors_.empty());
    }
    void aBrokenModelKeepsTheOldOneWorking() {
        makeReady();
        controller_->openModel("/models/broken.safetensors");
        QTRY_COMPARE(errors_.size(), std::size_t{1});
        QCOMPARE(errors_.front().sentence(),
                 std::string(
                     "/models/broken.safetensors: this file is not a Spotglass model. Choose another file."));
        QCOMPARE(phase(), Phase::Ready);
        controller_->predict();
        QTRY_COMPARE(phase(), Phase::Done);
    }
    void anEngineThatCannotBeLoadedIsSaidInASentence() {
        make([]() -> Result<EngineFactory*> {
            return fail(ErrorKind::Device, "the prediction part cannot be loaded");
        });
        controller_->openModel("a.safetensors");
        QTRY_COMPARE(errors_.size(), std::size_t{1});
        QCOMPARE(errors_.front().exitCode(), 4);
        QCOMPARE(phase(), Phase::NoModel);
    }
    void aFailureInTheMiddleKeepsTheValuesAndIsReported() {
        factory_.options.failure =
            Error{ErrorKind::Device, "there is not enough memory", {}, "Close other programs"};
        makeReady();
        controller_->predict();
        QTRY_COMPARE(errors_.size(), std::size_t{1});
        QCOMPARE(errors_.front().exitCode(), 4);
        QCOMPARE(phase(), Phase::Cancelled);
        QCOMPARE(known(), 200);
    }
    void aBatchThatDoesNotFitIsADefect() {
        factory_.options.outside = true;
        makeReady();
        controller_->predict();
        QTRY_COMPARE(errors_.size(), std::size_t{1});
        QCOMPARE(errors_.front().exitCode(), 1);
    }
    void withoutAScaleNothingIsPredicted() {
        make();
        OpenedSlide unscaled = slide();
        unscaled.scale.reset();
        controller_->setSlide(unscaled);
        openModel();
        controller_->predict();
        QCOMPARE(phase(), Phase::Ready);
        unscaled.scale = MicronsPerPixel{1, 1};
        controller_->setSlide(unscaled);
        controller_->predict();
        QTRY_COMPARE(phase(), Phase::Done);
    }
    void onlyTheLastOfSeveralModelsCounts() {
        make();
        QSignalSpy opened(controller_.get(), &PredictionService::modelOpened);
        controller_->openModel("a.safetensors");
        controller_->openModel("b.safetensors");
        QTRY_COMPARE(factory_.opened.load(), 2);
        QTRY_COMPARE(opened.count(), 1);
        QCOMPARE(opened.front().front().value<ModelDescription>().name, QStringLiteral("Fake b"));
    }
    void aRunThatTheWindowClosedOnGoesOnByItselfAndComputesNothingTwice() {
        factory_.options.gate = gate_.get();
        makeReadyWithCache();
        controller_->predict();
        gate_->open(3);
        QTRY_COMPARE(controller_->state().done, std::size_t{48});
        controller_.reset(); // the window closes
        QCOMPARE(kept(), KeptRun::Unfinished);
        gate_->open(1000);
        makeReady(); // the next session
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(known(), 200);
        QCOMPARE(computed_.load(), 200);
        QCOMPARE(kept(), KeptRun::Complete);
        controller_.reset();
        makeReady();
        QTRY_COMPARE(phase(), Phase::Done); // all from the cache
        QCOMPARE(computed_.load(), 200);
        QVERIFY(errors_.empty());
    }
    void aRunThatTheUserCancelledDoesNotGoOn() {
        factory_.options.gate = gate_.get();
        makeReadyWithCache();
        controller_->predict();
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{16});
        controller_->cancel();
        QCOMPARE(phase(), Phase::Cancelled); // at once
        waitForWorker();
        QCOMPARE(kept(), KeptRun::None);
        controller_->setSlide(slide(2100));
        controller_->setSlide(slide());
        waitForWorker();
        QCOMPARE(phase(), Phase::Cancelled);
        QCOMPARE(computed_.load(), 16);
        gate_->open(1000);
        controller_->predict(); // but may be asked for again, and goes on where it was
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(computed_.load(), 200);
    }
    void cancelAnswersAtOnceWhileTheEngineFinishesItsBatch() {
        std::atomic<bool> inside{false}, leave{false};
        factory_.options.onStart = [&](const CancelToken&) {
            inside = true;
            while (!leave)
                std::this_thread::yield();
        };
        makeReady();
        controller_->predict();
        QTRY_VERIFY(inside);
        controller_->cancel();
        QCOMPARE(phase(), Phase::Cancelled);
        leave = true;
        waitForWorker();
        QCOMPARE(phase(), Phase::Cancelled);
        QCOMPARE(known(), 0);
    }
    void aSlideThatIsLeftGoesOnWhenSomebodyComesBack() {
        factory_.options.gate = gate_.get();
        makeReadyWithCache();
        controller_->predict();
        gate_->open(2);
        QTRY_COMPARE(controller_->state().done, std::size_t{32});
        controller_->setSlide(slide(2100));
        gate_->open(1000);
        controller_->setSlide(slide());
        QVERIFY(known() >= 32); // what was there is shown before the engine has answered
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(computed_.load(), 200);
    }
    void aPausedRunGoesOnWithoutLosingOrRepeating_data() {
        QTest::addColumn<bool>("cached");
        QTest::newRow("with a cache") << true;
        QTest::newRow("without") << false;
    }
    void aPausedRunGoesOnWithoutLosingOrRepeating() {
        QFETCH(bool, cached);
        factory_.options.gate = gate_.get();
        if (cached)
            makeReadyWithCache();
        else
            makeReady();
        controller_->predict();
        gate_->open(2);
        QTRY_COMPARE(controller_->state().done, std::size_t{32});
        controller_->pause();
        QCOMPARE(phase(), Phase::Paused);
        QCOMPARE(known(), 32);
        waitForWorker();
        QCOMPARE(phase(), Phase::Paused);
        gate_->open(1000);
        controller_->resume();
        QCOMPARE(known(), 32); // nothing is taken away meanwhile
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(controller_->state().done, std::size_t{200});
        for (int row = 0; row < 10; ++row)
            for (int column = 0; column < 20; ++column)
                QCOMPARE(controller_->field(QStringLiteral("G3")).at(column, row),
                         FakeEngine::valueOf(3, column, row));
        if (cached) QCOMPARE(computed_.load(), 200);
    }
    void aPausedRunCanBeCancelledForGood() {
        factory_.options.gate = gate_.get();
        makeReadyWithCache();
        controller_->predict();
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{16});
        controller_->pause();
        waitForWorker();
        QCOMPARE(kept(), KeptRun::Unfinished);
        controller_->cancel();
        QCOMPARE(phase(), Phase::Cancelled);
        waitForWorker();
        QCOMPARE(kept(), KeptRun::None);
        QCOMPARE(known(), 16);
    }
    void theSpeedIsThatOfComputedSpots() {
        factory_.options.gate = gate_.get();
        factory_.options.batch = 10;
        makeReadyWithCache();
        double now = 100;
        controller_->setClock([&now] { return now; });
        auto& cells = cache_.slides[slide().source->fingerprint()].cells;
        for (std::int64_t cell = 0; cell < 100; ++cell)
            cells.push_back(cell);
        controller_->predict();
        QTRY_COMPARE(controller_->state().done, std::size_t{100});
        QCOMPARE(controller_->state().spotsPerSecond, 0.0); // the cache is no measure
        QVERIFY(!controller_->state().secondsLeft);
        now = 104;
        gate_->open(2);
        QTRY_COMPARE(controller_->state().done, std::size_t{120});
        QVERIFY(controller_->state().spotsPerSecond <= 5);
        QVERIFY(controller_->state().spotsPerSecond >= 2.5);
        QVERIFY(controller_->state().secondsLeft.value() >= 16);
        gate_->open(1000);
        QTRY_COMPARE(phase(), Phase::Done);
        QVERIFY(!controller_->state().secondsLeft);
    }
    void theDeviceAndTheNotesOfARunAreTold() {
        factory_.options.gate = gate_.get();
        factory_.options.notes = {"Patches are resampled.", "The graphics processor failed."};
        factory_.machine = {{"cuda:0", "graphics processor 0", true, "", 0, 0, 0, 0}};
        makeReady();
        controller_->predict();
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{16});
        QTRY_COMPARE(controller_->state().notes.size(), 2);
        QCOMPARE(controller_->state().device, QStringLiteral("graphics processor 0"));
        QCOMPARE(controller_->state().precision, QStringLiteral("32-bit"));
        gate_->open(1000);
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(controller_->state().device, QStringLiteral("main processor")); // where it ended
        QCOMPARE(controller_->state().notes.last(), QStringLiteral("The graphics processor failed."));
        QCOMPARE(controller_->state().notes.size(), 2); // the report does not repeat them
    }
    void quittingInTheMiddleDoesNotHang() {
        factory_.options.gate = gate_.get();
        makeReady();
        controller_->predict();
        gate_->open(1);
        QTRY_COMPARE(controller_->state().done, std::size_t{16});
        QElapsedTimer clock;
        clock.start();
        controller_.reset();
        QVERIFY(clock.elapsed() < 2000);
    }
};

QTEST_GUILESS_MAIN(TestPredictionController)
#include "TestPredictionController.moc"
