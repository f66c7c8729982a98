#pragma once

#include "inference/engine/PredictionEngine.h"
#include "inference/engine/RunCache.h"
#include "inference/engine/SpotOrder.h"
#include "inference/engine/WindowPredictor.h"
#include "inference/model/ModelCard.h"

#include <chrono>

namespace spotglass {

/// What a run of any kind needs of its engine. Owns nothing.
struct RunParts {
    const ModelCard& card;
    DeviceRunner& runner;
    BatchSize& patchBatch;
    BatchSize& spotBatch;
    const EngineSettings& settings;
    int featureWidth;
};

/// A slide's patches on their way to features: reader threads, what they have read, what is encoded.
class PatchStream {
  public:
    PatchStream(const RunParts& parts, const SlideSource& slide, MicronsPerPixel scale, FeatureStore* store);
    [[nodiscard]] WindowPredictor::Parts predictorParts(const RunParts& parts);

    PatchReader reader;
    PatchLoader loader;
    FeatureBank bank;
};

/// For a model that standardises features by slide: encodes the own patches of `spots` and tells the device
/// of them. Otherwise nothing. Blocking; Cancelled when asked.
[[nodiscard]] Result<void> useSlideScale(DeviceRunner& runner, const ModelCard& card, PatchStream& stream,
                                         const std::vector<PredictorSpot>& spots, const CancelToken& cancel);

/// Whether a slide of that scale can be read for a model of that one: a sentence where it is resampled by
/// more than a twentieth, an error of kind BadInput where it is more than four times off the model's own
/// scale and those of the images it was trained on (patches may have been made much coarser than their
/// images).
[[nodiscard]] Result<std::string> resamplingNote(MicronsPerPixel slide, const ModelCard& card);

/// One call of PredictionEngine::predictLattice(). One thread; throws what cannot be recovered from.
class LatticeRun {
  public:
    /// `cache` may be null.
    LatticeRun(const RunParts& parts, const PredictionRequest& request, const PredictionListener& listener,
               CancelToken cancel, RunCache* cache);
    [[nodiscard]] Result<PredictionReport> run();
    /// What has been done, also after a cancel.
    [[nodiscard]] const PredictionReport& soFar() const { return report_; }

  private:
    [[nodiscard]] Result<void> predictAll(PatchStream& stream);
    [[nodiscard]] Result<void> plan();
    void takeFromCache();
    [[nodiscard]] Result<bool> predictWindow(WindowPredictor& predictor, std::size_t index,
                                             Level0Rect looked);
    void deliver(OpenWindow& window, const std::vector<std::size_t>& spots, const torch::Tensor& values);
    void boundMemory(PatchStream& stream) const;
    [[nodiscard]] std::vector<PatchKey> patchesOfNextWindow(const WindowPredictor& predictor,
                                                            std::size_t current, Level0Rect looked) const;
    [[nodiscard]] std::string contextCost() const;
    [[nodiscard]] bool keepsPredictions() const;
    void note(const std::string& sentence);
    void passNotesOn();
    [[nodiscard]] Level0Rect view() const;
    void fillReport(const PatchStream* stream);

    RunParts parts_;
    const PredictionRequest& request_;
    const PredictionListener& listener_;
    CancelToken cancel_;
    RunCache* cache_;
    const FeatureBank* bank_ = nullptr; ///< of the run in hand
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    PredictionLattice lattice_;
    std::vector<PredictorSpot> slideSample_; ///< what stands for the slide where the model asks for it
    std::vector<OpenWindow> windows_;
    PredictionReport report_;
};

} // namespace spotglass
