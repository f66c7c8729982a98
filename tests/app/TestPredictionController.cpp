#include "app/desktop/PredictionController.h"

#include "app/FakeEngine.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <cmath>
#include <QSignalSpy>
#include <QtTest>

using namespace spotglass;
using Phase = PredictionState::Phase;

class TestPredictionController : public QObject {
    Q_OBJECT
    FakeFactory factory_;
    std::unique_ptr<Gate> gate_; ///< a new one for each test
    std::unique_ptr<PredictionController> controller_;
    std::vector<Error> errors_;
    int models_ = 0;

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
    [[nodiscard]] Phase phase() const { return controller_->state().phase; }

  private Q_SLOTS:
    void init() {
        gate_ = std::make_unique<Gate>();
        factory_.options = {};
        factory_.opened = 0;
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
