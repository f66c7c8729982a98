#pragma once

#include "training/Ranks.h"
#include "training/SpotDataset.h"
#include "training/TrainingConfig.h"
#include "viewer/base/CancelToken.h"

#include <functional>

namespace spotglass {

/// How a run speaks to its surroundings. Everything is called on the training thread.
struct TrainingHooks {
    /// One JSON object each (RUN/events.jsonl): "event" is resumed (with the epoch that is in hand: what was
    /// reported of it and of later ones is void), epoch, paused or done.
    std::function<void(const nlohmann::json& event)> event;
    /// Each model that is better than all before. May fail, as when the drive is full.
    std::function<Result<void>(const LoadedModel&)> best;
    /// After a file could not be written: waits, and says whether to try again. Empty: the run ends.
    std::function<bool(const Error&)> waitForDrive;
    std::function<void()> checkpointWritten; ///< may be empty
    /// What is predicted for the validation sections after an epoch, n x G each, in their order; may be
    /// empty.
    std::function<void(int epoch, const std::vector<torch::Tensor>& predicted)> validated;
    /// Called between steps, and may wait there: for another program that needs the device; may be empty.
    std::function<void()> giveWay;
    torch::Device device = torch::kCPU; ///< to train on; the model comes back to the CPU
    const Ranks* ranks = nullptr; ///< the processes that train together; null: this one alone. Only the first
                                  ///< of them calls the functions above and writes the checkpoint.
};

/// Trains DKAN on sections (spec/dkan.md section 3) with early stopping on `validation`, which is never
/// trained on; the best epoch's weights are kept. With fixedEpochs there is no validation and the last epoch
/// is kept. `card` must carry the panel and the patch settings. `parent`: a model to start from, or null;
/// what frozen features are standardised by is taken from `sections` all the same, unless it takes raw ones.
/// `checkpoint`: a file that the state is written to after each epoch, every config.checkpointMinutes and
/// when it is cancelled; may be empty. With `resume` the run goes on from it, to the same weights, bit for
/// bit, as if it had never stopped (on a CPU, with as many threads). Blocking; Cancelled between batches.
/// BadInput for a parent, checkpoint or patch encoder that does not fit, Device when the loss is not a number
/// any more, a batch does not fit
/// the device, or a file cannot be written.
[[nodiscard]] Result<LoadedModel> train(const TrainingConfig& config, ModelCard card,
                                        const std::vector<SectionTensors>& sections,
                                        const std::vector<SectionTensors>& validation,
                                        const torch::Tensor& geneEmbeddings, const LoadedModel* parent,
                                        const std::filesystem::path& checkpoint, bool resume,
                                        const TrainingHooks& hooks, const CancelToken& cancel);

/// Mean over genes of the correlation over spots, undefined ones left out; predicted, measured: n x G.
[[nodiscard]] double meanGeneCorrelation(const torch::Tensor& predicted, const torch::Tensor& measured);

} // namespace spotglass
