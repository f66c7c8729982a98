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

/// Which sections train, and which decide when to stop. Not owned.
struct SectionSplit {
    std::vector<Section*> training, validation;
};

/// By the names given. Without validation names the last patient is set aside. Usage for a section on both
/// sides, BadInput where nothing is left, where there is one patient only and no section is named, and where
/// a patient is on both sides without `samePatient` (or there being only one). `fixedEpochs`: none is set
/// aside.
[[nodiscard]] Result<SectionSplit> splitSections(Cohort& cohort, const std::vector<std::string>& training,
                                                 const std::vector<std::string>& validation, bool fixedEpochs,
                                                 bool samePatient);

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

/// Tensors of the sections, in order. Blocking.
[[nodiscard]] Result<std::vector<SectionTensors>> loadSections(const std::vector<Section*>& sections,
                                                               const ModelCard& card,
                                                               const std::filesystem::path& featureCache,
                                                               const OpenedEncoder& encoder,
                                                               const CancelToken& cancel);

/// "auto", "cpu", "cuda" or "cuda:N" (chooseDevice()), said to the user where it is not the CPU; each of
/// several processes on a machine takes the card of its LOCAL_RANK. Blocking.
[[nodiscard]] Result<torch::Device> trainingDevice(const std::string& wanted, const Ranks* ranks);

} // namespace spotglass
