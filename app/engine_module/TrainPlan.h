#pragma once

#include "inference/engine/ModelNetworks.h"
#include "training/cohort/Cohort.h"
#include "training/Ranks.h"
#include "training/SpotDataset.h"
#include "training/TrainingConfig.h"
#include "viewer/base/CancelToken.h"

#include <memory>
#include <optional>

namespace spotglass {

/// Which sections train, which decide when to stop, and which are judged at the end. Not owned.
struct SectionSplit {
    std::vector<Section*> training, validation, reported;
};

/// The same by name. Empty training: all that are not named otherwise.
struct SectionNames {
    std::vector<std::string> training, validation, reported;
    bool fixedEpochs = false; ///< none decides when to stop
    bool samePatient = false; ///< a patient may be on two sides
};

/// Without validation names the last patient is set aside. Usage for a section on two sides, BadInput where
/// nothing is left, where there is one patient only and no section is named, and where a patient is on two
/// sides without `samePatient` (or there being only one).
[[nodiscard]] Result<SectionSplit> splitSections(Cohort& cohort, const SectionNames& names);

/// The names that are `said`, or where a list is empty those of the configuration.
[[nodiscard]] SectionNames sectionNames(const SectionNames& said, const TrainingConfig& config);

/// The sections that are named, all where none is named to train on; tells the user the cohort's warnings.
/// Usage without a path, otherwise errors as readCohort(). Blocking.
[[nodiscard]] Result<Cohort> readNamedCohort(const std::filesystem::path& path, const SectionNames& names);

/// The list of the configuration, or a panel chosen on the training sections alone, of genes that all
/// sections have; tells the user its warnings.
[[nodiscard]] Result<GenePanel> choosePanel(const TrainingConfig& config, const SectionSplit& sections);

/// What a run needs besides its sections' tensors.
struct TrainPlan {
    TrainingConfig config; ///< with what is taken over from the parent
    GenePanel panel;
    ModelCard card;
    std::shared_ptr<const OpenedEncoder> encoder; ///< shared by the copies of a plan
    torch::Tensor geneEmbeddings;                 ///< G x T
    std::optional<LoadedModel> parent;
};

/// Chooses the panel on the training sections alone, opens the encoder, embeds the gene texts, fills the
/// card. Blocking. `name`: of the model where the configuration gives none. BadInput as its parts say.
[[nodiscard]] Result<TrainPlan> planTraining(TrainingConfig config, const Cohort& cohort,
                                             const SectionSplit& sections, const std::string& name,
                                             const std::filesystem::path& workspace);

/// Tensors of sections to train on, in order, with the views in other stains that the plan asks for.
/// Blocking. `featureCache`: where features are kept, may be empty.
[[nodiscard]] Result<std::vector<SectionTensors>>
loadTrainingSections(const std::vector<Section*>& sections, const TrainPlan& plan,
                     const std::filesystem::path& featureCache, const CancelToken& cancel);

/// The same of sections to judge by, as they were scanned.
[[nodiscard]] Result<std::vector<SectionTensors>> loadSections(const std::vector<Section*>& sections,
                                                               const TrainPlan& plan,
                                                               const std::filesystem::path& featureCache,
                                                               const CancelToken& cancel);

/// "auto", "cpu", "cuda" or "cuda:N" (chooseDevice()), said to the user where it is not the CPU; each of
/// several processes on a machine takes the card of its LOCAL_RANK. Blocking.
[[nodiscard]] Result<torch::Device> trainingDevice(const std::string& wanted, const Ranks* ranks);

} // namespace spotglass
