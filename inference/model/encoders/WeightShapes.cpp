#include "inference/model/encoders/WeightShapes.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

const std::string kIncomplete = "The file is incomplete, or its configuration belongs to another encoder";

const TensorShape* find(const TensorShapes& shapes, const std::string& name) {
    const auto found = shapes.find(name);
    return found == shapes.end() ? nullptr : &found->second;
}
bool has(const TensorShapes& shapes, const std::string& name) {
    return shapes.contains(name);
}

void addNorm(TensorShapes& shapes, const std::string& name, std::int64_t width) {
    shapes[name + ".weight"] = shapes[name + ".bias"] = {width};
}
void addLinear(TensorShapes& shapes, const std::string& name, std::int64_t out, std::int64_t in,
               bool bias = true) {
    shapes[name + ".weight"] = {out, in};
    if (bias) shapes[name + ".bias"] = {out};
}

void addBlock(TensorShapes& shapes, const std::string& block, const VitArchitecture& v) {
    addNorm(shapes, block + "norm1", v.width);
    addLinear(shapes, block + "attn.qkv", 3 * v.width, v.width, v.qkvBias);
    if (v.qkNorm)
        for (const char* which : {"attn.q_norm", "attn.k_norm"})
            addNorm(shapes, block + which, v.width / v.heads);
    addLinear(shapes, block + "attn.proj", v.width, v.width);
    if (v.layerScale) shapes[block + "ls1.gamma"] = shapes[block + "ls2.gamma"] = {v.width};
    addNorm(shapes, block + "norm2", v.width);
    addLinear(shapes, block + "mlp.fc1", v.hidden, v.width);
    addLinear(shapes, block + "mlp.fc2", v.width, v.mlp == MlpForm::Gated ? v.hidden / 2 : v.hidden);
}

/// Parts of the encoder itself, as against a head or a training-time token beside it.
bool belongsToEncoder(const std::string& name) {
    for (const char* part : {"patch_embed.", "blocks.", "norm", "fc_norm.", "pos_embed", "cls_token",
                             "reg_token", "register_tokens", "dist_token", "attn_pool."})
        if (name.starts_with(part)) return true;
    return false;
}

int depthOf(const TensorShapes& shapes) {
    int depth = 0;
    while (has(shapes, "blocks." + std::to_string(depth) + ".norm1.weight"))
        ++depth;
    return depth;
}

int headsOf(const VitArchitecture& v, const TensorShapes& shapes, std::vector<std::string>& notes) {
    if (const auto* q = find(shapes, "blocks.0.attn.q_norm.weight"); q && q->size() == 1 && (*q)[0] > 0)
        return static_cast<int>(v.width / (*q)[0]);
    // Known encoders whose heads are not 64 wide: ViT-H (80), timm's ViT-g (88) and ViT-G (104).
    int heads = v.width / 64;
    if (v.width == 1280 || v.width == 1408 || v.width == 1664) heads = 16;
    heads = std::max(1, heads);
    notes.emplace_back("The number of attention heads is not written in the weights; " +
                       std::to_string(heads) + " was assumed for a width of " + std::to_string(v.width));
    return heads;
}

/// Gated when fc2 takes half of what fc1 gives. Unchanged where the shapes show neither.
void deduceMlp(VitArchitecture& v, const TensorShapes& shapes, std::vector<std::string>& notes) {
    const auto* fc1 = find(shapes, "blocks.0.mlp.fc1.weight");
    const auto* fc2 = find(shapes, "blocks.0.mlp.fc2.weight");
    v.mlp = MlpForm::Plain;
    if (!fc1 || !fc2 || fc1->size() != 2 || fc2->size() != 2 || (*fc1)[0] != 2 * (*fc2)[1]) return;
    v.mlp = MlpForm::Gated;
    v.activation = Activation::Silu;
    notes.emplace_back(
        "The weights have a gated MLP; SiLU was assumed for its activation, as in UNI2-h and DINOv2");
}

Result<void> deduceTokens(VitArchitecture& v, const TensorShapes& shapes, const std::string& where) {
    v.classToken = has(shapes, "cls_token");
    const auto* registers = find(shapes, "reg_token");
    if (registers && registers->size() == 3) v.registerTokens = static_cast<int>((*registers)[1]);
    const auto* positions = find(shapes, "pos_embed");
    if (!positions || positions->size() != 3)
        return badInput("the weights lack pos_embed, which shows the encoder's input size", where,
                        kIncomplete);
    const bool with = [&] {
        v.prefixPosition = true;
        return storedGrid(v, shapes) > 0;
    }();
    v.prefixPosition = false;
    const bool without = storedGrid(v, shapes) > 0;
    if (with == without)
        return badInput("the encoder's " + std::to_string((*positions)[1]) +
                            " position embeddings do not show how they belong to its tokens",
                        where, "Give the configuration (config.json) that lies beside the weights");
    v.prefixPosition = with;
    return {};
}

Result<VitArchitecture> deduceVit(const TensorShapes& shapes, const std::string& where,
                                  std::vector<std::string>& notes) {
    VitArchitecture v;
    const auto* patch = find(shapes, "patch_embed.proj.weight");
    if (!patch || patch->size() != 4 || (*patch)[2] != (*patch)[3])
        return badInput("the weights lack patch_embed.proj.weight, with which a vision transformer begins",
                        where, kIncomplete);
    const auto sensible = [](std::int64_t side) { return side >= 1 && side <= 131072; };
    if (!sensible((*patch)[0]) || !sensible((*patch)[2]))
        return badInput("patch_embed.proj.weight is " + shapeText(*patch) + ", which no encoder has", where,
                        kIncomplete);
    v.width = static_cast<int>((*patch)[0]);
    v.patchSize = static_cast<int>((*patch)[2]);
    v.depth = depthOf(shapes);
    const auto* fc1 = find(shapes, "blocks.0.mlp.fc1.weight");
    if (v.depth == 0 || !fc1 || fc1->size() != 2 || !sensible((*fc1)[0]))
        return badInput("the weights lack blocks.0, the first block of a vision transformer", where,
                        kIncomplete);
    v.hidden = static_cast<int>((*fc1)[0]);
    deduceMlp(v, shapes, notes);
    if (auto ok = deduceTokens(v, shapes, where); !ok) return Failure(ok.error());
    v.heads = headsOf(v, shapes, notes);
    v.layerScale = has(shapes, "blocks.0.ls1.gamma");
    v.qkvBias = has(shapes, "blocks.0.attn.qkv.bias");
    v.qkNorm = has(shapes, "blocks.0.attn.q_norm.weight");
    v.preNorm = has(shapes, "norm_pre.weight");
    v.poolNorm = has(shapes, "fc_norm.weight");
    v.pooling = v.poolNorm || !v.classToken ? Pooling::Average : Pooling::Token;
    notes.emplace_back(v.pooling == Pooling::Token
                           ? "The class token was taken for the features"
                           : "The mean of the patch tokens was taken for the features");
    if (v.preNorm)
        notes.emplace_back(
            "It has a norm before its blocks, as CLIP has; LayerNorm's epsilon was assumed to be 1e-6");
    return v;
}

} // namespace

std::string shapeText(const TensorShape& shape) {
    std::string text;
    for (const auto side : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(side);
    return text.empty() ? "a single number" : text;
}

TensorShapes vitShapes(const VitArchitecture& v, int grid) {
    TensorShapes shapes;
    shapes["patch_embed.proj.weight"] = {v.width, 3, v.patchSize, v.patchSize};
    if (!v.preNorm) shapes["patch_embed.proj.bias"] = {v.width};
    if (v.classToken) shapes["cls_token"] = {1, 1, v.width};
    if (v.registerTokens > 0) shapes["reg_token"] = {1, v.registerTokens, v.width};
    shapes["pos_embed"] = {1, grid * grid + (v.prefixPosition ? v.prefixTokens() : 0), v.width};
    if (v.preNorm) addNorm(shapes, "norm_pre", v.width);
    for (int i = 0; i < v.depth; ++i)
        addBlock(shapes, "blocks." + std::to_string(i) + ".", v);
    addNorm(shapes, v.poolNorm ? "fc_norm" : "norm", v.width);
    return shapes;
}

int storedGrid(const VitArchitecture& v, const TensorShapes& shapes) {
    const auto* positions = find(shapes, "pos_embed");
    if (!positions || positions->size() != 3) return 0;
    const auto tokens = (*positions)[1] - (v.prefixPosition ? v.prefixTokens() : 0);
    const auto grid =
        static_cast<int>(std::lround(std::sqrt(static_cast<double>(std::max<std::int64_t>(tokens, 0)))));
    return grid > 0 && grid <= 4096 && std::int64_t{grid} * grid == tokens ? grid : 0;
}

Result<void> checkVitShapes(const VitArchitecture& v, const TensorShapes& shapes, const std::string& where) {
    const int grid = storedGrid(v, shapes);
    const TensorShapes wanted = vitShapes(v, std::max(grid, 1));
    for (const auto& [name, shape] : wanted) {
        const auto* found = find(shapes, name);
        if (!found) return badInput("the weights lack " + name, where, kIncomplete);
        if (name == "pos_embed" && grid == 0)
            return badInput("pos_embed is " + shapeText(*found) + ", which is no square of patches" +
                                (v.prefixPosition && v.prefixTokens() > 0
                                     ? " and " + std::to_string(v.prefixTokens()) + " other tokens"
                                     : ""),
                            where, kIncomplete);
        if (*found != shape)
            return badInput(name + " is " + shapeText(*found) + ", a width of " + std::to_string(v.width) +
                                " asks for " + shapeText(shape),
                            where, kIncomplete);
    }
    for (const auto& [name, shape] : shapes)
        if (belongsToEncoder(name) && !wanted.contains(name))
            return badInput("the weights hold " + name + ", which their configuration does not use", where,
                            "Without it the features would be wrong; give the configuration that belongs to "
                            "these weights");
    return {};
}

Result<void> completeVit(EncoderSpec& spec, const TensorShapes& shapes, const std::string& where,
                         std::vector<std::string>& notes) {
    if (!spec.vit) {
        auto v = deduceVit(shapes, where, notes);
        if (!v) return Failure(v.error());
        spec.vit = *v;
        spec.inputSide = storedGrid(*v, shapes) * v->patchSize;
    } else if (spec.vit->mlp == MlpForm::FromWeights) {
        deduceMlp(*spec.vit, shapes, notes);
    }
    return checkSpec(spec, where);
}

} // namespace spotglass
