#pragma once

#include "training/SpotDataset.h"
#include "training/TrainingConfig.h"
#include "viewer/base/CancelToken.h"

#include <functional>

namespace spotglass {

/// What a run reports, one JSON object each (RUN/events.jsonl): "event" is start, panel, epoch or done.
using TrainingListener = std::function<void(const nlohmann::json& event)>;

/// Trains DKAN on sections (spec/dkan.md section 3): one plain loop with loss, adaptive weights, schedule,
/// augmentation and early stopping on `validation`, which is never trained on; the best epoch's weights are
/// kept. With fixedEpochs there is no validation and the last epoch is kept. `card` must carry the panel and
/// the patch settings. `best` is called with each model that is better than all before. Blocking, one thread;
/// Cancelled between batches.
[[nodiscard]] Result<LoadedModel> train(const TrainingConfig& config, ModelCard card,
                                        const std::vector<SectionTensors>& sections,
                                        const std::vector<SectionTensors>& validation,
                                        const torch::Tensor& geneEmbeddings, const TrainingListener& listener,
                                        const std::function<Result<void>(const LoadedModel&)>& best,
                                        const CancelToken& cancel);

/// Mean over genes of the correlation over spots, undefined ones left out; predicted, measured: n x G.
[[nodiscard]] double meanGeneCorrelation(const torch::Tensor& predicted, const torch::Tensor& measured);

} // namespace spotglass
