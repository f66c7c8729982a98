#pragma once

#include "inference/model/Precision.h"
#include "viewer/base/CancelToken.h"
#include "viewer/base/ExpressionField.h"
#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spotglass {

class SlideSource;

/// What a model file says about itself, for people (the model card, design section 6).
struct ModelSummary {
    std::filesystem::path file;
    std::string name;
    std::vector<std::string> genes; ///< in the order of every prediction
    std::vector<double>
        heldOutPcc;             ///< per gene, held-out Pearson correlation; NaN where not known; may be empty
    double heldOutPccAll = 0;   ///< mean over the genes; NaN where not known
    std::string unit;           ///< of every prediction
    double micronsPerPixel = 0; ///< of the patches
    int patchPixels = 0;        ///< side of a patch at that scale
    double spotPitchMicrons = 0; ///< of the training array
    double contextMicrons = 0;   ///< width of a context window (about one training section)
    std::string cardJson;        ///< the whole card
};

/// The lattice of one prediction run, anchored at the slide's origin, and where it lies on the slide.
struct PredictionLattice {
    int columns = 0, rows = 0;
    LatticeAffine latticeToLevel0;
    std::size_t tissueSpots = 0; ///< how many cells lie on tissue and will be predicted
    std::shared_ptr<const TissueOutline> tissue = nullptr; ///< the mask that decided it; may be null
    std::string costNote = {}; ///< a sentence about memory and work where they are out of the ordinary
};

/// What a run did.
struct PredictionReport {
    std::string device;    ///< where it ended: "cpu", "cuda:0"
    std::string precision; ///< "fp32", "bf16", "fp16"
    std::size_t spots = 0; ///< delivered, those from the cache among them
    std::size_t spotsFromCache = 0;
    std::size_t encoderPasses = 0; ///< of the frozen encoder, one a distinct patch
    std::size_t featuresFromCache = 0;
    std::size_t contexts = 0, contextTokens = 0; ///< slide levels computed, and their tokens in all
    int patchBatch = 0, spotBatch = 0;           ///< patches and spots given to the device at a time
    double seconds = 0;
    std::vector<std::string> notes; ///< sentences for the user: resampling, a device that failed, ...
};

/// A batch of finished spots: cells[i] = row * columns + column of the lattice; values are cells x genes,
/// row-major.
struct PredictionBatch {
    std::vector<std::int64_t> cells;
    std::vector<float> values;
};

/// Where to predict. All lengths in level-0 pixels of the slide.
struct PredictionRequest {
    std::shared_ptr<const SlideSource> slide;
    MicronsPerPixel micronsPerPixel; ///< of level 0; must be valid
    double pitchMicrons = 0;         ///< 0: the model's own pitch; otherwise that divided by a whole number
    Level0Rect first;                ///< tissue to do first (what is on screen); may be empty
    /// Asked by the engine between batches, on its own thread: what is on screen now, so that the windows
    /// still to do are taken in the order the eye moves. Thread-safe, does not block; may be empty (then
    /// `first` stays).
    std::function<Level0Rect()> visibleRegion;
    std::vector<std::size_t> genes = {}; ///< indices into the panel; empty: all (only these are kept)
    /// Every spot attends to the whole slide's tissue instead of a window of the width the model was trained
    /// with. PredictionLattice::costNote says what that costs.
    bool wholeSlideContext = false;
    /// Asked after a cancel: whether the user has stopped the run, so that it is not continued by itself.
    std::function<bool()> stoppedForGood = {};
};

/// What a slide's cache holds of a run.
enum class KeptRun {
    None,
    Unfinished, ///< was interrupted: is to be continued by itself
    Complete
};

/// Receives a run's results, all on the engine's own thread; must not block for long.
struct PredictionListener {
    std::function<void(const PredictionLattice&)> planned;
    std::function<void(const PredictionBatch&)> batch;
    std::function<void(const std::string&)> note; ///< a sentence for the user, as soon as it is true
};

/// Spots given by their centres, as of a measured section: array coordinates (column = round(x), row =
/// round(y)) and centres in level-0 pixels.
struct SpotPlace {
    std::string id;
    int column = 0, row = 0;
    Level0Point center;
};

/// Values at given spots: spots x genes, row-major, NaN where the slide cannot be read.
struct SpotPrediction {
    std::vector<float> values;
    PredictionReport report;
};

/// One loaded model, ready to predict. Calls block and belong to one worker thread at a time.
class PredictionEngine {
  public:
    virtual ~PredictionEngine() = default;
    [[nodiscard]] virtual const ModelSummary& model() const = 0;

    /// Predicts the lattice of the whole slide, `request.first` first, window by window, centre out (design
    /// section 4). Every value depends on its context window alone, not on the order. Cancelled when the
    /// token says so; batches delivered until then are final, and are taken from the slide's cache the next
    /// time. BadInput when the slide's scale and the model's differ more than four times.
    [[nodiscard]] virtual Result<PredictionReport> predictLattice(const PredictionRequest& request,
                                                                  const PredictionListener& listener,
                                                                  CancelToken cancel) = 0;

    /// What the slide's cache holds of such a run. Blocks on disk.
    [[nodiscard]] virtual KeptRun keptRun(const PredictionRequest& request) = 0;

    /// Predicts at given spots, with all of them as context (as in training). `genes` as in
    /// PredictionRequest.
    [[nodiscard]] virtual Result<SpotPrediction> predictSpots(const SlideSource& slide,
                                                              MicronsPerPixel micronsPerPixel,
                                                              const std::vector<SpotPlace>& spots,
                                                              const std::vector<std::size_t>& genes,
                                                              CancelToken cancel) = 0;
};

/// Where and how an engine computes.
struct EngineSettings {
    std::string device = "auto"; ///< "auto" (the best that works), "cpu", "cuda", "cuda:1"
    Precision precision = Precision::Float32;
    int patchBatch = 0; ///< patches the encoder gets at a time; 0: found by trial
    int spotBatch = 0;  ///< likewise, spots
    int readers = 0;    ///< threads that read patches; 0: as many as the machine has processors
    std::filesystem::path cacheFolder; ///< where features and predictions are kept; empty: nowhere
    std::uint64_t cacheBytes = std::uint64_t{8} << 30;
    std::filesystem::path workspace;      ///< the workspace file that knows frozen encoders; may be empty
    std::filesystem::path encoderWeights; ///< instead of the one the workspace knows; may be empty
};

/// One device as a user sees it.
struct DeviceReport {
    std::string name;        ///< "cpu", "cuda:0"
    std::string description; ///< "main processor, 8 threads", "graphics processor 0"
    bool usable = false;
    std::string sentence; ///< why it is not usable, or what was found
    double agreement = 0; ///< largest difference of the self-test from the CPU, relative to its values
    // Measured products of 2048 x 2048 matrices, 10^9 operations (two a multiplication) a second; 0: not
    // measured or not possible.
    double rateFp32 = 0, rateBf16 = 0, rateFp16 = 0;
};

/// How well predictions in one precision agree with those in 32 bits, and how fast they are.
struct PrecisionReport {
    Precision precision = Precision::Float32;
    bool usable = false;
    std::string sentence;          ///< why not, or what to know about it; may be empty
    double agreement = 0;          ///< Pearson correlation with fp32 over all spots and genes compared
    double worstGeneAgreement = 0; ///< the lowest of the genes' own correlations over the spots
    double largestDifference = 0;  ///< in the model's unit
    double spotsPerSecond = 0;     ///< of the comparison itself, reading included
};

/// What the Torch-side module offers to the window; opened at run time, after the first picture (design
/// section 2).
class EngineFactory {
  public:
    virtual ~EngineFactory() = default;
    /// Loads a model file. Blocking (a second or more). BadInput with a sentence when the file is not usable,
    /// Device when the device that was asked for cannot be used.
    [[nodiscard]] virtual Result<std::unique_ptr<PredictionEngine>>
    openModel(const std::filesystem::path& file, const EngineSettings& settings = {}) = 0;

    /// The CPU first, then every graphics processor; each is tried with one batch, and with `measure` its
    /// matrix rates are taken. Blocking (seconds).
    [[nodiscard]] virtual std::vector<DeviceReport> devices(bool measure) = 0;
    /// Why no graphics processor can be used, in words that say what to do; empty where one can.
    [[nodiscard]] virtual std::string whyNoGraphicsProcessor() = 0;
    /// Predicts some spots of the slide (a made-up tissue where it is null) in each precision on the device
    /// of `settings` and compares. Blocking (seconds to minutes). Errors as openModel(), or Cancelled.
    [[nodiscard]] virtual Result<std::vector<PrecisionReport>>
    comparePrecisions(const std::filesystem::path& model, const EngineSettings& settings,
                      std::shared_ptr<const SlideSource> slide, MicronsPerPixel micronsPerPixel,
                      CancelToken cancel) = 0;
};

} // namespace spotglass
