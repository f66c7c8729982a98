#include "inference/model/encoders/PublishedEncoders.h"

#include "inference/model/encoders/TimmConfig.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace spotglass {
namespace {

constexpr std::array<PublishedEncoder, 5> kEncoders{
    {{"uni", "UNI", 1024, "huggingface.co/MahmoodLab/UNI", "pytorch_model.bin",
      "CC-BY-NC-ND 4.0, academic research only", true, true},
     {"uni2-h", "UNI2-h", 1536, "huggingface.co/MahmoodLab/UNI2-h", "pytorch_model.bin",
      "CC-BY-NC-ND 4.0, academic research only", true, true},
     {"conch", "CONCH", 512, "huggingface.co/MahmoodLab/CONCH", "pytorch_model.bin",
      "CC-BY-NC-ND 4.0, academic research only", true, false},
     {"resnet18", "ResNet-18 of torchvision", 512, "download.pytorch.org/models", "resnet18-f37072fd.pth",
      "BSD 3-clause", false, true},
     {"resnet50", "ResNet-50 of torchvision", 2048, "download.pytorch.org/models", "resnet50-0676ba61.pth",
      "BSD 3-clause", false, true}}};

bool sameText(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

} // namespace

std::span<const PublishedEncoder> publishedEncoders() {
    return kEncoders;
}

const PublishedEncoder* publishedEncoder(std::string_view name) {
    const auto found = std::find_if(kEncoders.begin(), kEncoders.end(), [&](const PublishedEncoder& encoder) {
        return sameText(encoder.name, name) || sameText(encoder.title, name);
    });
    return found == kEncoders.end() ? nullptr : &*found;
}

std::string howToGet(const PublishedEncoder& encoder) {
    const std::string title(encoder.title), source(encoder.source), file(encoder.file);
    std::string text;
    if (encoder.gated) {
        text = title + " is given out by its authors. Sign in at " + source +
               ", request access and accept its licence (" + std::string(encoder.licence) +
               "). When access is granted, download " + file;
    } else {
        text = title + " can be downloaded freely from " + source + " (" + file + ", " +
               std::string(encoder.licence) + ")";
    }
    if (encoder.readable) return text + ", and give that file to Spotglass.";
    return text +
           ". Its file holds a network that Spotglass does not compute itself: convert its image encoder "
           "with torch.jit.trace and torch.jit.save, and give the TorchScript file to Spotglass.";
}

Result<EncoderSpec> publishedSpec(std::string_view name) {
    nlohmann::json config = {{"global_pool", "token"},      {"img_size", 224},
                             {"init_values", 1e-5},         {"dynamic_img_size", true},
                             {"interpolation", "bilinear"}, {"mean", {0.485, 0.456, 0.406}},
                             {"std", {0.229, 0.224, 0.225}}};
    if (name == "uni") {
        config["architecture"] = "vit_large_patch16_224";
    } else if (name == "uni2-h") {
        config["architecture"] = "vit_giant_patch14_224";
        config.update({{"patch_size", 14},
                       {"depth", 24},
                       {"num_heads", 24},
                       {"embed_dim", 1536},
                       {"mlp_ratio", 2.66667 * 2},
                       {"no_embed_class", true},
                       {"mlp_layer", "timm.layers.SwiGLUPacked"},
                       {"act_layer", "torch.nn.SiLU"},
                       {"reg_tokens", 8}});
    } else {
        return badInput("there is no published description of an encoder called " + std::string(name));
    }
    auto spec = parseTimmConfig(config, std::string(name));
    if (spec) {
        spec->name = name;
        spec->micronsPerPixel = 0.5; // both were trained on patches at 20x
    }
    return spec;
}

} // namespace spotglass
