#pragma once

#include "viewer/base/Result.h"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

/// What a frozen image encoder is, apart from its weights. Plain values: any thread, no Torch.
namespace spotglass {

enum class EncoderKind : std::uint8_t { Vit, ResNet18, ResNet50, TorchScript };
enum class Activation : std::uint8_t { Gelu, Silu }; ///< GELU with the error function
enum class MlpForm : std::uint8_t {
    FromWeights, ///< a configuration in JSON cannot name it; the widths of fc1 and fc2 show it
    Plain,       ///< fc2(act(fc1(x)))
    Gated        ///< timm's SwiGLUPacked: fc1 gives two halves a and b, then fc2(act(a) * b)
};
enum class Pooling : std::uint8_t { Token, Average }; ///< the class token, or the mean of the patch tokens
enum class Interpolation : std::uint8_t { Bilinear, Bicubic };

/// A vision transformer as timm's VisionTransformer builds it (timm/models/vision_transformer.py), with its
/// usual block: x += ls1 * attention(norm1(x)); x += ls2 * mlp(norm2(x)). Other block orders are not
/// supported.
struct VitArchitecture {
    int patchSize = 16; ///< pixels of the input
    int width = 768;    ///< D
    int depth = 12;     ///< blocks
    int heads = 12;
    int hidden = 3072; ///< rows of mlp.fc1; a gated MLP's fc2 takes half of them
    MlpForm mlp = MlpForm::Plain;
    Activation activation = Activation::Gelu;
    bool layerScale = false;    ///< ls1.gamma and ls2.gamma
    bool classToken = true;     ///< the first token
    int registerTokens = 0;     ///< after the class token
    bool prefixPosition = true; ///< pos_embed has rows for the class and register tokens (not no_embed_class)
    bool preNorm = false;       ///< norm_pre before the first block; then patch_embed.proj has no bias
    bool qkvBias = true;
    bool qkNorm = false; ///< LayerNorm of each head's queries and keys
    Pooling pooling = Pooling::Token;
    bool poolNorm = false; ///< fc_norm after pooling in the place of norm before it
    double epsilon = 1e-6; ///< of every LayerNorm

    [[nodiscard]] int prefixTokens() const { return (classToken ? 1 : 0) + registerTokens; }
    bool operator==(const VitArchitecture&) const = default;
};

struct EncoderSpec {
    EncoderKind kind = EncoderKind::Vit;
    std::string name;    ///< what model cards and cache keys carry
    int inputSide = 224; ///< pixels; patches of another size are resampled to this
    std::array<double, 3> mean{0.485, 0.456, 0.406}; ///< of RGB in [0, 1]: ImageNet's
    std::array<double, 3> std{0.229, 0.224, 0.225};
    Interpolation interpolation = Interpolation::Bilinear; ///< of that resampling
    std::optional<double> micronsPerPixel;                 ///< of the images it was trained on, where known
    std::optional<VitArchitecture> vit; ///< Vit only; without it the weights' shapes say what they are
    bool stopsAtLayer3 = false;         ///< ResNet50 only: 1024 numbers after the third stage, not 2048
    bool normalisesItself = false; ///< TorchScript only: the module wants RGB in [0, 1], not mean and std
    bool operator==(const EncoderSpec&) const = default;
};

/// "vit", "resnet18", "resnet50", "torchscript".
[[nodiscard]] std::string_view name(EncoderKind kind);

/// The form in which Spotglass keeps it; parseEncoderSpec() reads it back unchanged.
[[nodiscard]] nlohmann::json toJson(const EncoderSpec& spec);

/// BadInput, naming the entry, for a missing kind, an unknown entry, or a value that makes no sense. `where`
/// names the file.
[[nodiscard]] Result<EncoderSpec> parseEncoderSpec(const nlohmann::json& json, const std::string& where);

/// BadInput when the numbers do not go together (heads that do not divide the width and the like).
[[nodiscard]] Result<void> checkSpec(const EncoderSpec& spec, const std::string& where);

} // namespace spotglass
