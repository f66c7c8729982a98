#pragma once

#include "inference/model/DkanConfig.h"
#include "inference/model/Layers.h"

namespace spotglass {

/// What the levels say of B spots; of a level that is off, undefined.
struct LevelTokens {
    torch::Tensor slide;      ///< B x D
    torch::Tensor region;     ///< B x 25 x D
    torch::Tensor regionMask; ///< B x 25, 1 where the neighbour lies inside the image
    torch::Tensor patch;      ///< B x P x D

    /// One token a level, B x D each, in the order slide, region, patch: the slide token, the mean region
    /// token (masked ones included) and the mean patch token, which are what the auxiliary heads see.
    [[nodiscard]] std::vector<torch::Tensor> pooled() const;
};

/// From the levels' tokens to f_img (DkanConfig::fusion), always with LayerNorm `norm` at the end. L levels.
/// - cross_attention: a query attends to the patch tokens and to the region tokens (same weights,
///   `fusion_layer`, unless separate_fusion_weights), the results are added. The query is the slide token;
///   without a slide level the spot's own region token, in the middle of the grid. With a single level
///   nothing is attended to: f_img is the slide token, the spot's own region token or the mean patch token.
/// - sum: of the pooled tokens. concat: they side by side through `projection`, Linear(L D, D).
/// - sum_transformer, concat_transformer: the same after self-attention among the L pooled tokens
///   (`fusion_layer`, in the depth, heads, MLP ratio and dropout of the cross-attention).
struct LevelFusionImpl : torch::nn::Module {
    explicit LevelFusionImpl(const DkanConfig& config);
    torch::Tensor forward(const LevelTokens& tokens); ///< B x D

  private:
    [[nodiscard]] torch::Tensor query(const LevelTokens& tokens) const;
    torch::Tensor attended(const LevelTokens& tokens);
    torch::Tensor combined(const LevelTokens& tokens);

    Fusion fusion_;
    int levels_;
    CrossTransformer cross_{nullptr}, crossRegion_{nullptr};
    Transformer among_{nullptr};
    torch::nn::Linear projection_{nullptr};
    torch::nn::LayerNorm norm_{nullptr};
};
TORCH_MODULE(LevelFusion);

} // namespace spotglass
