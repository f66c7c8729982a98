#include "inference/model/Dkan.h"

#include "inference/model/ResNet.h"
#include "inference/model/TrainedLayers.h"

namespace spotglass {
namespace nn = torch::nn;
namespace {

/// Gene tokens G x D query each spot's token B x D -> B x G x D.
torch::Tensor throughPath(CrossTransformer& path, const torch::Tensor& genes, const torch::Tensor& token) {
    if (torch::GradMode::is_enabled()) return trainedGenePath(*path, genes, token);
    return path->forwardSingleKey(genes.unsqueeze(0).expand({token.size(0), -1, -1}), token.unsqueeze(1));
}

/// A module that only gives its children a common name.
struct GroupImpl : nn::Module {};

nn::LayerNorm layerNorm(int width) {
    return nn::LayerNorm(nn::LayerNormOptions({width}));
}

} // namespace

DkanImpl::DkanImpl(const DkanConfig& c) : config(c) {
    const auto d = c.width;
    patchEncoder_ = register_module("target_encoder", makePatchEncoder(c.patchEncoder, c.patchWidth));
    if (c.patchWidth != d)
        patchProjection_ = register_module("target_transform", nn::Linear(c.patchWidth, d));
    headTarget_ = register_module("fc_target", nn::Linear(d, c.genes));

    auto regionGroup = std::make_shared<GroupImpl>();
    region_ =
        regionGroup->register_module("layer", Transformer(d, c.region.mlpRatio * d, c.region.depth, c.region,
                                                          offsetIndexOfGrid(c.regionRows, c.regionColumns)));
    regionNorm_ = regionGroup->register_module("norm", layerNorm(d));
    register_module("neighbor_encoder", regionGroup);
    headNeighbor_ = register_module("fc_neighbor", nn::Linear(d, c.genes));

    auto slideGroup = std::make_shared<GroupImpl>();
    auto positionGroup = std::make_shared<GroupImpl>();
    positional_ = positionGroup->register_module(
        "proj1", nn::Conv2d(nn::Conv2dOptions(d, d, c.kernelSize).padding(c.kernelSize / 2).groups(d)));
    slideGroup->register_module("pos_layer", positionGroup);
    slideFirst_ = slideGroup->register_module("layer1", Transformer(d, c.slide.mlpRatio * d, 1, c.slide));
    slideRest_ = slideGroup->register_module(
        "layer2", Transformer(d, c.slide.mlpRatio * d, c.slide.depth - 1, c.slide));
    slideNorm_ = slideGroup->register_module("norm", layerNorm(d));
    register_module("global_encoder", slideGroup);
    headGlobal_ = register_module("fc_global", nn::Linear(d, c.genes));

    auto fusionGroup = std::make_shared<GroupImpl>();
    fusion_ =
        fusionGroup->register_module("fusion_layer", CrossTransformer(d, c.fusion.mlpRatio * d, c.fusion));
    if (c.separateFusionWeights)
        fusionRegion_ = fusionGroup->register_module("fusion_layer_region",
                                                     CrossTransformer(d, c.fusion.mlpRatio * d, c.fusion));
    fusionNorm_ = fusionGroup->register_module("norm", layerNorm(d));
    register_module("fusion_encoder", fusionGroup);
    headFused_ = register_module("fc", nn::Linear(d, c.genes));

    auto expressionGroup = std::make_shared<GroupImpl>();
    expressionProjection_ = expressionGroup->register_module("projection", nn::Linear(c.genes, d));
    expressionLinear_ = expressionGroup->register_module("fc", nn::Linear(d, d));
    expressionNorm_ = expressionGroup->register_module("layer_norm", layerNorm(d));
    register_module("exp_encoder", expressionGroup);

    imagePath_ = register_module("img_fusion_encoder", CrossTransformer(d, c.image.mlpRatio * d, c.image));
    expressionPath_ =
        register_module("exp_fusion_encoder", CrossTransformer(d, c.expression.mlpRatio * d, c.expression));
    const int textWidth = c.projectTextFirst ? d : c.textWidth;
    text_ =
        register_module("text_encoder", Transformer(textWidth, c.text.mlpRatio * d, c.text.depth, c.text));
    if (c.textWidth != d) textProjection_ = register_module("text_fc", nn::Linear(c.textWidth, d));
    headFinal_ = register_module("fc_final_img", nn::Linear(d, 1));
}

torch::Tensor DkanImpl::addPositions(const torch::Tensor& tokens, const torch::Tensor& positions) {
    const auto at = positions - std::get<0>(positions.min(0, true));
    const auto row = at.select(1, 0), column = at.select(1, 1);
    const auto rows = row.max().item<int64_t>() + 1, columns = column.max().item<int64_t>() + 1;
    // The kernel's first axis runs along the column, its second along the row (section 2), so the lattice is
    // laid out as D x columns x rows.
    const auto cell = column * rows + row;
    auto lattice = torch::zeros({columns * rows, tokens.size(1)}, tokens.options());
    lattice.index_copy_(0, cell, tokens);
    const auto image = lattice.t().reshape({1, tokens.size(1), columns, rows});
    const auto convolved = positional_(image).reshape({tokens.size(1), columns * rows}).t();
    return tokens + convolved.index_select(0, cell);
}

torch::Tensor DkanImpl::encodeSlide(const torch::Tensor& features, const torch::Tensor& positions) {
    auto tokens = slideFirst_(features.unsqueeze(0)).squeeze(0);
    tokens = addPositions(tokens, positions);
    return slideNorm_(slideRest_(tokens.unsqueeze(0))).squeeze(0);
}

torch::Tensor DkanImpl::encodeText(const torch::Tensor& text) {
    const bool project = !textProjection_.is_empty();
    auto tokens = project && config.projectTextFirst ? textProjection_(text) : text;
    tokens = text_(tokens.unsqueeze(0)).squeeze(0);
    return project && !config.projectTextFirst ? textProjection_(tokens) : tokens;
}

torch::Tensor DkanImpl::encodePatches(const torch::Tensor& patches) {
    return patchEncoder_->forward(patches);
}

DkanImpl::Tokens DkanImpl::tokens(const DkanSpots& spots, const torch::Tensor& patchMap) {
    Tokens t;
    t.patch = patchMap.flatten(2).transpose(1, 2);
    if (patchProjection_) t.patch = product(*patchProjection_, t.patch).to(t.patch.scalar_type());
    t.region = regionNorm_(region_(spots.neighborFeatures, spots.neighborMask));
    const auto query = spots.slideTokens.unsqueeze(1);
    auto& regionFusion = fusionRegion_ ? fusionRegion_ : fusion_;
    const auto fused = fusion_(query, t.patch) + regionFusion(query, t.region, spots.neighborMask);
    t.image = fusionNorm_(fused).squeeze(1);
    return t;
}

torch::Tensor DkanImpl::imageToken(const DkanSpots& spots, const torch::Tensor& patchMap) {
    return tokens(spots, patchMap).image;
}

DkanOutputs DkanImpl::forward(const DkanSpots& spots, const torch::Tensor& textTokens) {
    const auto t = tokens(spots, encodePatches(spots.patches));
    DkanOutputs out;
    out.imageToken = t.image;
    out.fused = headFused_(out.imageToken);
    out.target = headTarget_(t.patch.mean(1));
    out.neighbor = headNeighbor_(t.region.mean(1));
    out.global = headGlobal_(spots.slideTokens);
    out.imageGeneEmbedding = throughPath(imagePath_, textTokens, out.imageToken);
    out.prediction = headFinal_(out.imageGeneEmbedding).squeeze(-1);
    return out;
}

torch::Tensor DkanImpl::encodeExpression(const torch::Tensor& expression, const torch::Tensor& textTokens) {
    const auto projected = expressionProjection_(expression);
    const auto hidden = trainedDropout(expressionLinear_(torch::gelu(projected)),
                                       is_training() ? config.expressionDropout : 0);
    return throughPath(expressionPath_, textTokens, expressionNorm_(hidden + projected));
}

} // namespace spotglass
