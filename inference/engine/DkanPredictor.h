#pragma once

#include "inference/engine/FeatureBank.h"
#include "inference/model/ModelFile.h"

#include <functional>

namespace spotglass {

/// A spot with what DKAN needs to know of it. Internal to the Torch side.
struct PredictorSpot {
    Level0Point center;
    int row = 0, column = 0; ///< on the lattice of its section or window
};

/// Runs a loaded model over spots that share one context. Internal to the Torch side; one thread at a time;
/// does not own the model.
class DkanPredictor {
  public:
    explicit DkanPredictor(LoadedModel& model);

    /// Predicts `wanted` (indices into `context`), `batch` spots at a time; all of `context` are slide
    /// tokens. `deliver` gets indices into `wanted` with their values (n x G). A spot whose own patch cannot
    /// be read is left out. Blocking; Cancelled between batches.
    [[nodiscard]] Result<void>
    predict(FeatureBank& bank, const PatchReader& reader, const std::vector<PredictorSpot>& context,
            const std::vector<std::size_t>& wanted, const CancelToken& cancel,
            const std::function<void(const std::vector<std::size_t>&, const torch::Tensor&)>& deliver,
            int batch = 32);

  private:
    LoadedModel& model_;
    torch::Tensor textTokens_; ///< once a model (section 5.2)
};

/// (x - mean) / scale with the model's feature statistics.
[[nodiscard]] torch::Tensor standardised(const torch::Tensor& features, const torch::Tensor& mean,
                                         const torch::Tensor& scale);

} // namespace spotglass
