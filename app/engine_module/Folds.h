#pragma once

#include "app/engine_module/TrainPlan.h"
#include "training/experiment/FoldReport.h"

namespace spotglass {

/// What is held out together: a section, a patient, or some patients. Sections are the cohort's.
struct FoldGroup {
    std::string name;
    std::vector<Section*> sections;
};

/// `by`: "patient" or "section"; `folds` > 0: so many groups of patients. BadInput where the cohort has too
/// few to hold one out, let another decide when to stop (EpochChoice::Inner) and train on what is left, and
/// where sections are to be held out of several patients without `samePatient`.
[[nodiscard]] Result<std::vector<FoldGroup>> foldGroups(Cohort& cohort, const std::string& by, int folds,
                                                        bool samePatient, EpochChoice choice);

/// Where folds are trained, and how.
struct FoldSettings {
    std::filesystem::path output, features, workspace;
    EpochChoice choice = EpochChoice::Inner;
    bool resume = false;       ///< takes over what `output` holds already
    int shard = 1, shards = 1; ///< only every shards-th fold, beginning with the shard-th (from 1)
    torch::Device device = torch::kCPU;
};

/// Sections of a fold: the held-out group is reported; the next one decides when to stop, or the held-out one
/// itself where that is asked for.
[[nodiscard]] SectionSplit foldSplit(const std::vector<FoldGroup>& groups, std::size_t held,
                                     EpochChoice choice);

/// Trains on all groups but the held-out one and adds it to the report. First one of them decides when to
/// stop; then a model is trained anew on all of them for as many epochs. The held-out group chooses nothing,
/// not even the panel, unless EpochChoice::Reported. Blocking, hours.
[[nodiscard]] Result<void> runFold(const TrainingConfig& config, Cohort& cohort,
                                   const std::vector<FoldGroup>& groups, std::size_t held,
                                   const FoldSettings& settings, FoldReport& report,
                                   const CancelToken& cancel);

/// All of them, one after the other.
[[nodiscard]] Result<FoldReport> runFolds(const TrainingConfig& config, Cohort& cohort,
                                          const std::vector<FoldGroup>& groups, const FoldSettings& settings,
                                          const CancelToken& cancel);

} // namespace spotglass
