#include "inference/model/DkanConfig.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace spotglass {
namespace {

using Json = nlohmann::json;

template <typename Value> using Words = std::vector<std::pair<const char*, Value>>;

const Words<Fusion> kFusions{{"cross_attention", Fusion::CrossAttention},
                             {"sum_transformer", Fusion::SumTransformer},
                             {"concat_transformer", Fusion::ConcatTransformer},
                             {"sum", Fusion::Sum},
                             {"concat", Fusion::Concat}};
const Words<TextRole> kTextRoles{{"query", TextRole::Query}, {"key_value", TextRole::KeyValue}};
const Words<Design> kDesigns{
    {"dkan", Design::Dkan}, {"image_only", Design::ImageOnly}, {"stnet", Design::StNet}};
const Words<bool Levels::*> kLevels{
    {"slide", &Levels::slide}, {"region", &Levels::region}, {"patch", &Levels::patch}};

/// "a, b or c".
template <typename Value> std::string choices(const Words<Value>& words) {
    std::string all;
    for (std::size_t i = 0; i < words.size(); ++i)
        all += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + std::string(words[i].first);
    return all;
}

template <typename Value> const Value* meaning(const Json& word, const Words<Value>& words) {
    for (const auto& [name, value] : words)
        if (word.is_string() && word.get_ref<const std::string&>() == name) return &value;
    return nullptr;
}

template <typename Value> std::string nameOf(const Value& value, const Words<Value>& words) {
    return std::find_if(words.begin(), words.end(), [&](auto& w) { return w.second == value; })->first;
}

/// Collects the first complaint instead of throwing at each key.
struct Reader {
    const Json& json;
    std::string complaint;

    void number(const char* key, int& value, int low, int high) {
        if (!json.contains(key) || json[key].is_null()) return;
        const Json& j = json[key];
        if (!j.is_number() || (j.is_number_float() && j.get<double>() != static_cast<int>(j.get<double>())))
            return complain(key, "a whole number");
        const double v = j.get<double>();
        if (v < low || v > high)
            return complain(key, "between " + std::to_string(low) + " and " + std::to_string(high));
        value = static_cast<int>(v);
    }
    void real(const char* key, double& value, double low, double high) {
        if (!json.contains(key) || json[key].is_null()) return;
        if (!json[key].is_number()) return complain(key, "a number");
        value = json[key].get<double>();
        if (!(value >= low && value <= high))
            complain(key, "between " + std::to_string(low) + " and " + std::to_string(high));
    }
    void flag(const char* key, bool& value) {
        if (!json.contains(key)) return;
        if (!json[key].is_boolean()) return complain(key, "true or false");
        value = json[key].get<bool>();
    }
    template <typename Value> void word(const char* key, Value& value, const Words<Value>& words) {
        if (!json.contains(key)) return;
        if (const auto* found = meaning(json[key], words))
            value = *found;
        else
            complain(key, choices(words));
    }
    void levels(Levels& levels) {
        if (!json.contains("levels")) return;
        const Json& list = json["levels"];
        Levels given{false, false, false};
        bool known = list.is_array() && !list.empty();
        for (const auto& name : list) {
            const auto* level = known ? meaning(name, kLevels) : nullptr;
            known = level != nullptr && !(given.**level);
            if (!known) break;
            given.** level = true;
        }
        if (!known) return complain("levels", "a list of one or more of slide, region and patch, each once");
        levels = given;
    }
    void transformer(const std::string& suffix, TransformerConfig& t) {
        number(("depth" + suffix).c_str(), t.depth, 1, 64);
        number(("num_heads" + suffix).c_str(), t.heads, 1, 256);
        number(("mlp_ratio" + suffix).c_str(), t.mlpRatio, 1, 64);
        real(("dropout" + suffix).c_str(), t.dropout, 0, 0.95);
    }
    void complain(const std::string& key, const std::string& expected) {
        if (complaint.empty()) complaint = "the model configuration's " + key + " should be " + expected;
    }
};

/// A simpler design decides some switches itself; the configuration may say the same of them, nothing else.
void applyDesign(DkanConfig& c, Reader& r) {
    if (c.design == Design::Dkan) return;
    const std::string where = " where design is " + nameOf(c.design, kDesigns);
    const auto must = [&](const char* key, bool agrees, const char* value) {
        if (r.json.contains(key) && !agrees) r.complain(key, std::string("left out or ") + value + where);
    };
    must("gene_text", !c.geneText, "false");
    must("contrastive", !c.contrastive, "false");
    must("text_role", c.textRole == TextRole::Query, "query");
    c.geneText = c.contrastive = false;
    if (c.design != Design::StNet) return;
    must("levels", c.levels == Levels{false, false, true}, "patch alone");
    must("fusion", c.fusionForm == Fusion::CrossAttention, "cross_attention");
    c.levels = {false, false, true};
}

/// Whether the levels' tokens pass a transformer on their way to f_img.
bool hasFusionLayers(const DkanConfig& c) {
    return c.fusionForm == Fusion::CrossAttention
               ? c.levels.count() > 1
               : c.fusionForm == Fusion::SumTransformer || c.fusionForm == Fusion::ConcatTransformer;
}

Result<void> checkShape(const DkanConfig& c, const std::string& where) {
    struct Division {
        const char* key;
        bool matters;
        int width, heads;
    };
    const Division divisions[] = {
        {"num_heads1", hasFusionLayers(c), c.width, c.fusion.heads},
        {"num_heads2", c.levels.slide, c.width, c.slide.heads},
        {"num_heads3", c.levels.region, c.width, c.region.heads},
        {"num_heads_img", c.design == Design::Dkan, c.width, c.image.heads},
        {"num_heads_exp", c.contrastive, c.width, c.expression.heads},
        {"num_heads_text", c.geneText, c.projectTextFirst ? c.width : c.textWidth, c.text.heads}};
    for (const auto& [key, matters, width, heads] : divisions)
        if (matters && width % heads != 0)
            return badInput(std::string("the model configuration's ") + key + " does not divide its width",
                            where);
    if (c.patchEncoder == "resnet18" ? c.patchWidth % 8 != 0 : c.patchWidth != 1024)
        return badInput("the model configuration's emb_dim_target does not fit " + c.patchEncoder, where);
    if (c.kernelSize % 2 == 0) return badInput("the model configuration's kernel_size should be odd", where);
    if (c.regionRows % 2 == 0 || c.regionColumns % 2 == 0)
        return badInput("the model configuration's res_neighbor should be odd", where);
    return {};
}

} // namespace

Result<DkanConfig> parseDkanConfig(const Json& json, const std::string& where) {
    DkanConfig c;
    if (!json.is_object()) return badInput("the model configuration is not a JSON object", where);
    Reader r{json, {}};
    if (json.contains("target_encoder_name")) {
        if (!json["target_encoder_name"].is_string())
            r.complain("target_encoder_name", "resnet18 or resnet50");
        else
            c.patchEncoder = json["target_encoder_name"].get<std::string>();
        if (c.patchEncoder != "resnet18" && c.patchEncoder != "resnet50")
            r.complain("target_encoder_name", "resnet18 or resnet50");
    }
    if (c.patchEncoder == "resnet50") c.patchWidth = 1024;
    r.number("emb_dim_target", c.patchWidth, 8, 4096);
    r.number("num_genes", c.genes, 1, 100000);
    r.number("emb_dim", c.width, 1, 16384);
    r.number("emb_dim_text", c.textWidth, 1, 16384);
    r.transformer("1", c.fusion);
    r.transformer("2", c.slide);
    r.transformer("3", c.region);
    r.transformer("_img", c.image);
    r.transformer("_exp", c.expression);
    r.transformer("_text", c.text);
    r.real("dropout_linear_exp", c.expressionDropout, 0, 0.95);
    r.real("temperature", c.temperature, 1e-4, 100);
    r.number("kernel_size", c.kernelSize, 1, 31);
    r.flag("project_text_first", c.projectTextFirst);
    r.flag("separate_fusion_weights", c.separateFusionWeights);
    r.levels(c.levels);
    r.word("fusion", c.fusionForm, kFusions);
    r.flag("gene_text", c.geneText);
    r.word("text_role", c.textRole, kTextRoles);
    r.flag("contrastive", c.contrastive);
    r.word("design", c.design, kDesigns);
    applyDesign(c, r);
    if (json.contains("res_neighbor")) {
        const Json& n = json["res_neighbor"];
        if (!n.is_array() || n.size() != 2 || !n[0].is_number_integer() || !n[1].is_number_integer() ||
            n[0].get<int>() < 1 || n[1].get<int>() < 1 || n[0].get<int>() > 31 || n[1].get<int>() > 31)
            r.complain("res_neighbor", "two small whole numbers");
        else {
            c.regionRows = n[0].get<int>();
            c.regionColumns = n[1].get<int>();
        }
    }
    if (!r.complaint.empty()) return badInput(r.complaint, where);
    if (auto ok = checkShape(c, where); !ok) return Failure(ok.error());
    return c;
}

Json toJson(const DkanConfig& c) {
    Json j{{"target_encoder_name", c.patchEncoder},
           {"num_genes", c.genes},
           {"emb_dim_target", c.patchWidth},
           {"emb_dim", c.width},
           {"emb_dim_text", c.textWidth},
           {"temperature", c.temperature},
           {"dropout_linear_exp", c.expressionDropout},
           {"kernel_size", c.kernelSize},
           {"res_neighbor", {c.regionRows, c.regionColumns}},
           {"project_text_first", c.projectTextFirst},
           {"separate_fusion_weights", c.separateFusionWeights},
           {"design", nameOf(c.design, kDesigns)},
           {"levels", Json::array()},
           {"fusion", nameOf(c.fusionForm, kFusions)},
           {"gene_text", c.geneText},
           {"text_role", nameOf(c.textRole, kTextRoles)},
           {"contrastive", c.contrastive}};
    for (const auto& [name, level] : kLevels)
        if (c.levels.*level) j["levels"].push_back(name);
    const auto add = [&j](const std::string& suffix, const TransformerConfig& t) {
        j["depth" + suffix] = t.depth;
        j["num_heads" + suffix] = t.heads;
        j["mlp_ratio" + suffix] = t.mlpRatio;
        j["dropout" + suffix] = t.dropout;
    };
    add("1", c.fusion);
    add("2", c.slide);
    add("3", c.region);
    add("_img", c.image);
    add("_exp", c.expression);
    add("_text", c.text);
    return j;
}

} // namespace spotglass
