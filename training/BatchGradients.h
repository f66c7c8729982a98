#pragma once

#include "inference/model/DkanLoss.h"
#include "inference/model/ModelFile.h"
#include "training/Ranks.h"

#include <functional>
#include <map>
#include <optional>

namespace spotglass {

/// The spots of one step that this process computes, on the network's device.
struct TrainingBatch {
    torch::Tensor patches;                              ///< n x 3 x H x W bytes, augmented
    torch::Tensor neighbours;                           ///< n x 25 x D, standardised
    torch::Tensor mask;                                 ///< n x 25
    torch::Tensor expression;                           ///< n x G
    std::vector<std::pair<std::size_t, int64_t>> spots; ///< number of the section, row in it
};

/// The gradients of one step (spec/dkan.md section 3). The spots may be computed in parts, for the memory of
/// one part: then every part's outputs are computed first without what a gradient needs, the loss over all of
/// them, contrast among all, gives gradients of the outputs, and each part is computed again, with the same
/// dropout, to carry them on (Gao et al., RepL4NLP 2021, "GradCache"). Between processes outputs are gathered
/// and gradients added up. So the result is that of the whole batch at once; only the patch encoder's batch
/// normalisation sees a part at a time. One thread.
class BatchGradients {
  public:
    struct Settings {
        DkanLossConfig loss;
        int part = 0;                                   ///< spots computed at once; 0: all
        double featureDropout = 0;                      ///< share of frozen-feature values dropped
        std::optional<torch::ScalarType> products = {}; ///< their type (ProductType.h); none: the weights'
    };
    /// Frozen features (N x D, standardised) and positions of a section, on the network's device.
    using Section = std::function<std::pair<torch::Tensor, torch::Tensor>(std::size_t number)>;

    /// Nothing given is owned.
    BatchGradients(LoadedModel& model, const Settings& settings, const Ranks& ranks);
    ~BatchGradients();
    BatchGradients(const BatchGradients&) = delete;
    BatchGradients& operator=(const BatchGradients&) = delete;

    /// Adds the gradients of the loss over the batches of all processes to the parameters', the same in all
    /// processes. `seed` decides what the processes draw alike. The total carries no gradient.
    [[nodiscard]] DkanLoss add(const TrainingBatch& batch, const Section& sections, std::uint64_t seed);

  private:
    struct Shared;
    struct Outputs;
    [[nodiscard]] Outputs forward(const TrainingBatch& batch, const Shared& shared, int64_t begin,
                                  int64_t count);
    [[nodiscard]] Shared encodeShared(const TrainingBatch& batch, const Section& sections,
                                      std::uint64_t seed);
    [[nodiscard]] DkanLoss lossOf(Outputs& leaves, const torch::Tensor& expression);
    [[nodiscard]] double addCorrelation(torch::Tensor& prediction, const torch::Tensor& expression);
    void addUp();
    void shareBatchNorm(const std::function<torch::Tensor(const torch::Tensor&)>& sum);

    LoadedModel& model_;
    Dkan network_; ///< the model's, which may be moved away before this ends
    Settings settings_;
    const Ranks& ranks_;
};

} // namespace spotglass
