#include "inference/engine/DkanEngine.h"

#include "inference/engine/Devices.h"
#include "inference/engine/LatticeRun.h"
#include "inference/engine/ModelNetworks.h"
#include "inference/engine/StoredRun.h"
#include "inference/model/Parallel.h"
#include "inference/store/Sha256.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace spotglass {
namespace {

constexpr int kMostPatches = 256, kMostSpots = 64; ///< given to a device at a time

ModelSummary summarise(const ModelCard& card, const std::filesystem::path& file) {
    ModelSummary s;
    s.file = file;
    s.name = card.name;
    s.genes = card.genes;
    s.unit = card.unit;
    s.micronsPerPixel = card.micronsPerPixel;
    s.patchPixels = card.patchPixels;
    s.spotPitchMicrons = card.spotPitchMicrons;
    s.contextMicrons = card.contextMicrons;
    s.cardJson = toJson(card).dump(1);
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    s.heldOutPccAll = unknown;
    if (card.heldOut.is_object() && card.heldOut.contains("pcc_all") && card.heldOut["pcc_all"].is_number())
        s.heldOutPccAll = card.heldOut["pcc_all"].get<double>();
    if (card.heldOut.is_object() && card.heldOut.contains("pcc") && card.heldOut["pcc"].is_object())
        for (const auto& gene : card.genes) {
            const auto it = card.heldOut["pcc"].find(gene);
            s.heldOutPcc.push_back(it != card.heldOut["pcc"].end() && it->is_number() ? it->get<double>()
                                                                                      : unknown);
        }
    return s;
}

/// The slide level lays the spots out on a dense lattice, so their array coordinates must be those of one
/// array.
Result<void> checkArray(const std::vector<SpotPlace>& spots) {
    if (spots.empty()) return badInput("there are no spots to predict at");
    const auto [left, right] =
        std::minmax_element(spots.begin(), spots.end(), [](auto& a, auto& b) { return a.column < b.column; });
    const auto [top, bottom] =
        std::minmax_element(spots.begin(), spots.end(), [](auto& a, auto& b) { return a.row < b.row; });
    const double columns = static_cast<double>(right->column) - left->column + 1,
                 rows = static_cast<double>(bottom->row) - top->row + 1;
    if (columns * rows > 4e6)
        return badInput("the spots' array coordinates span " +
                            std::to_string(static_cast<long long>(columns)) + " x " +
                            std::to_string(static_cast<long long>(rows)) + " places, more than any array has",
                        {}, "Check that x and y of the spot file are array coordinates, not pixels");
    return {};
}

/// Tells a file that was written anew from the one before; empty where there is none.
using FileStamp = std::optional<std::pair<std::uintmax_t, std::filesystem::file_time_type>>;

FileStamp stampOf(const std::filesystem::path& file) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file, error);
    if (error) return std::nullopt;
    const auto time = std::filesystem::last_write_time(file, error);
    if (error) return std::nullopt;
    return std::pair(bytes, time);
}

/// LibTorch throws; nothing may leave the engine as an exception.
template <typename Work> auto guarded(const Work& work) -> decltype(work()) {
    try {
        return work();
    } catch (const c10::Error& error) {
        if (classify(error, true) == ComputeFailure::OutOfMemory)
            return fail(ErrorKind::Device, "there is not enough memory for this prediction", {},
                        "Close other programs, or use a smaller model");
        return fail(ErrorKind::Defect,
                    "the prediction failed (" + std::string(error.what_without_backtrace()) + ")");
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::Device, "there is not enough memory for this prediction", {},
                    "Close other programs, or use a smaller model");
    } catch (const std::exception& error) {
        return fail(ErrorKind::Defect, std::string("the prediction failed (") + error.what() + ")");
    }
}

class DkanEngine final : public PredictionEngine {
  public:
    DkanEngine(ModelCard card, const std::filesystem::path& file, FileStamp stamp, std::string encoderId,
               int featureWidth, DeviceRunner runner, EngineSettings settings, std::string note)
        : card_(std::move(card)), summary_(summarise(card_, file)), stamp_(stamp),
          encoderId_(std::move(encoderId)), featureWidth_(featureWidth), settings_(std::move(settings)),
          runner_(std::move(runner)), note_(std::move(note)),
          patchBatch_(kMostPatches, settings_.patchBatch, kLongestBatch, partsAtOnce()),
          spotBatch_(kMostSpots, settings_.spotBatch, kLongestBatch, partsAtOnce()) {}

    [[nodiscard]] const ModelSummary& model() const override { return summary_; }

    Result<PredictionReport> predictLattice(const PredictionRequest& request,
                                            const PredictionListener& listener, CancelToken cancel) override {
        return guarded([&]() -> Result<PredictionReport> {
            if (auto ok = chooseGenes(request.genes); !ok) return Failure(ok.error());
            if (!request.slide) return fail(ErrorKind::Defect, "a prediction was asked for without a slide");
            if (!note_.empty() && listener.note) listener.note(note_);
            auto cache = openCache(*request.slide, request.micronsPerPixel, request);
            LatticeRun run(parts(), request, listener, cancel, cache.get());
            auto result = run.run();
            if (result && !note_.empty()) result->notes.insert(result->notes.begin(), note_);
            if (cache && cancel.isCancelled() && request.stoppedForGood && request.stoppedForGood())
                cache->forget();
            return result;
        });
    }
    KeptRun keptRun(const PredictionRequest& request) override;
    Result<SpotPrediction> predictSpots(const SlideSource& slide, MicronsPerPixel scale,
                                        const std::vector<SpotPlace>& spots,
                                        const std::vector<std::size_t>& genes, CancelToken cancel) override {
        return guarded([&]() -> Result<SpotPrediction> {
            if (auto ok = chooseGenes(genes); !ok) return Failure(ok.error());
            return runSpots(slide, scale, spots, genes.empty() ? card_.genes.size() : genes.size(), cancel);
        });
    }

  private:
    [[nodiscard]] RunParts parts() {
        return {card_, runner_, patchBatch_, spotBatch_, settings_, featureWidth_};
    }
    [[nodiscard]] Result<void> chooseGenes(const std::vector<std::size_t>& genes) {
        if (std::ranges::any_of(genes, [&](std::size_t g) { return g >= card_.genes.size(); }))
            return fail(ErrorKind::Defect, "a gene was asked for that the model does not have");
        runner_.chooseGenes({genes.begin(), genes.end()});
        return {};
    }
    Result<SpotPrediction> runSpots(const SlideSource& slide, MicronsPerPixel scale,
                                    const std::vector<SpotPlace>& spots, std::size_t genes,
                                    const CancelToken& cancel);

    [[nodiscard]] std::unique_ptr<StoredRun> openCache(const SlideSource& slide, MicronsPerPixel scale,
                                                       const std::optional<PredictionRequest>& request);
    [[nodiscard]] RunNames namesOf(MicronsPerPixel scale, const std::optional<PredictionRequest>& request);

    ModelCard card_;
    ModelSummary summary_;
    FileStamp stamp_;       ///< of the file when it was read
    std::string modelHash_; ///< sha256 of the file, once it has been needed
    std::string encoderId_; ///< name, and sha256 of the weights where it has any
    int featureWidth_;
    EngineSettings settings_;
    DeviceRunner runner_;
    std::string note_; ///< about the choice of the device
    BatchSize patchBatch_, spotBatch_;
};

/// Everything that the kept numbers depend on, and nothing that they do not: not the device, not the batch.
RunNames DkanEngine::namesOf(MicronsPerPixel scale, const std::optional<PredictionRequest>& request) {
    RunNames names;
    names.featureWidth = featureWidth_;
    names.genes = card_.genes.size();
    nlohmann::json features{{"form", 2},
                            {"encoder", encoderId_},
                            {"patch_pixels", card_.patchPixels},
                            {"microns_per_pixel", card_.micronsPerPixel},
                            {"slide_scale", {scale.x, scale.y}},
                            {"precision", name(settings_.precision)}};
    names.features = features.dump();
    if (!request) return names;
    if (modelHash_.empty()) {
        auto hash = sha256OfFile(summary_.file);
        if (hash && stampOf(summary_.file) == stamp_) modelHash_ = std::move(*hash);
    }
    // Of a file that is gone or was written anew, the hash of what was loaded is not known.
    if (modelHash_.empty()) return names;
    nlohmann::json all{
        {"form", 2},
        {"model", modelHash_},
        {"features", features},
        {"pitch_um", request->pitchMicrons > 0 ? request->pitchMicrons : card_.spotPitchMicrons},
        {"whole_slide_context", request->wholeSlideContext}};
    names.predictions = all.dump();
    all["name"] = summary_.name;
    names.description = all.dump();
    return names;
}

std::unique_ptr<StoredRun> DkanEngine::openCache(const SlideSource& slide, MicronsPerPixel scale,
                                                 const std::optional<PredictionRequest>& request) {
    if (settings_.cacheFolder.empty()) return nullptr;
    auto run = StoredRun::open({settings_.cacheFolder, settings_.cacheBytes}, slide.fingerprint(),
                               namesOf(scale, request));
    if (run) return std::move(*run);
    // Told every time: whoever relies on the cache should know that it does not work.
    runner_.addNote(run.error().sentence() + " Nothing is kept of this prediction.");
    return nullptr;
}

KeptRun DkanEngine::keptRun(const PredictionRequest& request) {
    if (settings_.cacheFolder.empty() || !request.slide) return KeptRun::None;
    const auto cache =
        SlideCache::open({settings_.cacheFolder, settings_.cacheBytes}, request.slide->fingerprint());
    if (!cache) return KeptRun::None;
    const auto runs = (*cache)->runs();
    if (!runs) return KeptRun::None;
    const auto names = namesOf(request.micronsPerPixel, request);
    const auto found = std::ranges::find(*runs, names.predictions, &SlideCache::KnownRun::set);
    if (found == runs->end()) return KeptRun::None;
    return found->complete ? KeptRun::Complete : KeptRun::Unfinished;
}

Result<SpotPrediction> DkanEngine::runSpots(const SlideSource& slide, MicronsPerPixel scale,
                                            const std::vector<SpotPlace>& spots, std::size_t genes,
                                            const CancelToken& cancel) {
    const auto started = std::chrono::steady_clock::now();
    const auto resampling = resamplingNote(scale, card_);
    if (!resampling) return Failure(resampling.error());
    if (auto ok = checkArray(spots); !ok) return Failure(ok.error());
    const auto cache = openCache(slide, scale, std::nullopt);
    PatchStream stream(parts(), slide, scale, cache.get());
    WindowPredictor predictor(stream.predictorParts(parts()));
    std::vector<PredictorSpot> context;
    std::vector<std::size_t> wanted;
    for (const auto& spot : spots) {
        wanted.push_back(context.size());
        context.push_back({spot.center, spot.row, spot.column});
    }
    if (auto ok = useSlideScale(runner_, card_, stream, context, cancel); !ok) return Failure(ok.error());
    SpotPrediction result;
    result.values.assign(spots.size() * genes, ExpressionField::missing);
    auto& report = result.report;
    const auto deliver = [&](const std::vector<std::size_t>& done, const torch::Tensor& values) {
        const float* row = values.data_ptr<float>();
        for (const auto i : done) {
            std::copy(row, row + genes, result.values.begin() + static_cast<std::ptrdiff_t>(i * genes));
            row += genes;
        }
        report.spots += done.size();
    };
    auto done = predictor.predict({0, context, wanted, {}}, cancel, {}, deliver);
    if (!done) return Failure(done.error());
    report.notes = runner_.takeNotes();
    if (cache)
        for (auto& sentence : cache->takeNotes())
            report.notes.push_back(std::move(sentence));
    if (!resampling->empty()) report.notes.insert(report.notes.begin(), *resampling);
    if (!note_.empty()) report.notes.insert(report.notes.begin(), note_);
    report.device = runner_.compute().device();
    report.precision = std::string(name(settings_.precision));
    report.encoderPasses = stream.bank.encoderPasses();
    report.featuresFromCache = stream.bank.fromStore();
    report.patchBatch = patchBatch_.next();
    report.spotBatch = spotBatch_.next();
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return result;
}

} // namespace

Result<std::unique_ptr<PredictionEngine>> openDkanEngine(const std::filesystem::path& file,
                                                         const EngineSettings& settings) {
    return guarded([&]() -> Result<std::unique_ptr<PredictionEngine>> {
        std::string note;
        auto device = chooseDevice(settings.device, note);
        if (!device) return Failure(device.error());
        const auto stamp = stampOf(file);
        auto networks = readNetworks(file, settings);
        if (!networks) return Failure(networks.error());
        ModelCard card = networks->model.card;
        const std::string encoderId = networks->encoder.id;
        for (const auto& sentence : networks->encoder.notes)
            note += (note.empty() ? "" : " ") + sentence;
        const int width = networks->encoder.encoder->width();
        const auto onCpu = [file, settings, stamp]() -> Result<std::unique_ptr<Compute>> {
            if (stampOf(file) != stamp)
                return badInput("the model's file has changed since it was opened", file.string());
            auto again = readNetworks(file, settings);
            if (!again) return Failure(again.error());
            return makeCompute(std::move(again->model), std::move(again->encoder.encoder), torch::kCPU,
                               settings.precision);
        };
        std::unique_ptr<Compute> compute;
        try {
            compute = makeCompute(std::move(networks->model), std::move(networks->encoder.encoder), *device,
                                  settings.precision);
        } catch (const std::exception&) {
            if (device->is_cpu() || settings.device != "auto") throw;
            auto made = onCpu();
            if (!made) return Failure(made.error());
            compute = std::move(*made);
            note += (note.empty() ? "" : " ") + std::string("The model does not fit into the graphics "
                                                            "processor; the main processor is used.");
        }
        return std::make_unique<DkanEngine>(std::move(card), file, stamp, encoderId, width,
                                            DeviceRunner(std::move(compute), onCpu), settings, note);
    });
}

} // namespace spotglass
