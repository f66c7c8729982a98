#include "inference/model/encoders/OpenEncoder.h"

#include "inference/model/encoders/ResNetEncoder.h"
#include "inference/model/encoders/TimmConfig.h"
#include "inference/model/encoders/VitEncoder.h"
#include "viewer/base/Files.h"

#include <new>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kConfigLimit = 1 << 20;

std::vector<std::string> vitLandmarks() {
    return {"patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight"};
}

Result<std::unique_ptr<FrozenEncoder>> openVit(EncoderSpec spec, WeightFile& weights,
                                               EncoderOpening& opening) {
    if (auto ok = weights.enter(vitLandmarks(), "a vision transformer with timm's names"); !ok)
        return Failure(ok.error());
    if (auto ok = completeVit(spec, weights.inside(), weights.where(), opening.notes); !ok)
        return Failure(ok.error());
    opening.resolved = spec;
    auto encoder = VitEncoder::make(spec, weights);
    if (!encoder) return Failure(encoder.error());
    return std::move(*encoder);
}

Result<std::unique_ptr<FrozenEncoder>> openResNet(const EncoderSpec& spec, WeightFile& weights) {
    if (auto ok = weights.enter(resNetLandmarks(), "a ResNet with torchvision's names"); !ok)
        return Failure(ok.error());
    auto encoder = ResNetEncoder::make(spec, weights);
    if (!encoder) return Failure(encoder.error());
    return std::move(*encoder);
}

Result<EncoderSpec> readConfig(const std::filesystem::path& file, const std::string& name) {
    auto text = readFile(file, kConfigLimit);
    if (!text) return Failure(text.error());
    const Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object())
        return badInput("this configuration is not a JSON object", file.string(),
                        "Give the config.json that lies beside the encoder's weights");
    auto spec =
        json.contains("kind") ? parseEncoderSpec(json, file.string()) : parseTimmConfig(json, file.string());
    if (spec && spec->name.empty()) spec->name = name;
    return spec;
}

Result<EncoderSpec> describeResNet(WeightFile& weights, std::vector<std::string>& notes) {
    if (auto ok = weights.enter(resNetLandmarks(), "a ResNet with torchvision's names"); !ok)
        return Failure(ok.error());
    EncoderSpec spec;
    const auto shapes = weights.inside();
    const bool bottleneck = shapes.contains("layer1.0.conv3.weight");
    spec.kind = bottleneck ? EncoderKind::ResNet50 : EncoderKind::ResNet18;
    spec.stopsAtLayer3 = bottleneck && !shapes.contains("layer4.0.conv1.weight");
    notes.emplace_back("Patches of 224 pixels were assumed, as for ImageNet");
    return spec;
}

/// The one of `names` without which the file would hold all of them; empty where there is none.
std::string onlyMissing(const WeightFile& file, const std::vector<std::string>& names) {
    for (const auto& name : names) {
        auto rest = names;
        std::erase(rest, name);
        if (file.holds(rest)) return name;
    }
    return {};
}

void noteColours(std::vector<std::string>& notes) {
    notes.emplace_back("ImageNet's mean and std were assumed for the colours, as UNI and most encoders of "
                       "pathology have them");
}

} // namespace

Result<std::unique_ptr<FrozenEncoder>>
openEncoder(const EncoderSpec& spec, const std::filesystem::path& weights, EncoderOpening* given) {
    EncoderOpening unseen;
    EncoderOpening& opening = given ? *given : unseen;
    opening.resolved = spec;
    const std::string where = weights.string();
    if (auto ok = checkSpec(spec, where); !ok) return Failure(ok.error());
    try {
        if (spec.kind == EncoderKind::TorchScript) {
            auto encoder =
                TorchScriptEncoder::open(spec, weights, opening.consent.value_or(TorchScriptConsent{}));
            if (!encoder) return Failure(encoder.error());
            return std::move(*encoder);
        }
        auto file = WeightFile::open(weights);
        if (!file) return Failure(file.error());
        if (spec.kind == EncoderKind::Vit) return openVit(spec, *file, opening);
        return openResNet(spec, *file);
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::Device, "there is not enough memory for this encoder", where,
                    "Close other programs and try again");
    } catch (const c10::Error& error) {
        // LibTorch's allocator says it in its own way.
        if (std::string_view(error.what()).find("allocate") != std::string_view::npos)
            return fail(ErrorKind::Device, "there is not enough memory for this encoder", where,
                        "Close other programs and try again");
        return fail(ErrorKind::Defect,
                    std::string("this encoder could not be opened: ") + error.what_without_backtrace(),
                    where);
    }
}

Result<EncoderSpec> describeEncoder(const std::filesystem::path& weights, const std::filesystem::path& config,
                                    std::vector<std::string>& notes) {
    const std::string name = weights.stem().string();
    if (!config.empty()) return readConfig(config, name);
    std::error_code ec;
    const auto beside = weights.parent_path() / "config.json";
    if (std::filesystem::is_regular_file(beside, ec)) return readConfig(beside, name);
    auto file = WeightFile::open(weights);
    if (!file) return Failure(file.error());
    EncoderSpec spec;
    if (file->holds(vitLandmarks())) {
        if (auto ok = file->enter(vitLandmarks(), "a vision transformer"); !ok) return Failure(ok.error());
        if (auto ok = completeVit(spec, file->inside(), weights.string(), notes); !ok)
            return Failure(ok.error());
    } else if (file->holds(resNetLandmarks())) {
        auto found = describeResNet(*file, notes);
        if (!found) return found;
        spec = *found;
    } else {
        for (const auto& landmarks : {vitLandmarks(), resNetLandmarks()})
            if (const auto missing = onlyMissing(*file, landmarks); !missing.empty())
                return badInput("the weights lack " + missing, weights.string(),
                                "The file is incomplete; get it again");
        return badInput(
            "these weights are of a network that Spotglass does not compute", weights.string(),
            "Vision transformers with timm's names and ResNets with torchvision's are; convert others "
            "to TorchScript");
    }
    spec.name = name;
    noteColours(notes);
    return spec;
}

} // namespace spotglass
