#include "training/TrainingConfig.h"

#include "inference/model/ModelCard.h"
#include "training/ModelParts.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

const std::set<std::string> kKeys{"model",
                                  "panel",
                                  "genes",
                                  "image_encoder",
                                  "feature_scale",
                                  "patch_pixels",
                                  "microns_per_pixel",
                                  "context_um",
                                  "gene_texts",
                                  "feature_cache",
                                  "learning_rate",
                                  "learning_rate_step",
                                  "learning_rate_decay",
                                  "weight_decay",
                                  "batch",
                                  "micro_batch",
                                  "precision",
                                  "maximum_epochs",
                                  "patience",
                                  "fixed_epochs",
                                  "average_weights",
                                  "feature_dropout",
                                  "seed",
                                  "members",
                                  "augment",
                                  "stain_augmentation",
                                  "turn_array",
                                  "from",
                                  "patch_encoder_weights",
                                  "learning_rates",
                                  "checkpoint_minutes",
                                  "distillation_alpha",
                                  "contrastive_weight_scale",
                                  "correlation_weight",
                                  "ridge_teacher",
                                  "contrast_within_spots",
                                  "cohort",
                                  "sections",
                                  "same_patient",
                                  "name",
                                  "licence",
                                  "source",
                                  "held_out"};

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& word : words)
        all += (all.empty() ? "" : ", ") + word;
    return all;
}

Result<void> check(const TrainingConfig& c, const std::string& where) {
    const auto wrong = [&](const char* key, const char* expected) {
        return badInput(std::string("the setting ") + key + " should be " + expected, where);
    };
    if (c.featureScale != "training" && c.featureScale != "slide")
        return wrong("feature_scale", "\"training\" or \"slide\"");
    if (c.patchPixels < 32 || c.patchPixels > 1024) return wrong("patch_pixels", "between 32 and 1024");
    if (c.micronsPerPixel < 0 || c.micronsPerPixel > 20)
        return wrong("microns_per_pixel", "between 0 and 20");
    if (!(c.learningRate > 0 && c.learningRate < 1)) return wrong("learning_rate", "between 0 and 1");
    if (c.learningRateStep < 1) return wrong("learning_rate_step", "at least 1");
    if (c.batch < 2 || c.batch > 4096) return wrong("batch", "between 2 and 4096");
    if (c.microBatch < 0 || c.microBatch == 1 || c.microBatch > c.batch)
        return wrong("micro_batch", "between 2 and the batch, or 0 for the batch at once");
    if (c.precision != "fp32" && c.precision != "bf16") return wrong("precision", "\"fp32\" or \"bf16\"");
    if (c.maximumEpochs < 1 || c.patience < 1 || c.fixedEpochs < 0)
        return wrong("maximum_epochs, patience or fixed_epochs", "positive");
    if (c.members < 1 || c.members > ModelCard::kMostMembers) return wrong("members", "between 1 and 64");
    if (c.averageWeights < 0 || c.averageWeights >= 1)
        return wrong("average_weights", "at least 0 and below 1");
    if (c.featureDropout < 0 || c.featureDropout >= 1)
        return wrong("feature_dropout", "at least 0 and below 1");
    if (!(c.stainAugmentation >= 0 && c.stainAugmentation <= 1))
        return wrong("stain_augmentation", "between 0 and 1");
    if (!(c.correlationWeight >= 0 && c.correlationWeight <= 100))
        return wrong("correlation_weight", "between 0 and 100");
    if (!(c.ridgeTeacher >= 0 && c.ridgeTeacher <= 1)) return wrong("ridge_teacher", "between 0 and 1");
    if (!(c.checkpointMinutes > 0)) return wrong("checkpoint_minutes", "above 0");
    if (c.contrastWithinSpots && c.model.textRole == TextRole::KeyValue)
        return wrong("contrast_within_spots",
                     "false where text_role is key_value: a spot then has a single row to contrast");
    if (!c.patchEncoderWeights.empty() && !c.from.empty())
        return wrong("patch_encoder_weights", "left out where from is given: the parent has a patch encoder");
    if (!c.patchEncoderWeights.empty() && !c.model.levels.patch)
        return wrong("patch_encoder_weights", "left out of a model without the level patch");
    const auto& parts = modelPartNames();
    for (const auto& [part, factor] : c.learningRates) {
        if (std::find(parts.begin(), parts.end(), part) == parts.end())
            return badInput("learning_rates names a part " + part + " that DKAN does not have", where,
                            "Its parts are " + joined(parts));
        if (!(factor >= 0 && factor <= 100)) return wrong("learning_rates", "factors between 0 and 100");
    }
    return {};
}

/// The three lists of "sections", of which each may be missing. No section twice.
Result<void> readSections(TrainingConfig& c, const Json& j, const std::string& where) {
    const auto sections = j.value("sections", Json::object());
    const std::pair<const char*, std::vector<std::string>*> lists[] = {{"training", &c.trainingSections},
                                                                       {"validation", &c.validationSections},
                                                                       {"reported", &c.reportedSections}};
    if (!sections.is_object())
        return badInput("the setting sections should be an object with training, validation and reported",
                        where);
    std::set<std::string> seen;
    std::size_t known = 0;
    for (const auto& [key, list] : lists) {
        known += sections.count(key);
        *list = sections.value(key, *list);
        for (const auto& name : *list)
            if (!seen.insert(name).second)
                return badInput("section " + name + " is named twice in the setting sections", where,
                                "A section trains, or decides when to stop, or is reported");
    }
    if (known == sections.size()) return {};
    return badInput("the setting sections has a list that is not known", where,
                    "Its lists are training, validation and reported");
}

/// parseDkanConfig() passes over what it does not know, as checkpoints of others need; here it is a slip.
Result<void> checkModelKeys(const Json& j, const std::string& where) {
    const auto model = j.find("model");
    if (model == j.end() || !model->is_object()) return {};
    const Json known = toJson(DkanConfig{});
    for (const auto& [key, value] : model->items())
        if (!known.contains(key))
            return badInput("the setting " + key + " of model is not known", where, "Check its spelling");
    return {};
}

} // namespace

Result<TrainingConfig> readTrainingConfig(const std::filesystem::path& file) {
    auto text = readFile(file);
    if (!text) return Failure(text.error());
    return parseTrainingConfig(Json::parse(*text, nullptr, false, true), file.parent_path(), file.string());
}

Result<TrainingConfig> parseTrainingConfig(const Json& j, const std::filesystem::path& folder,
                                           const std::string& where) {
    if (!j.is_object())
        return badInput("this is not a JSON object", where, "See the examples in resources/training");
    for (const auto& [key, value] : j.items())
        if (!kKeys.contains(key))
            return badInput("the setting " + key + " is not known", where, "Check its spelling");
    TrainingConfig c;
    c.asJson = j;
    if (auto ok = checkModelKeys(j, where); !ok) return Failure(ok.error());
    auto model = parseDkanConfig(j.value("model", Json::object()), where);
    if (!model) return Failure(model.error());
    c.model = *model;
    auto panel = parseGenePanelOptions(j.value("panel", Json::object()), where);
    if (!panel) return Failure(panel.error());
    c.panel = std::move(*panel);
    const auto path = [&](const char* key) {
        const auto given = std::filesystem::path(j.value(key, std::string()));
        return given.empty() || given.is_absolute() ? given : folder / given;
    };
    try {
        c.genes = j.value("genes", c.genes);
        c.imageEncoder = j.value("image_encoder", std::string("spotglass-morphology-1"));
        c.featureScale = j.value("feature_scale", c.featureScale);
        c.patchPixels = j.value("patch_pixels", c.patchPixels);
        c.micronsPerPixel = j.value("microns_per_pixel", c.micronsPerPixel);
        c.contextMicrons = j.value("context_um", c.contextMicrons);
        c.geneTexts = path("gene_texts");
        c.featureCache = path("feature_cache");
        c.learningRate = j.value("learning_rate", c.learningRate);
        c.learningRateStep = j.value("learning_rate_step", c.learningRateStep);
        c.learningRateDecay = j.value("learning_rate_decay", c.learningRateDecay);
        c.weightDecay = j.value("weight_decay", c.weightDecay);
        c.batch = j.value("batch", c.batch);
        c.microBatch = j.value("micro_batch", c.microBatch);
        c.precision = j.value("precision", c.precision);
        c.maximumEpochs = j.value("maximum_epochs", c.maximumEpochs);
        c.patience = j.value("patience", c.patience);
        c.fixedEpochs = j.value("fixed_epochs", c.fixedEpochs);
        c.averageWeights = j.value("average_weights", c.averageWeights);
        c.featureDropout = j.value("feature_dropout", c.featureDropout);
        c.seed = j.value("seed", c.seed);
        c.members = j.value("members", c.members);
        c.augment = j.value("augment", c.augment);
        c.turnArray = j.value("turn_array", c.turnArray);
        c.stainAugmentation = j.value("stain_augmentation", c.stainAugmentation);
        c.from = path("from");
        c.patchEncoderWeights = path("patch_encoder_weights");
        c.learningRates = j.value("learning_rates", c.learningRates);
        c.checkpointMinutes = j.value("checkpoint_minutes", c.checkpointMinutes);
        c.distillation = j.value("distillation_alpha", c.distillation);
        c.contrastiveWeightScale = j.value("contrastive_weight_scale", c.contrastiveWeightScale);
        c.contrastWithinSpots = j.value("contrast_within_spots", c.contrastWithinSpots);
        c.correlationWeight = j.value("correlation_weight", c.correlationWeight);
        c.ridgeTeacher = j.value("ridge_teacher", c.ridgeTeacher);
        c.cohort = path("cohort");
        c.samePatient = j.value("same_patient", c.samePatient);
        if (auto ok = readSections(c, j, where); !ok) return Failure(ok.error());
        c.name = j.value("name", c.name);
        c.licence = j.value("licence", c.licence);
        c.source = j.value("source", c.source);
        c.heldOut = j.value("held_out", Json::object());
    } catch (const Json::exception& error) {
        return badInput(std::string("a setting has a value of the wrong kind (") + error.what() + ")", where);
    }
    if (auto ok = check(c, where); !ok) return Failure(ok.error());
    return c;
}

} // namespace spotglass
