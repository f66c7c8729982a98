#pragma once

#include "app/engine_module/TrainPlan.h"

#include <functional>

namespace spotglass {

/// Where a run's files go, and what it may do.
struct RunFolder {
    std::filesystem::path folder; ///< model.safetensors, events.jsonl, config.json, checkpoint, maps
    bool resume = false;
    const Ranks* ranks =
        nullptr; ///< the processes that train together; only the first of them writes. Null: one
    torch::Device device = torch::kCPU; ///< to train on
    std::function<void()> giveWay = {}; ///< called between steps, may wait there; may be empty
    /// Called with the trained model before it is saved, and may change its card; what it gives is written as
    /// the event "reported". May be empty.
    std::function<Result<nlohmann::json>(LoadedModel&)> report = {};
};

/// A file of a section in the folder `maps` of a run: `what` is measured, predicted or parent.
[[nodiscard]] std::filesystem::path mapFile(const std::filesystem::path& run, const std::string& section,
                                            const std::string& what);

/// Trains by the plan into the folder and saves the model there; the members of an ensemble each in a folder
/// member-N of its own first. Cancelled keeps the best model so far as
/// model.safetensors, and the state to resume from. Blocking.
[[nodiscard]] Result<LoadedModel> trainInto(const RunFolder& run, const TrainPlan& plan,
                                            const std::vector<SectionTensors>& training,
                                            const std::vector<SectionTensors>& validation,
                                            const CancelToken& cancel);

/// The same, but with `run.resume` it goes on where there is something to go on from, and takes over a run
/// that has come to its end. BadInput when that was a run of other settings, genes or sections.
[[nodiscard]] Result<LoadedModel> trainOrTakeOver(RunFolder run, const TrainPlan& plan,
                                                  const std::vector<SectionTensors>& training,
                                                  const std::vector<SectionTensors>& validation,
                                                  const CancelToken& cancel);

} // namespace spotglass
