#pragma once

#include "training/Adam.h"
#include "training/ArrayTurn.h"
#include "training/BatchGradients.h"
#include "training/SpotDataset.h"
#include "training/TrainingCheckpoint.h"
#include "training/TrainingConfig.h"
#include "viewer/base/CancelToken.h"

#include "inference/model/DkanLoss.h"

#include <functional>
#include <random>

namespace spotglass {

/// The training set, the optimiser and the random numbers of one run: takes steps, and can be put away and
/// taken up again between any two of them. Does not own what it is given. One thread.
class TrainingRun {
  public:
    /// `model` is what is trained, on the device where its network is, and the same in all `ranks`;
    /// `sections` are the training sections.
    TrainingRun(const TrainingConfig& config, LoadedModel& model, const std::vector<SectionTensors>& sections,
                const Ranks& ranks);

    /// What is left of epoch `number` (counted from 1): means of the loss terms over the epoch. `afterStep`
    /// is called between steps and ends the epoch with its error. BadInput naming the batch when the loss is
    /// not a number.
    [[nodiscard]] Result<nlohmann::json> epoch(int number, const std::function<Result<void>()>& afterStep);

    /// Puts the weights in the model that are to be judged and kept, the running average where one is asked
    /// for, and back.
    void useAverage();
    void useRaw();

    /// Adds to `state`, or takes from it, all that the next step depends on.
    void save(TrainingState& state) const;
    void restore(const TrainingState& state);

  private:
    struct SpotRef {
        std::int64_t section, row;
    };
    DkanLoss step(const std::vector<SpotRef>& batch);
    [[nodiscard]] TrainingBatch ownShare(const std::vector<SpotRef>& batch, const ArrayTurn& turn);
    void drawStains();
    void startEpoch();
    void averageWeights();
    [[nodiscard]] bool isPatchEncoderStill() const;
    void trainMode();
    [[nodiscard]] Failure diverged(const std::vector<SpotRef>& batch, int epoch) const;

    const TrainingConfig& config_;
    LoadedModel& model_;
    const std::vector<SectionTensors>& sections_;
    std::vector<torch::Tensor> targets_; ///< by section, n x G (RidgeTeacher.h)
    torch::Device device_;               ///< the network's
    /// By section, as scanned and in other stains; standardised; on the device but for the neighbours'.
    std::vector<std::vector<SectionFeatures>> views_;
    std::vector<const SectionFeatures*> inHand_; ///< by section, in this step
    std::vector<torch::Tensor> positions_;       ///< by section, on the device
    std::vector<SpotRef> spots_;                 ///< in the order of the epoch
    std::size_t position_ = 0;                   ///< of the next batch in spots_
    std::mt19937_64 random_;
    Adam adam_;
    std::vector<double> rateFactors_; ///< of each parameter
    const Ranks& ranks_;
    BatchGradients gradients_;
    std::vector<torch::Tensor> average_, raw_;
    std::int64_t steps_ = 0;
    nlohmann::json sums_; ///< of the epoch's loss terms and their weights so far, "steps" and "spots"
};

} // namespace spotglass
