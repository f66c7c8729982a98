#pragma once

#include "inference/model/DkanConfig.h"
#include "training/cohort/GenePanel.h"
#include "viewer/base/Result.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace spotglass {

/// Everything that decides a training run (spec/dkan.md section 3). Defaults are the published ones.
struct TrainingConfig {
    DkanConfig model;
    GenePanelOptions panel;
    std::vector<std::string> genes; ///< a fixed panel, all of it; empty: chosen on the training sections
    std::string imageEncoder;
    std::string featureScale = "training"; ///< or "slide" (FeatureScale.h)
    int patchPixels = 224;
    double micronsPerPixel = 0;         ///< of the patches; 0: such that a patch is as wide as the spot pitch
    double contextMicrons = 0;          ///< 0: the mean width of the training sections
    std::filesystem::path geneTexts;    ///< optional table of summaries
    std::filesystem::path featureCache; ///< optional folder where frozen features are kept between runs

    double learningRate = 1e-4;
    int learningRateStep = 50; ///< epochs
    double learningRateDecay = 0.9;
    double weightDecay = 0;
    int batch = 128;    ///< spots
    int microBatch = 0; ///< spots computed at once, for less memory (BatchGradients.h); 0: the batch
    std::string precision = "fp32"; ///< of the products in training: or "bf16" (ProductType.h)
    int maximumEpochs = 200;
    int patience = 20;         ///< epochs without a better validation PCC
    int fixedEpochs = 0;       ///< > 0: so many epochs on all sections, none set aside
    double averageWeights = 0; ///< > 0: decay of an exponential average of the weights, which is what is kept
    double featureDropout = 0; ///< share of frozen-feature values dropped in training
    std::uint64_t seed = 2021;
    int members = 1;              ///< networks with seeds of their own, whose mean is the prediction
    bool augment = true;          ///< flips and quarter turns of the patch
    bool turnArray = false;       ///< turns and flips of region and array, one a step (ArrayTurn.h)
    double stainAugmentation = 0; ///< strength of random stain and colour of the patch; 0.2: +-20 %
    int stainViews = 0;           ///< so many times each training section is encoded in another stain too
    double distillation = 0.3;
    /// Optional: a ResNet that a new model's patch encoder starts from (PatchEncoderWeights.h).
    std::filesystem::path patchEncoderWeights;
    std::filesystem::path from; ///< a model file to start from; then its shape and patches are taken over
    /// Factors on the learning rate of the model's parts (ModelParts.h); 0 holds a part still.
    std::map<std::string, double> learningRates;
    double checkpointMinutes = 5; ///< between checkpoints inside an epoch
    double contrastiveWeightScale = 3;
    bool contrastWithinSpots = false;
    double correlationWeight = 0; ///< of a third term of the loss (DkanLoss.h)
    double ridgeTeacher = 0;      ///< share of a ridge regression in what is to be predicted (RidgeTeacher.h)

    /// What it is trained on, where the command line does not say so; may be empty.
    std::filesystem::path cohort;
    /// Names. Empty training: all that are not named elsewhere. Reported sections take no part and are judged
    /// at the end.
    std::vector<std::string> trainingSections, validationSections, reportedSections;
    bool samePatient = false; ///< one patient's sections may be on two sides

    std::string name, licence, source; ///< for the model card
    nlohmann::json heldOut;            ///< for the model card: figures from sections that chose nothing

    nlohmann::json asJson; ///< the configuration as it was read
};

/// Reads a configuration file. Blocking. BadInput naming the key that is wrong; unknown keys are refused, so
/// that a misspelt setting is not silently ignored, those of "model" included. Paths in it are relative to
/// the file.
[[nodiscard]] Result<TrainingConfig> readTrainingConfig(const std::filesystem::path& file);

/// The same of a document; `where` is told in errors, paths are relative to `folder`.
[[nodiscard]] Result<TrainingConfig> parseTrainingConfig(const nlohmann::json& document,
                                                         const std::filesystem::path& folder,
                                                         const std::string& where);

} // namespace spotglass
