#include "inference/model/Dkan.h"

#include "inference/model/ResNet.h"
#include "inference/model/TrainedLayers.h"

namespace spotglass {
namespace nn = torch::nn;
namespace {

/// A module that only gives its children a common name.
struct GroupImpl : nn::Module {};

nn::LayerNorm layerNorm(int width) {
    return nn::LayerNorm(nn::LayerNormOptions({width}));
}

} // namespace

/// What a seed gives the parameters depends on the order in which they are made.
DkanImpl::DkanImpl(const DkanConfig& c) : config(c) {
    const int d = c.width;
    if (c.design == Design::StNet) {
        patchEncoder_ = register_module("target_encoder", makePatchEncoder(c.patchEncoder, c.patchWidth));
        headFinal_ = register_module("fc_final_img", nn::Linear(c.patchWidth, c.genes));
        return;
    }
    if (c.levels.patch) makePatchLevel();
    if (c.levels.region) makeRegionLevel();
    if (c.levels.slide) makeSlideLevel();
    fusion_ = register_module("fusion_encoder", LevelFusion(c));
    if (c.design == Design::ImageOnly) {
        headFinal_ = register_module("fc_final_img", nn::Linear(d, c.genes));
        return;
    }
    headFused_ = register_module("fc", nn::Linear(d, c.genes));
    if (c.contrastive) makeExpressionEncoder();
    imagePath_ = register_module("img_fusion_encoder", CrossTransformer(d, c.image.mlpRatio * d, c.image));
    if (c.contrastive)
        expressionPath_ = register_module("exp_fusion_encoder",
                                          CrossTransformer(d, c.expression.mlpRatio * d, c.expression));
    makeText();
    headFinal_ = register_module("fc_final_img", nn::Linear(d, c.predictsByGene() ? 1 : c.genes));
}

void DkanImpl::makePatchLevel() {
    const auto& c = config;
    patchEncoder_ = register_module("target_encoder", makePatchEncoder(c.patchEncoder, c.patchWidth));
    if (c.patchWidth != c.width)
        patchProjection_ = register_module("target_transform", nn::Linear(c.patchWidth, c.width));
    headTarget_ = register_module("fc_target", nn::Linear(c.width, c.genes));
}

void DkanImpl::makeRegionLevel() {
    const auto& c = config;
    auto group = std::make_shared<GroupImpl>();
    region_ = group->register_module("layer",
                                     Transformer(c.width, c.region.mlpRatio * c.width, c.region.depth,
                                                 c.region, offsetIndexOfGrid(c.regionRows, c.regionColumns)));
    regionNorm_ = group->register_module("norm", layerNorm(c.width));
    register_module("neighbor_encoder", group);
    headNeighbor_ = register_module("fc_neighbor", nn::Linear(c.width, c.genes));
}

void DkanImpl::makeSlideLevel() {
    const auto& c = config;
    const int d = c.width, hidden = c.slide.mlpRatio * d;
    auto group = std::make_shared<GroupImpl>(), positionGroup = std::make_shared<GroupImpl>();
    positional_ = positionGroup->register_module(
        "proj1", nn::Conv2d(nn::Conv2dOptions(d, d, c.kernelSize).padding(c.kernelSize / 2).groups(d)));
    group->register_module("pos_layer", positionGroup);
    slideFirst_ = group->register_module("layer1", Transformer(d, hidden, 1, c.slide));
    slideRest_ = group->register_module("layer2", Transformer(d, hidden, c.slide.depth - 1, c.slide));
    slideNorm_ = group->register_module("norm", layerNorm(d));
    register_module("global_encoder", group);
    headGlobal_ = register_module("fc_global", nn::Linear(d, c.genes));
}

void DkanImpl::makeExpressionEncoder() {
    const auto& c = config;
    auto group = std::make_shared<GroupImpl>();
    expressionProjection_ = group->register_module("projection", nn::Linear(c.genes, c.width));
    expressionLinear_ = group->register_module("fc", nn::Linear(c.width, c.width));
    expressionNorm_ = group->register_module("layer_norm", layerNorm(c.width));
    register_module("exp_encoder", group);
}

void DkanImpl::makeText() {
    const auto& c = config;
    if (!c.geneText) { // as torch::nn::Embedding starts
        geneTokens_ = register_parameter("gene_tokens", torch::randn({c.genes, c.width}));
        return;
    }
    const int width = c.projectTextFirst ? c.width : c.textWidth;
    text_ =
        register_module("text_encoder", Transformer(width, c.text.mlpRatio * c.width, c.text.depth, c.text));
    if (c.textWidth != c.width)
        textProjection_ = register_module("text_fc", nn::Linear(c.textWidth, c.width));
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
    if (!config.levels.slide) return torch::zeros({positions.size(0), 0}, torch::device(positions.device()));
    auto tokens = slideFirst_(features.unsqueeze(0)).squeeze(0);
    tokens = addPositions(tokens, positions);
    return slideNorm_(slideRest_(tokens.unsqueeze(0))).squeeze(0);
}

torch::Tensor DkanImpl::encodeText(const torch::Tensor& text) {
    if (!config.geneText) return geneTokens_;
    const bool project = !textProjection_.is_empty();
    auto tokens = text.to(headFinal_->weight.device());
    if (project && config.projectTextFirst) tokens = textProjection_(tokens);
    tokens = text_(tokens.unsqueeze(0)).squeeze(0);
    return project && !config.projectTextFirst ? textProjection_(tokens) : tokens;
}

torch::Tensor DkanImpl::encodePatches(const torch::Tensor& patches) {
    return config.levels.patch ? patchEncoder_->forward(patches).to(patches.scalar_type()) : torch::Tensor();
}

LevelTokens DkanImpl::tokens(const DkanSpots& spots, const torch::Tensor& patchMap) {
    LevelTokens t;
    if (config.levels.slide) t.slide = spots.slideTokens;
    if (config.levels.region) {
        t.region = regionNorm_(region_(spots.neighborFeatures, spots.neighborMask));
        t.regionMask = spots.neighborMask;
    }
    if (config.levels.patch) {
        t.patch = patchMap.flatten(2).transpose(1, 2);
        if (patchProjection_) t.patch = product(*patchProjection_, t.patch).to(t.patch.scalar_type());
    }
    return t;
}

torch::Tensor DkanImpl::fused(const LevelTokens& tokens) {
    return fusion_ ? fusion_(tokens) : tokens.patch.mean(1);
}

torch::Tensor DkanImpl::imageToken(const DkanSpots& spots, const torch::Tensor& patchMap) {
    return fused(tokens(spots, patchMap));
}

/// Gene tokens G x D and each spot's token B x D -> B x G x D where genes ask, B x D where spots do.
torch::Tensor DkanImpl::throughPath(CrossTransformer& path, const torch::Tensor& genes,
                                    const torch::Tensor& token) {
    if (config.textRole ==
        TextRole::KeyValue) // all spots ask the same keys, so they are one sample's queries
        return path(token.unsqueeze(0), genes.unsqueeze(0)).squeeze(0);
    if (torch::GradMode::is_enabled() || is_training()) return trainedGenePath(*path, genes, token);
    return path->forwardSingleKey(genes.unsqueeze(0).expand({token.size(0), -1, -1}), token.unsqueeze(1));
}

/// embedding: e_ti, or f_img in a design without genes' tokens.
torch::Tensor DkanImpl::predictionOf(const torch::Tensor& embedding) {
    const auto values = product(*headFinal_, embedding).to(embedding.scalar_type());
    return config.predictsByGene() ? values.squeeze(-1) : values;
}

torch::Tensor DkanImpl::predict(const torch::Tensor& imageToken, const torch::Tensor& textTokens) {
    return predictionOf(imagePath_ ? throughPath(imagePath_, textTokens, imageToken) : imageToken);
}

DkanOutputs DkanImpl::forward(const DkanSpots& spots, const torch::Tensor& textTokens) {
    const auto t = tokens(spots, encodePatches(spots.patches));
    DkanOutputs out;
    out.imageToken = fused(t);
    if (headFused_) out.fused = headFused_(out.imageToken);
    if (headTarget_) out.target = headTarget_(t.patch.mean(1));
    if (headNeighbor_) out.neighbor = headNeighbor_(t.region.mean(1));
    if (headGlobal_) out.global = headGlobal_(t.slide);
    if (imagePath_) out.imageGeneEmbedding = throughPath(imagePath_, textTokens, out.imageToken);
    out.prediction = predictionOf(imagePath_ ? out.imageGeneEmbedding : out.imageToken);
    return out;
}

torch::Tensor DkanImpl::encodeExpression(const torch::Tensor& expression, const torch::Tensor& textTokens) {
    if (!config.contrastive) return {};
    const auto projected = expressionProjection_(expression);
    const auto hidden = trainedDropout(expressionLinear_(torch::gelu(projected)),
                                       is_training() ? config.expressionDropout : 0);
    return throughPath(expressionPath_, textTokens, expressionNorm_(hidden + projected));
}

} // namespace spotglass
