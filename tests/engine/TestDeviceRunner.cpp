#include "engine/SmallModel.h"
#include "inference/engine/BatchSize.h"
#include "inference/engine/LatticeRun.h"

#include <QtTest>

using namespace spotglass;

namespace {

/// What goes wrong, and when.
struct Trouble {
    int fits = 1000;           ///< batches of more items are out of memory
    int patchesUntilGone = -1; ///< the device stops answering after so many patches; -1: never
    int spotsUntilGone = -1;
    int stagingsUntilGone = -1; ///< noticed first where host memory is asked for
    bool gone = false;
    int encoded = 0, predicted = 0;
    mutable int staged = 0;
};

/// The real networks behind a device that has trouble.
class TroubledCompute final : public Compute {
  public:
    TroubledCompute(std::unique_ptr<Compute> real, Trouble& trouble, std::string name)
        : real_(std::move(real)), trouble_(trouble), name_(std::move(name)) {}
    [[nodiscard]] std::string device() const override { return name_; }
    Later encode(const torch::Tensor& patches) override {
        pass(patches.size(0), trouble_.encoded, trouble_.patchesUntilGone);
        return real_->encode(patches);
    }
    torch::Tensor encodeMasked(int side) override { return real_->encodeMasked(side); }
    torch::Tensor slideTokens(const torch::Tensor& features, const torch::Tensor& positions) override {
        pass(0, trouble_.predicted, -1);
        return real_->slideTokens(features, positions);
    }
    Later predict(const SpotInputs& spots) override {
        pass(spots.patches.size(0), trouble_.predicted, trouble_.spotsUntilGone);
        return real_->predict(spots);
    }
    void chooseGenes(const std::vector<int64_t>& genes) override {
        pass(0, trouble_.encoded, -1);
        real_->chooseGenes(genes);
    }
    void useSlide(const torch::Tensor& sample) override {
        pass(0, trouble_.encoded, -1);
        real_->useSlide(sample);
    }
    [[nodiscard]] torch::Tensor staging(at::IntArrayRef shape) const override {
        if (trouble_.stagingsUntilGone >= 0 && trouble_.staged++ >= trouble_.stagingsUntilGone)
            trouble_.gone = true;
        if (trouble_.gone) throw std::runtime_error("CUDA error: unspecified launch failure");
        return real_->staging(shape);
    }

  private:
    void pass(int64_t items, int& count, int untilGone) {
        if (untilGone >= 0 && count + items > untilGone) trouble_.gone = true;
        if (trouble_.gone) throw std::runtime_error("CUDA error: unspecified launch failure");
        if (items > trouble_.fits) throw std::runtime_error("CUDA out of memory. Tried to allocate 2 GiB");
        count += static_cast<int>(items);
    }
    std::unique_ptr<Compute> real_;
    Trouble& trouble_;
    std::string name_;
};

std::unique_ptr<Compute> realCompute() {
    return makeCompute(smallModel(), makeFrozenEncoder(BuiltInImageEncoder::encoderName), torch::kCPU,
                       Precision::Float32);
}

struct Outcome {
    Values values;
    PredictionReport report;
    int duplicates = 0;
};

/// A run over a slide with that trouble on its device.
Outcome predictWith(Trouble& trouble, const std::string& device = "cuda:0", int batch = 8) {
    const auto card = smallModel().card;
    DeviceRunner runner(std::make_unique<TroubledCompute>(realCompute(), trouble, device),
                        [] { return Result<std::unique_ptr<Compute>>(realCompute()); });
    BatchSize patches(64, batch), spots(64, batch);
    const EngineSettings settings;
    PredictionRequest request{tissueSlide(), {1, 1}, 0, {}, {}};
    Outcome outcome;
    PredictionListener listener;
    listener.batch = [&](const PredictionBatch& b) {
        for (std::size_t i = 0; i < b.cells.size(); ++i) {
            const auto row = b.values.begin() + static_cast<std::ptrdiff_t>(3 * i);
            if (!outcome.values.try_emplace(b.cells[i], row, row + 3).second) ++outcome.duplicates;
        }
    };
    LatticeRun lattice({card, runner, patches, spots, settings, BuiltInImageEncoder::featureWidth}, request,
                       listener, {}, nullptr);
    auto report = lattice.run();
    if (report) outcome.report = *report;
    return outcome;
}

} // namespace

class TestDeviceRunner : public QObject {
    Q_OBJECT
    Values wanted_;

  private Q_SLOTS:
    void initTestCase() {
        Trouble none;
        wanted_ = predictWith(none).values;
        QCOMPARE(wanted_.size(), std::size_t{180});
    }
    void aBatchThatDoesNotFitIsHalvedAndNoSpotIsLost() {
        for (const int fits : {5, 1}) {
            Trouble trouble;
            trouble.fits = fits;
            const auto c = predictWith(trouble);
            QCOMPARE(c.duplicates, 0);
            QVERIFY(largestDifference(wanted_, c.values) < 1e-5);
            QCOMPARE(c.report.encoderPasses, std::size_t{180});
            QCOMPARE(c.report.device, std::string("cuda:0")); // still there
            QVERIFY(c.report.patchBatch <= fits && c.report.spotBatch <= fits);
        }
    }
    void aDeviceThatVanishesIsReplacedByTheMainProcessor_data() {
        QTest::addColumn<int>("patches");
        QTest::addColumn<int>("spots");
        QTest::addColumn<int>("stagings");
        QTest::newRow("at once") << 0 << -1 << -1;
        QTest::newRow("while encoding") << 77 << -1 << -1;
        QTest::newRow("while predicting") << -1 << 50 << -1;
        QTest::newRow("before the first patch") << -1 << -1 << 0;
        QTest::newRow("between two batches of patches") << -1 << -1 << 9;
        QTest::newRow("between two batches of spots") << -1 << -1 << 30;
    }
    void aDeviceThatVanishesIsReplacedByTheMainProcessor() {
        QFETCH(int, patches);
        QFETCH(int, spots);
        Trouble trouble;
        trouble.patchesUntilGone = patches;
        trouble.spotsUntilGone = spots;
        QFETCH(int, stagings);
        trouble.stagingsUntilGone = stagings;
        const auto c = predictWith(trouble);
        QVERIFY(trouble.gone);
        QCOMPARE(c.duplicates, 0);
        QVERIFY(largestDifference(wanted_, c.values) < 1e-5);
        QCOMPARE(c.report.device, std::string("cpu"));
        QVERIFY(std::ranges::any_of(c.report.notes, [](const std::string& note) {
            return note.find("stopped answering") != std::string::npos;
        }));
    }
    void aDeviceTooSmallForOneSpotIsReplacedToo() {
        Trouble trouble;
        trouble.fits = 0;
        const auto c = predictWith(trouble);
        QVERIFY(largestDifference(wanted_, c.values) < 1e-5);
        QCOMPARE(c.report.device, std::string("cpu"));
        QVERIFY(std::ranges::any_of(c.report.notes, [](const std::string& note) {
            return note.find("too little memory") != std::string::npos;
        }));
    }
    void aDeviceLostBetweenTwoRunsIsReplaced() {
        Trouble trouble;
        DeviceRunner runner(std::make_unique<TroubledCompute>(realCompute(), trouble, "cuda:0"),
                            [] { return Result<std::unique_ptr<Compute>>(realCompute()); });
        trouble.gone = true;
        runner.chooseGenes({1});
        QCOMPARE(runner.compute().device(), std::string("cpu"));
        QCOMPARE(runner.takeNotes().size(), std::size_t{1});
    }
    void anErrorOfTheMainProcessorIsNotHidden() {
        Trouble trouble;
        trouble.patchesUntilGone = 20;
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, predictWith(trouble, "cpu"));
    }
    void failuresAreToldApart() {
        QCOMPARE(classify(std::bad_alloc(), true), ComputeFailure::OutOfMemory);
        QCOMPARE(classify(std::runtime_error("DefaultCPUAllocator: can't allocate memory"), true),
                 ComputeFailure::OutOfMemory);
        QCOMPARE(classify(std::runtime_error("CUBLAS_STATUS_ALLOC_FAILED"), false),
                 ComputeFailure::OutOfMemory);
        QCOMPARE(classify(std::runtime_error("shape mismatch"), true), ComputeFailure::Defect);
        QCOMPARE(classify(std::runtime_error("device-side assert"), false), ComputeFailure::DeviceLost);
    }
    void theBatchGrowsWhileItGains() {
        BatchSize batch(64);
        const auto perItem = [](int n) { return n < 8 ? 1.0 / n : 0.125; }; // no gain beyond 8
        for (int i = 0; i < 60 && !batch.isSettled(); ++i)
            batch.took(batch.next(), 1e-3 * perItem(batch.next()) * batch.next());
        QVERIFY(batch.isSettled());
        QCOMPARE(batch.next(), 8);
    }
    void oneBadSizeDoesNotEndTheSearch() {
        BatchSize batch(16); // another program was busy while 4 were tried
        for (int i = 0; i < 60 && !batch.isSettled(); ++i)
            batch.took(batch.next(), batch.next() == 4 ? 1 : 0.1);
        QVERIFY(batch.isSettled());
        QCOMPARE(batch.next(), 16);
    }
    void aSlowBatchStaysShort() {
        BatchSize batch(64, 0, 0.5);
        for (int i = 0; i < 20 && !batch.isSettled(); ++i)
            batch.took(batch.next(), 0.2 * std::pow(batch.next(), 0.9)); // gains, but 4 take 0.7 s
        QVERIFY(batch.isSettled());
        QCOMPARE(batch.next(), 2);
    }
    void anotherDeviceIsTriedAfresh() {
        BatchSize batch(64);
        QVERIFY(batch.doesNotFit(4));
        QCOMPARE(batch.next(), 1);
        batch.onDevice(0, 2); // the same
        QCOMPARE(batch.next(), 1);
        batch.onDevice(1, 2);
        QVERIFY(!batch.isSettled());
        QCOMPARE(batch.next(), 2);
        BatchSize fixed(64, 16);
        fixed.onDevice(1, 2);
        QVERIFY(fixed.isSettled());
        QCOMPARE(fixed.next(), 16);
    }
    void whatDoesNotFitIsNotTriedAgain() {
        BatchSize batch(64, 16);
        QVERIFY(batch.doesNotFit(16));
        QCOMPARE(batch.next(), 8);
        QVERIFY(batch.doesNotFit(8));
        QVERIFY(batch.doesNotFit(4));
        QVERIFY(batch.doesNotFit(2));
        QCOMPARE(batch.next(), 1);
        QVERIFY(!batch.doesNotFit(1));
    }
};

QTEST_GUILESS_MAIN(TestDeviceRunner)
#include "TestDeviceRunner.moc"
