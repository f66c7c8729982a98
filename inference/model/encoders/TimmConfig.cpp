#include "inference/model/encoders/TimmConfig.h"

#include "inference/model/encoders/JsonFields.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

namespace spotglass {
namespace {

using Json = nlohmann::json;

const std::string kHint = "Convert the encoder to TorchScript, or ask where it came from for another form";

struct Size {
    const char* name;
    int width, depth, heads;
    double mlpRatio;
};
/// timm/models/vision_transformer.py. "giant" is another network in the DINOv2 family.
constexpr Size kSizes[] = {{"tiny", 192, 12, 3, 4},
                           {"small", 384, 12, 6, 4},
                           {"base", 768, 12, 12, 4},
                           {"large", 1024, 24, 16, 4},
                           {"huge", 1280, 32, 16, 4},
                           {"giant", 1408, 40, 16, 48.0 / 11},
                           {"gigantic", 1664, 48, 16, 64.0 / 13}};
constexpr Size kDinoGiant{"giant", 1536, 40, 24, 2.66667 * 2};

/// timm: int(width * mlp_ratio)
int hiddenOf(int width, double ratio) {
    return static_cast<int>(std::floor(width * ratio));
}

VitArchitecture vitNamed(const Size& size, int patch, int registers, bool dinov2) {
    VitArchitecture v;
    v.patchSize = patch;
    v.width = size.width;
    v.depth = size.depth;
    v.heads = size.heads;
    v.hidden = hiddenOf(size.width, size.mlpRatio);
    v.registerTokens = registers;
    v.prefixPosition = registers == 0; // timm's architectures with registers set no_embed_class
    v.mlp = MlpForm::FromWeights;
    if (dinov2) {
        v.layerScale = true;
        v.mlp = MlpForm::Plain;
    }
    if (dinov2 && std::string_view(size.name) == "giant") {
        v.mlp = MlpForm::Gated;
        v.activation = Activation::Silu;
    }
    return v;
}

/// "torch.nn.SiLU", "timm.layers.SwiGLUPacked", "<class '...SiLU'>": the last name in it, in small letters.
std::string lastName(std::string text) {
    while (!text.empty() && !std::isalnum(static_cast<unsigned char>(text.back())))
        text.pop_back();
    const auto dot = text.find_last_of(".' ");
    if (dot != std::string::npos) text = text.substr(dot + 1);
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// One of timm's pairs or single numbers: img_size 224 or [224, 224].
bool side(JsonFields& f, const char* key, int& value, int low, int high) {
    const Json* j = f.any(key);
    if (!j) return false;
    const Json& first = j->is_array() && j->size() == 2 && (*j)[0] == (*j)[1] ? (*j)[0] : *j;
    if (!first.is_number_integer() || first.get<std::int64_t>() < low || first.get<std::int64_t>() > high) {
        f.complain(key, "one whole number between " + std::to_string(low) + " and " + std::to_string(high));
        return false;
    }
    value = first.get<int>();
    return true;
}

/// Arguments that are supported at one value only; anything else is refused by name.
void mustBe(JsonFields& f, const char* key, const Json& only) {
    if (const Json* j = f.any(key); j && *j != only)
        f.complain(key, only.dump() + " (Spotglass does not compute it with " + j->dump() + ")");
}

void readMlp(JsonFields& f, VitArchitecture& v) {
    std::string text;
    if (f.text("mlp_layer", text)) {
        const std::string name = lastName(text);
        if (name == "swiglupacked") {
            v.mlp = MlpForm::Gated;
        } else if (name == "mlp") {
            v.mlp = MlpForm::Plain;
        } else {
            f.complain("mlp_layer", "Mlp or SwiGLUPacked (Spotglass does not compute " + text + ")");
        }
    }
    if (f.text("act_layer", text)) {
        const std::string name = lastName(text);
        if (name == "silu" || name == "swish") {
            v.activation = Activation::Silu;
        } else if (name == "gelu") {
            v.activation = Activation::Gelu;
        } else {
            f.complain("act_layer", "gelu or silu (Spotglass does not compute " + text + ")");
        }
    } else if (v.mlp == MlpForm::Gated && v.activation != Activation::Silu) {
        // timm would take GELU, which no published encoder means.
        f.complain("act_layer", "said where mlp_layer is (silu in the published encoders)");
    }
}

void readPooling(JsonFields& f, VitArchitecture& v) {
    std::string pool;
    if (f.text("global_pool", pool)) {
        if (pool == "token" || pool == "avg") {
            v.pooling = pool == "avg" ? Pooling::Average : Pooling::Token;
        } else {
            f.complain("global_pool", "token or avg (Spotglass does not compute \"" + pool + "\")");
        }
    }
    v.poolNorm = v.pooling == Pooling::Average;
    f.flag("fc_norm", v.poolNorm);
}

void readVitArguments(JsonFields& f, EncoderSpec& s) {
    VitArchitecture& v = *s.vit;
    const double ratio = static_cast<double>(v.hidden) / v.width;
    side(f, "img_size", s.inputSide, 16, 4096);
    side(f, "patch_size", v.patchSize, 1, 1024);
    f.number("embed_dim", v.width, 1, 16384);
    f.number("depth", v.depth, 1, 256);
    f.number("num_heads", v.heads, 1, 256);
    double mlpRatio = 0;
    if (f.real("mlp_ratio", mlpRatio, 0.01, 64)) {
        v.hidden = hiddenOf(v.width, mlpRatio);
    } else {
        v.hidden = static_cast<int>(std::lround(v.width * ratio));
    }
    readMlp(f, v);
    double initial = 0;
    if (f.real("init_values", initial, 0, 1e6)) v.layerScale = initial != 0;
    f.flag("class_token", v.classToken);
    f.number("reg_tokens", v.registerTokens, 0, 256);
    bool outside = !v.prefixPosition;
    f.flag("no_embed_class", outside);
    v.prefixPosition = !outside;
    f.flag("pre_norm", v.preNorm);
    f.flag("qkv_bias", v.qkvBias);
    f.flag("qk_norm", v.qkNorm);
    readPooling(f, v);
    std::string norm;
    if (f.text("norm_layer", norm) && lastName(norm) != "layernorm")
        f.complain("norm_layer", "LayerNorm (Spotglass does not compute " + norm + ")");
    mustBe(f, "in_chans", 3);
    mustBe(f, "pos_embed", "learn");
    for (const char* key : {"final_norm", "proj_bias"})
        mustBe(f, key, true);
    for (const char* key : {"dynamic_img_pad", "pool_include_prefix", "scale_attn_norm", "scale_mlp_norm"})
        mustBe(f, key, false);
    // At work in training alone, or changing nothing for an input of the size that is always given.
    f.ignore({"num_classes", "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate",
              "attn_drop_rate", "drop_path_rate", "weight_init", "fix_init", "dynamic_img_size",
              "strict_img_size"});
}

/// Where the input's size and colours stand: in pretrained_cfg, or at the top.
void readInput(JsonFields& f, EncoderSpec& s) {
    if (const Json* size = f.any("input_size")) {
        const bool fits = size->is_array() && size->size() == 3 && (*size)[0] == 3 &&
                          (*size)[1] == (*size)[2] && (*size)[1].is_number_integer();
        if (fits) {
            s.inputSide = (*size)[1].get<int>();
        } else {
            f.complain("input_size", "[3, side, side]");
        }
    }
    f.triple("mean", s.mean, -10, 10);
    f.triple("std", s.std, 1e-3, 10);
    std::string how;
    if (f.text("interpolation", how))
        s.interpolation = how == "bicubic" ? Interpolation::Bicubic : Interpolation::Bilinear;
}

void ignoreDescription(JsonFields& f) {
    f.ignore({"architecture", "architectures", "model_args",   "pretrained_cfg",
              "num_features", "library",       "library_name", "license",
              "tags",         "tag",           "label_names",  "label_descriptions",
              "custom_load",  "crop_pct",      "crop_mode",    "fixed_input_size",
              "pool_size",    "first_conv",    "classifier",   "origin_url",
              "paper_ids",    "paper_name",    "hf_hub_id",    "url",
              "pretrained",   "_name_or_path"});
}

Result<void> checkFeatures(const Json& config, int width, const std::string& where) {
    const auto found = config.find("num_features");
    if (found == config.end() || !found->is_number_integer() || found->get<int>() == width) return {};
    return badInput("the encoder's configuration promises " + found->dump() +
                        " features, but its architecture gives " + std::to_string(width),
                    where, "Part of the configuration is missing; ask where it came from for all of it");
}

Result<EncoderSpec> readVit(const Json& config, EncoderSpec s, const std::string& where) {
    const auto inner = [&](const char* key) {
        const auto found = config.find(key);
        return found != config.end() && found->is_object() ? *found : Json::object();
    };
    const Json cfg = inner("pretrained_cfg"), arguments = inner("model_args");
    JsonFields input(cfg);
    readInput(input, s);
    if (auto ok = input.complaints("the encoder's pretrained_cfg", where); !ok) return Failure(ok.error());
    // An argument beside model_args counts as one of its own, unless model_args says it too.
    Json all = config;
    all.update(arguments);
    JsonFields f(all);
    readInput(f, s);
    readVitArguments(f, s);
    ignoreDescription(f);
    if (auto ok = f.finish("the encoder's configuration", where); !ok) {
        Error error = ok.error();
        if (error.hint.empty()) error.hint = kHint;
        return Failure(error);
    }
    if (auto ok = checkFeatures(config, s.vit->width, where); !ok) return Failure(ok.error());
    return s;
}

Result<EncoderSpec> readResNet(const Json& config, EncoderSpec s, const std::string& where) {
    Json all = config;
    for (const char* key : {"pretrained_cfg", "model_args"})
        if (const auto found = config.find(key); found != config.end() && found->is_object())
            all.update(*found);
    JsonFields f(all);
    readInput(f, s);
    if (auto ok = f.complaints("the encoder's configuration", where); !ok) return Failure(ok.error());
    return s;
}

/// The number after `word` when that is all of `part` ("patch16"); 0 otherwise.
int numberAfter(std::string_view word, std::string_view part) {
    if (!part.starts_with(word)) return 0;
    part.remove_prefix(word.size());
    int number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    return error == std::errc() && end == part.data() + part.size() && number > 0 && number < 10000 ? number
                                                                                                    : 0;
}

/// vit_SIZE_patchP_SIDE, vit_SIZE_patchP_dinov2 or vit_SIZE_patchP_regR_dinov2; nothing for other names.
std::optional<EncoderSpec> plainVit(const std::string& name) {
    std::vector<std::string> parts{""};
    for (const char c : name) {
        if (c == '_') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    const bool dinov2 = parts.back() == "dinov2";
    if (parts.size() != 4 && !(parts.size() == 5 && dinov2)) return std::nullopt;
    const auto size = std::find_if(std::begin(kSizes), std::end(kSizes),
                                   [&](const Size& one) { return parts[1] == one.name; });
    const int patch = numberAfter("patch", parts[2]), side = numberAfter("", parts.back());
    const int registers = parts.size() == 5 ? numberAfter("reg", parts[3]) : 0;
    if (parts[0] != "vit" || size == std::end(kSizes) || patch == 0 || (!dinov2 && side == 0) ||
        (parts.size() == 5 && registers == 0))
        return std::nullopt;
    EncoderSpec s;
    s.vit = vitNamed(dinov2 && parts[1] == "giant" ? kDinoGiant : *size, patch, registers, dinov2);
    s.inputSide = dinov2 ? 518 : side;
    return s;
}

} // namespace

Result<EncoderSpec> timmArchitecture(const std::string& full, const std::string& where) {
    const std::string name = full.substr(0, full.find('.'));
    EncoderSpec s;
    if (name == "resnet18" || name == "resnet50") {
        s.kind = name == "resnet18" ? EncoderKind::ResNet18 : EncoderKind::ResNet50;
    } else if (const auto vit = plainVit(name)) {
        s = *vit;
    } else {
        return badInput("the encoder's architecture " + full + " is not one that Spotglass computes", where,
                        "Plain vision transformers (vit_..._patch...), resnet18 and resnet50 are; convert "
                        "others to TorchScript");
    }
    s.name = full;
    return s;
}

Result<EncoderSpec> parseTimmConfig(const Json& config, const std::string& where) {
    if (!config.is_object()) return badInput("the encoder's configuration is not a JSON object", where);
    const auto architecture = config.find("architecture");
    if (architecture == config.end() || !architecture->is_string()) {
        if (config.contains("model_type"))
            return badInput(
                "this configuration is of the transformers library, whose weights have other names", where,
                "Use the encoder in timm's form, or convert it to TorchScript");
        return badInput("the encoder's configuration does not name its architecture", where, kHint);
    }
    auto s = timmArchitecture(architecture->get<std::string>(), where);
    if (!s) return s;
    auto read = s->vit ? readVit(config, *s, where) : readResNet(config, *s, where);
    if (!read) return read;
    if (auto ok = checkSpec(*read, where); !ok) return Failure(ok.error());
    return read;
}

} // namespace spotglass
