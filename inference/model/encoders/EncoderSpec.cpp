#include "inference/model/encoders/EncoderSpec.h"

#include "inference/model/encoders/JsonFields.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> kKinds{"vit", "resnet18", "resnet50", "torchscript"};
constexpr std::array<std::string_view, 2> kActivations{"gelu", "silu"};
constexpr std::array<std::string_view, 3> kMlps{"from_weights", "plain", "gated"};
constexpr std::array<std::string_view, 2> kPoolings{"token", "avg"};
constexpr std::array<std::string_view, 2> kInterpolations{"bilinear", "bicubic"};

template <typename Enum, std::size_t N>
std::string nameIn(const std::array<std::string_view, N>& names, Enum value) {
    return std::string(names.at(static_cast<std::size_t>(value)));
}

template <typename Enum, std::size_t N>
void choice(JsonFields& fields, const char* key, const std::array<std::string_view, N>& names, Enum& value) {
    std::string text;
    if (!fields.text(key, text)) return;
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        std::string all;
        for (const auto n : names)
            all += (all.empty() ? "" : ", ") + std::string(n);
        return fields.complain(key, "one of " + all);
    }
    value = static_cast<Enum>(found - names.begin());
}

Json vitJson(const VitArchitecture& v) {
    return {{"patch_size", v.patchSize},
            {"width", v.width},
            {"depth", v.depth},
            {"heads", v.heads},
            {"mlp_hidden", v.hidden},
            {"mlp", nameIn(kMlps, v.mlp)},
            {"activation", nameIn(kActivations, v.activation)},
            {"layer_scale", v.layerScale},
            {"class_token", v.classToken},
            {"register_tokens", v.registerTokens},
            {"prefix_position", v.prefixPosition},
            {"pre_norm", v.preNorm},
            {"qkv_bias", v.qkvBias},
            {"qk_norm", v.qkNorm},
            {"pooling", nameIn(kPoolings, v.pooling)},
            {"pool_norm", v.poolNorm},
            {"layer_norm_epsilon", v.epsilon}};
}

Result<VitArchitecture> parseVit(const Json& json, const std::string& where) {
    VitArchitecture v;
    JsonFields f(json);
    f.number("patch_size", v.patchSize, 1, 1024);
    f.number("width", v.width, 1, 16384);
    f.number("depth", v.depth, 1, 256);
    f.number("heads", v.heads, 1, 256);
    f.number("mlp_hidden", v.hidden, 1, 131072);
    choice(f, "mlp", kMlps, v.mlp);
    choice(f, "activation", kActivations, v.activation);
    f.flag("layer_scale", v.layerScale);
    f.flag("class_token", v.classToken);
    f.number("register_tokens", v.registerTokens, 0, 256);
    f.flag("prefix_position", v.prefixPosition);
    f.flag("pre_norm", v.preNorm);
    f.flag("qkv_bias", v.qkvBias);
    f.flag("qk_norm", v.qkNorm);
    choice(f, "pooling", kPoolings, v.pooling);
    f.flag("pool_norm", v.poolNorm);
    f.real("layer_norm_epsilon", v.epsilon, 1e-12, 1e-2);
    if (auto ok = f.finish("the encoder's architecture", where); !ok) return Failure(ok.error());
    return v;
}

Result<void> checkVit(const VitArchitecture& v, const EncoderSpec& spec, const std::string& where) {
    if (v.width % v.heads != 0)
        return badInput("the encoder's width " + std::to_string(v.width) + " does not divide by its " +
                            std::to_string(v.heads) + " heads",
                        where);
    if (spec.inputSide % v.patchSize != 0)
        return badInput("the encoder's input of " + std::to_string(spec.inputSide) +
                            " pixels does not divide by its patches of " + std::to_string(v.patchSize),
                        where);
    if (v.mlp == MlpForm::Gated && v.hidden % 2 != 0)
        return badInput("the encoder's gated MLP has an odd width", where);
    if (v.pooling == Pooling::Token && !v.classToken)
        return badInput("the encoder has no class token, but its features are said to be that token", where,
                        "Set its pooling to avg");
    return {};
}

} // namespace

std::string_view name(EncoderKind kind) {
    return kKinds.at(static_cast<std::size_t>(kind));
}

Json toJson(const EncoderSpec& s) {
    Json json = {{"kind", name(s.kind)},
                 {"name", s.name},
                 {"input_side", s.inputSide},
                 {"mean", s.mean},
                 {"std", s.std},
                 {"interpolation", nameIn(kInterpolations, s.interpolation)}};
    if (s.micronsPerPixel) json["microns_per_pixel"] = *s.micronsPerPixel;
    if (s.vit) json["vit"] = vitJson(*s.vit);
    if (s.kind == EncoderKind::ResNet50) json["stops_at_layer3"] = s.stopsAtLayer3;
    if (s.kind == EncoderKind::TorchScript) json["normalises_itself"] = s.normalisesItself;
    return json;
}

Result<EncoderSpec> parseEncoderSpec(const Json& json, const std::string& where) {
    if (!json.is_object() || !json.contains("kind"))
        return badInput("this does not describe an encoder: it is not a JSON object with a \"kind\"", where);
    EncoderSpec s;
    JsonFields f(json);
    choice(f, "kind", kKinds, s.kind);
    f.text("name", s.name);
    f.number("input_side", s.inputSide, 16, 4096);
    f.triple("mean", s.mean, -10, 10);
    f.triple("std", s.std, 1e-3, 10);
    choice(f, "interpolation", kInterpolations, s.interpolation);
    double microns = 0;
    if (f.real("microns_per_pixel", microns, 0.01, 100)) s.micronsPerPixel = microns;
    if (s.kind == EncoderKind::ResNet50) f.flag("stops_at_layer3", s.stopsAtLayer3);
    if (s.kind == EncoderKind::TorchScript) f.flag("normalises_itself", s.normalisesItself);
    if (s.kind == EncoderKind::Vit) {
        if (const Json* vit = f.object("vit")) {
            auto architecture = parseVit(*vit, where);
            if (!architecture) return Failure(architecture.error());
            s.vit = *architecture;
        }
    }
    if (auto ok = f.finish("the encoder's description", where); !ok) return Failure(ok.error());
    if (auto ok = checkSpec(s, where); !ok) return Failure(ok.error());
    return s;
}

Result<void> checkSpec(const EncoderSpec& s, const std::string& where) {
    if (s.inputSide < 16 || s.inputSide > 4096)
        return badInput("an encoder's input is between 16 and 4096 pixels wide, not " +
                            std::to_string(s.inputSide),
                        where);
    for (std::size_t i = 0; i < 3; ++i)
        if (!std::isfinite(s.mean[i]) || !(s.std[i] > 0) || !std::isfinite(s.std[i]))
            return badInput("the encoder's mean and std do not say how colours are normalised", where);
    if (s.kind == EncoderKind::Vit && s.vit) return checkVit(*s.vit, s, where);
    return {};
}

} // namespace spotglass
