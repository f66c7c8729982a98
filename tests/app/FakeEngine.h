#pragma once

#include "inference/engine/PredictionEngine.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>

namespace spotglass {

/// Lets the engine's thread through one batch at a time, so that a test decides what happens between two of
/// them.
class Gate {
  public:
    void open(int batches = 1) {
        const std::lock_guard lock(mutex_);
        allowed_ += batches;
        changed_.notify_all();
    }
    /// Waits for the test, or for the cancel.
    void pass(const CancelToken& cancel) {
        std::unique_lock lock(mutex_);
        while (allowed_ == 0 && !cancel.isCancelled())
            changed_.wait_for(lock, std::chrono::milliseconds(2));
        if (allowed_ > 0) --allowed_;
    }

  private:
    std::mutex mutex_; // guards allowed_
    std::condition_variable changed_;
    int allowed_ = 0;
};

/// What a fake engine keeps between runs and engines, as the real one does in a slide's cache.
struct FakeCache {
    struct Slide {
        std::vector<std::int64_t> cells;
        KeptRun run = KeptRun::None;
    };
    std::map<std::string, Slide> slides; ///< by fingerprint; the engine's thread, or while nothing runs
};

struct FakeEngineOptions {
    int columns = 20, rows = 10, genes = 5;
    std::size_t batch = 16;
    Gate* gate = nullptr;                            ///< waits there before each batch, where given
    std::function<void(const CancelToken&)> onStart; ///< runs on the engine's thread before anything else
    std::optional<Error> failure;                    ///< what the run ends with, after its batches
    bool ignoresCancel = false;     ///< delivers batches after it was asked to stop, as a slow engine may
    bool outside = false;           ///< one batch names a cell that does not exist
    FakeCache* cache = nullptr;     ///< where it keeps what it computed; nowhere without
    std::vector<std::string> notes; ///< told when the run is planned
    std::atomic<int>* computed = nullptr; ///< counts the spots it computed
    std::string device = "cpu";           ///< of the report
};

/// An engine whose values are a known function of the place: no model, no slide is read. Takes the cells that
/// are visible first, asking between batches, as PredictionRequest says.
class FakeEngine final : public PredictionEngine {
  public:
    static constexpr double pitch = 100; ///< level-0 pixels

    explicit FakeEngine(FakeEngineOptions options, const std::filesystem::path& file = "fake.safetensors")
        : options_(std::move(options)) {
        summary_.file = file;
        summary_.name = "Fake " + file.stem().string();
        summary_.unit = "log10(1 + counts)";
        for (int gene = 0; gene < options_.genes; ++gene) {
            summary_.genes.push_back(std::string("G").append(std::to_string(gene)));
            summary_.heldOutPcc.push_back(0.1 * (gene % 8));
        }
        summary_.spotPitchMicrons = 200;
    }
    [[nodiscard]] static float valueOf(std::size_t gene, int column, int row) {
        return static_cast<float>(gene) + std::sin(static_cast<float>(column) / 9) +
               std::cos(static_cast<float>(row) / 7);
    }
    [[nodiscard]] const ModelSummary& model() const override { return summary_; }

    Result<PredictionReport> predictLattice(const PredictionRequest& request,
                                            const PredictionListener& listener, CancelToken cancel) override {
        if (options_.onStart) options_.onStart(cancel);
        auto report = run(request, listener, cancel);
        if (options_.cache) {
            auto& kept = options_.cache->slides[request.slide->fingerprint()];
            if (report) kept.run = KeptRun::Complete;
            if (cancel.isCancelled() && request.stoppedForGood && request.stoppedForGood())
                kept.run = KeptRun::None;
        }
        return report;
    }
    KeptRun keptRun(const PredictionRequest& request) override {
        return options_.cache ? options_.cache->slides[request.slide->fingerprint()].run : KeptRun::None;
    }
    Result<SpotPrediction> predictSpots(const SlideSource&, MicronsPerPixel, const std::vector<SpotPlace>&,
                                        const std::vector<std::size_t>&, CancelToken) override {
        return fail(ErrorKind::Defect, "not needed here");
    }

  private:
    Result<PredictionReport> run(const PredictionRequest& request, const PredictionListener& listener,
                                 const CancelToken& cancel) {
        const PredictionLattice lattice{options_.columns,
                                        options_.rows,
                                        {pitch, 0, pitch / 2, 0, pitch, pitch / 2},
                                        static_cast<std::size_t>(options_.columns * options_.rows)};
        if (cancel.isCancelled() && !options_.ignoresCancel) return cancelled();
        listener.planned(lattice);
        for (const auto& note : options_.notes)
            listener.note(note);
        std::vector<std::int64_t> left(lattice.tissueSpots);
        for (std::size_t i = 0; i < left.size(); ++i)
            left[i] = static_cast<std::int64_t>(i);
        for (std::size_t done = takeFromCache(request, listener, left); done < left.size();) {
            if (options_.gate) options_.gate->pass(cancel);
            if (cancel.isCancelled() && !options_.ignoresCancel) return cancelled();
            const auto visible = request.visibleRegion ? request.visibleRegion() : request.first;
            const auto rest = left.begin() + static_cast<std::ptrdiff_t>(done);
            if (!visible.isEmpty())
                std::stable_partition(rest, left.end(),
                                      [&](auto cell) { return visible.contains(centreOf(cell)); });
            const auto count = std::min(options_.batch, left.size() - done);
            const std::vector<std::int64_t> cells{rest, rest + static_cast<std::ptrdiff_t>(count)};
            if (options_.computed) *options_.computed += static_cast<int>(count);
            if (options_.cache) {
                auto& kept = options_.cache->slides[request.slide->fingerprint()].cells;
                kept.insert(kept.end(), cells.begin(), cells.end());
            }
            listener.batch(batchOf(cells));
            done += count;
        }
        if (options_.failure) return tl::unexpected(*options_.failure);
        PredictionReport report;
        report.spots = left.size();
        report.device = options_.device;
        report.notes = options_.notes;
        return report;
    }
    /// Delivers what is kept, in batches of 1024 as the real engine, and moves it to the front of `cells`.
    std::size_t takeFromCache(const PredictionRequest& request, const PredictionListener& listener,
                              std::vector<std::int64_t>& cells) {
        if (!options_.cache) return 0;
        auto& slide = options_.cache->slides[request.slide->fingerprint()];
        slide.run = KeptRun::Unfinished;
        const std::vector<std::int64_t> kept = slide.cells;
        for (std::size_t i = 0; i < kept.size(); i += 1024) {
            const auto first = kept.begin() + static_cast<std::ptrdiff_t>(i);
            const auto count = std::min<std::size_t>(1024, kept.size() - i);
            listener.batch(batchOf(std::vector(first, first + static_cast<std::ptrdiff_t>(count))));
        }
        std::stable_partition(cells.begin(), cells.end(),
                              [&kept](auto cell) { return std::ranges::find(kept, cell) != kept.end(); });
        return kept.size();
    }
    [[nodiscard]] Level0Point centreOf(std::int64_t cell) const {
        return {(static_cast<double>(cell % options_.columns) + 0.5) * pitch,
                (static_cast<double>(cell / options_.columns) + 0.5) * pitch};
    }
    [[nodiscard]] PredictionBatch batchOf(std::vector<std::int64_t> cells) const {
        PredictionBatch batch{std::move(cells), {}};
        batch.values.reserve(batch.cells.size() * static_cast<std::size_t>(options_.genes));
        for (const auto cell : batch.cells)
            for (std::size_t gene = 0; gene < static_cast<std::size_t>(options_.genes); ++gene)
                batch.values.push_back(valueOf(gene, static_cast<int>(cell % options_.columns),
                                               static_cast<int>(cell / options_.columns)));
        if (options_.outside)
            batch.cells.front() = static_cast<std::int64_t>(options_.columns) * options_.rows;
        return batch;
    }

    FakeEngineOptions options_;
    ModelSummary summary_;
};

/// Opens any file whose name does not contain "broken".
class FakeFactory final : public EngineFactory {
  public:
    FakeEngineOptions options;
    std::atomic<int> opened{0};
    std::vector<EngineSettings> settings; ///< that models were opened with; while nothing runs
    std::vector<DeviceReport> machine;    ///< beside the CPU
    std::string whyNot = "No graphics processor was found";
    std::function<void(const CancelToken&)> onCompare; ///< runs on the engine's thread
    std::optional<Error> compareFailure;
    std::string refusedDevice;

    Result<std::unique_ptr<PredictionEngine>> openModel(const std::filesystem::path& file,
                                                        const EngineSettings& with) override {
        ++opened;
        settings.push_back(with);
        if (!refusedDevice.empty() && with.device == refusedDevice)
            return fail(ErrorKind::Device, "this graphics processor does not answer", with.device);
        if (file.string().find("broken") != std::string::npos)
            return badInput("this file is not a Spotglass model", file.string(), "Choose another file");
        return std::make_unique<FakeEngine>(options, file);
    }
    std::vector<DeviceReport> devices(bool measure) override {
        DeviceReport cpu{"cpu", "main processor, 2 threads", true, "", 0, 0, 0, 0};
        if (measure) cpu.rateFp32 = 200;
        std::vector<DeviceReport> all{cpu};
        all.insert(all.end(), machine.begin(), machine.end());
        return all;
    }
    std::string whyNoGraphicsProcessor() override { return whyNot; }
    Result<std::vector<PrecisionReport>> comparePrecisions(const std::filesystem::path&,
                                                           const EngineSettings&,
                                                           std::shared_ptr<const SlideSource>,
                                                           MicronsPerPixel, CancelToken cancel) override {
        if (onCompare) onCompare(cancel);
        if (cancel.isCancelled()) return cancelled();
        if (compareFailure) return tl::unexpected(*compareFailure);
        return std::vector<PrecisionReport>{{Precision::Float32, true, "", 1, 1, 0, 10},
                                            {Precision::BFloat16, true, "", 0.9995, 0.999, 0.01, 12}};
    }
};

} // namespace spotglass
