#include "inference/model/LevelFusion.h"

namespace spotglass {
namespace nn = torch::nn;

using torch::Tensor;

std::vector<Tensor> LevelTokens::pooled() const {
    std::vector<Tensor> tokens;
    if (slide.defined()) tokens.push_back(slide);
    if (region.defined()) tokens.push_back(region.mean(1));
    if (patch.defined()) tokens.push_back(patch.mean(1));
    return tokens;
}

LevelFusionImpl::LevelFusionImpl(const DkanConfig& c) : fusion_(c.fusionForm), levels_(c.levels.count()) {
    const int d = c.width, hidden = c.fusion.mlpRatio * d;
    if (fusion_ == Fusion::CrossAttention && levels_ > 1) {
        if (c.levels.patch || !c.separateFusionWeights)
            cross_ = register_module("fusion_layer", CrossTransformer(d, hidden, c.fusion));
        if (c.levels.region && c.separateFusionWeights)
            crossRegion_ = register_module("fusion_layer_region", CrossTransformer(d, hidden, c.fusion));
    }
    if (fusion_ == Fusion::SumTransformer || fusion_ == Fusion::ConcatTransformer)
        among_ = register_module("fusion_layer", Transformer(d, hidden, c.fusion.depth, c.fusion));
    if (fusion_ == Fusion::Concat || fusion_ == Fusion::ConcatTransformer)
        projection_ = register_module("projection", nn::Linear(levels_ * d, d));
    norm_ = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({d})));
}

Tensor LevelFusionImpl::query(const LevelTokens& tokens) const {
    if (tokens.slide.defined()) return tokens.slide;
    return tokens.region.defined() ? tokens.region.select(1, tokens.region.size(1) / 2)
                                   : tokens.patch.mean(1);
}

Tensor LevelFusionImpl::attended(const LevelTokens& tokens) {
    if (levels_ == 1) return query(tokens);
    const auto asking = query(tokens).unsqueeze(1);
    Tensor sum; // the region first: the order in which masks of dropout are drawn stays what it was
    if (tokens.region.defined())
        sum = (crossRegion_ ? crossRegion_ : cross_)(asking, tokens.region, tokens.regionMask);
    if (tokens.patch.defined()) {
        const auto ofPatch = cross_(asking, tokens.patch);
        sum = sum.defined() ? ofPatch + sum : ofPatch;
    }
    return sum.squeeze(1);
}

Tensor LevelFusionImpl::combined(const LevelTokens& tokens) {
    auto all = torch::stack(tokens.pooled(), 1); // B x L x D
    if (among_) all = among_(all);
    return projection_ ? product(*projection_, all.flatten(1)).to(all.scalar_type()) : all.sum(1);
}

Tensor LevelFusionImpl::forward(const LevelTokens& tokens) {
    return norm_(fusion_ == Fusion::CrossAttention ? attended(tokens) : combined(tokens));
}

} // namespace spotglass
