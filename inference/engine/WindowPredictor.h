#pragma once

#include "inference/engine/FeatureBank.h"
#include "inference/engine/PatchReader.h"
#include "inference/model/DkanConfig.h"

#include <functional>

namespace spotglass {

/// A spot with what DKAN needs to know of it. Internal to the Torch side.
struct PredictorSpot {
    Level0Point center;
    int row = 0, column = 0; ///< on the lattice of its section or window
};

/// Predicts spots that share one context (a measured section, or a window of a slide). Reading, encoding and
/// DKAN overlap. Internal to the Torch side; one thread at a time; owns nothing it is given.
class WindowPredictor {
  public:
    struct Parts {
        const PatchReader& reader;
        PatchLoader& loader;
        DeviceRunner& runner;
        FeatureBank& bank;
        BatchSize& spotBatch;
        const DkanConfig& config;
    };
    struct Request {
        std::size_t id; ///< of the context: that of the call before keeps its slide tokens
        const std::vector<PredictorSpot>& context;   ///< all of them are slide tokens
        const std::vector<std::size_t>& wanted;      ///< indices into `context`, in the order to do them
        const std::vector<PatchKey>& readAfterwards; ///< what will be wanted next; may be empty
    };
    /// Gets indices into `wanted` with their values (n x genes, 32-bit, contiguous, on the host).
    using Deliver = std::function<void(const std::vector<std::size_t>&, const torch::Tensor&)>;

    explicit WindowPredictor(const Parts& parts) : parts_(parts) {}

    /// A spot whose own patch cannot be read is left out. Blocking. True when all was done, false when
    /// `interrupted` said after a batch that something else is wanted first. Cancelled when the token says
    /// so. Throws what cannot be recovered from.
    [[nodiscard]] Result<bool> predict(const Request& request, const CancelToken& cancel,
                                       const std::function<bool()>& interrupted, const Deliver& deliver);

    /// The patches that the slide level needs of `spots` and that are not encoded yet, in order.
    [[nodiscard]] std::vector<PatchKey> unknownPatches(const std::vector<PredictorSpot>& spots) const;

    /// Slide levels computed so far, and the tokens of all of them.
    [[nodiscard]] std::size_t contexts() const { return contexts_; }
    [[nodiscard]] std::size_t contextTokens() const { return contextTokens_; }

  private:
    struct Job {
        std::vector<std::size_t> wanted; ///< indices into Request::wanted
        std::vector<int64_t> tokens;     ///< rows of the slide tokens
        SpotInputs inputs;               ///< all but the tokens
    };
    [[nodiscard]] std::vector<PatchKey> withNeighbours(const Request& request,
                                                       std::vector<PatchKey> patches) const;
    void scheduleReads(const Request& request);
    [[nodiscard]] Result<bool> ensureNeighbours(const Request& request, std::size_t begin, std::size_t end,
                                                const CancelToken& cancel,
                                                const std::function<bool()>& interrupted);
    [[nodiscard]] Job makeJob(const Request& request, std::size_t begin, std::size_t end);
    [[nodiscard]] DevicePipe<Job>::Work work(const Request& request, const Deliver& deliver);
    [[nodiscard]] const torch::Tensor& slideTokens(const Request& request);
    [[nodiscard]] std::vector<PatchKey> contextPatches(const std::vector<PredictorSpot>& spots) const;
    [[nodiscard]] PatchRegion regionOf(const PredictorSpot& spot) const;

    Parts parts_;
    torch::Tensor tokens_; ///< of the context in hand, on the device of tokensGeneration_
    int tokensGeneration_ = -1;
    std::size_t tokensId_ = 0;
    std::size_t contexts_ = 0, contextTokens_ = 0;
};

} // namespace spotglass
