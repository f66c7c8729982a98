#include "training/TrainingConfig.h"

#include "inference/model/ModelCard.h"
#include "training/ModelParts.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <type_traits>
#include <utility>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr int kMostStainViews = 16;

/// 1e2 and 100.0 are whole numbers too.
bool isWhole(const Json& value) {
    constexpr double kMost = std::numeric_limits<int>::max();
    if (!value.is_number_float()) return false;
    const auto number = value.get<double>();
    return number == std::trunc(number) && number >= 0 && number <= kMost;
}

/// What a setting of type T should be, where the value is something else; nullptr where it fits.
template <class T> const char* expectedInstead(const Json& value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value.is_boolean() ? nullptr : "true or false";
    } else if constexpr (std::is_integral_v<T>) {
        const bool fits = value.is_number_unsigned()  ? std::in_range<T>(value.get<std::uint64_t>())
                          : value.is_number_integer() ? std::in_range<T>(value.get<std::int64_t>())
                                                      : isWhole(value);
        return fits ? nullptr : "a whole number";
    } else if constexpr (std::is_floating_point_v<T>) {
        return value.is_number() ? nullptr : "a number";
    } else if constexpr (std::is_same_v<T, std::string>) {
        return value.is_string() ? nullptr : "text in quotation marks";
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        const auto isText = [](const Json& one) { return one.is_string(); };
        return value.is_array() && std::all_of(value.begin(), value.end(), isText)
                   ? nullptr
                   : "a list of names in quotation marks";
    } else {
        static_assert(std::is_same_v<T, std::map<std::string, double>>);
        const auto isNumber = [](const Json& one) { return one.is_number(); };
        return value.is_object() && std::all_of(value.begin(), value.end(), isNumber)
                   ? nullptr
                   : "names and numbers in braces";
    }
}

/// Reads one setting after the other; keeps the first mistake and what was asked for.
class Settings {
  public:
    Settings(const Json& json, std::filesystem::path folder) : json_(json), folder_(std::move(folder)) {}

    /// Leaves `into` as it is where the setting is not there or is of the wrong kind.
    template <class T> void read(const char* key, T& into) {
        known_.insert(key);
        const auto at = json_.find(key);
        if (at == json_.end()) return;
        if (const char* expected = expectedInstead<T>(*at)) {
            if (mistake_.empty()) mistake_ = std::string("the setting ") + key + " should be " + expected;
            return;
        }
        into = at->template get<T>();
    }

    /// A path relative to the folder of the settings.
    void read(const char* key, std::filesystem::path& into) {
        std::string given;
        read(key, given);
        if (!given.empty()) into = folder_ / given; // an absolute one stays as it is
    }

    /// A part with a reader of its own, or nothing in braces.
    Json part(const char* key) {
        known_.insert(key);
        return json_.value(key, Json::object());
    }

    /// After everything was read. Settings that nobody asked for come first: a slip in a name explains more.
    [[nodiscard]] Result<void> check(const std::string& where) const {
        for (const auto& [key, value] : json_.items())
            if (!known_.contains(key))
                return badInput("the setting " + key + " is not known", where, "Check its spelling");
        if (!mistake_.empty()) return badInput(mistake_, where, "See the examples in resources/training");
        return {};
    }

  private:
    const Json& json_;
    std::filesystem::path folder_;
    std::set<std::string> known_;
    std::string mistake_;
};

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
    if (c.stainViews < 0 || c.stainViews > kMostStainViews) return wrong("stain_views", "between 0 and 16");
    if (c.stainViews > 0 && c.stainAugmentation == 0)
        return wrong("stain_augmentation", "above 0 where stain_views asks for other stains");
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
Result<void> readSections(TrainingConfig& c, const Json& sections, const std::string& where) {
    if (!sections.is_object())
        return badInput("the setting sections should be an object with training, validation and reported",
                        where);
    const std::pair<const char*, std::vector<std::string>*> lists[] = {{"training", &c.trainingSections},
                                                                       {"validation", &c.validationSections},
                                                                       {"reported", &c.reportedSections}};
    std::set<std::string> seen;
    std::size_t known = 0;
    for (const auto& [key, list] : lists) {
        const auto at = sections.find(key);
        if (at == sections.end()) continue;
        ++known;
        if (const char* expected = expectedInstead<std::vector<std::string>>(*at))
            return badInput(std::string("the setting sections.") + key + " should be " + expected, where);
        *list = at->get<std::vector<std::string>>();
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
Result<void> checkModelKeys(const Json& model, const std::string& where) {
    if (!model.is_object()) return {};
    const Json known = toJson(DkanConfig{});
    for (const auto& [key, value] : model.items())
        if (!known.contains(key))
            return badInput("the setting " + key + " of model is not known", where, "Check its spelling");
    return {};
}

void readValues(TrainingConfig& c, Settings& settings) {
    c.imageEncoder = "spotglass-morphology-1";
    settings.read("genes", c.genes);
    settings.read("image_encoder", c.imageEncoder);
    settings.read("feature_scale", c.featureScale);
    settings.read("patch_pixels", c.patchPixels);
    settings.read("microns_per_pixel", c.micronsPerPixel);
    settings.read("context_um", c.contextMicrons);
    settings.read("gene_texts", c.geneTexts);
    settings.read("feature_cache", c.featureCache);
    settings.read("learning_rate", c.learningRate);
    settings.read("learning_rate_step", c.learningRateStep);
    settings.read("learning_rate_decay", c.learningRateDecay);
    settings.read("weight_decay", c.weightDecay);
    settings.read("batch", c.batch);
    settings.read("micro_batch", c.microBatch);
    settings.read("precision", c.precision);
    settings.read("maximum_epochs", c.maximumEpochs);
    settings.read("patience", c.patience);
    settings.read("fixed_epochs", c.fixedEpochs);
    settings.read("average_weights", c.averageWeights);
    settings.read("feature_dropout", c.featureDropout);
    settings.read("seed", c.seed);
    settings.read("members", c.members);
    settings.read("augment", c.augment);
    settings.read("turn_array", c.turnArray);
    settings.read("stain_augmentation", c.stainAugmentation);
    settings.read("stain_views", c.stainViews);
    settings.read("from", c.from);
    settings.read("patch_encoder_weights", c.patchEncoderWeights);
    settings.read("learning_rates", c.learningRates);
    settings.read("checkpoint_minutes", c.checkpointMinutes);
    settings.read("distillation_alpha", c.distillation);
    settings.read("contrastive_weight_scale", c.contrastiveWeightScale);
    settings.read("contrast_within_spots", c.contrastWithinSpots);
    settings.read("correlation_weight", c.correlationWeight);
    settings.read("ridge_teacher", c.ridgeTeacher);
    settings.read("cohort", c.cohort);
    settings.read("same_patient", c.samePatient);
    settings.read("name", c.name);
    settings.read("licence", c.licence);
    settings.read("source", c.source);
    c.heldOut = settings.part("held_out");
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
    TrainingConfig c;
    c.asJson = j;
    Settings settings(j, folder);
    const auto modelPart = settings.part("model"), panelPart = settings.part("panel"),
               sectionsPart = settings.part("sections");
    readValues(c, settings);
    if (auto ok = settings.check(where); !ok) return Failure(ok.error());
    if (auto ok = checkModelKeys(modelPart, where); !ok) return Failure(ok.error());
    auto model = parseDkanConfig(modelPart, where);
    if (!model) return Failure(model.error());
    c.model = *model;
    auto panel = parseGenePanelOptions(panelPart, where);
    if (!panel) return Failure(panel.error());
    c.panel = std::move(*panel);
    if (auto ok = readSections(c, sectionsPart, where); !ok) return Failure(ok.error());
    if (auto ok = check(c, where); !ok) return Failure(ok.error());
    return c;
}

} // namespace spotglass
