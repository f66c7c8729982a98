#pragma once

#include "inference/model/DkanConfig.h"
#include "inference/model/Layers.h"
#include "inference/model/LevelFusion.h"
#include "inference/model/TorchCompat.h"

namespace spotglass {

/// What DKAN is given for B spots (spec/dkan.md section 1). Patches are normalised by the ImageNet mean and
/// deviation. What belongs to a level that is off is not looked at and may be undefined.
struct DkanSpots {
    torch::Tensor patches;          ///< B x 3 x H x W
    torch::Tensor neighborFeatures; ///< B x 25 x D
    torch::Tensor neighborMask;     ///< B x 25, 1 where the neighbour lies inside the image
    torch::Tensor slideTokens;      ///< B x D: the spots' rows of encodeSlide()
};

/// What DKAN gives for B spots and G genes. What the configuration leaves out is undefined.
struct DkanOutputs {
    torch::Tensor prediction;                      ///< B x G
    torch::Tensor fused, target, neighbor, global; ///< B x G, the auxiliary predictions
    torch::Tensor imageToken;                      ///< B x D, f_img (Design::StNet: the mean of the map)
    torch::Tensor imageGeneEmbedding;              ///< e_ti: B x G x D, or B x D where text is key and value
};

/// DKAN (AAAI 2026, arXiv 2511.17685) as its reference implementation computes it, with an official
/// checkpoint's parameter names, and its ablations (DkanConfig). One thread at a time. Inference without
/// dropout; the identities of section 5.1 and 5.2 are used.
struct DkanImpl : torch::nn::Module {
    explicit DkanImpl(const DkanConfig& config);

    /// All spots of one slide or window: features N x D, positions N x 2 (row, column) -> slide tokens N x D,
    /// same order. Without a slide level N x 0, so that spots may take their rows all the same.
    torch::Tensor encodeSlide(const torch::Tensor& features, const torch::Tensor& positions);
    /// Gene semantic embeddings G x T, on any device -> gene tokens G x D. Once a model at inference, once a
    /// step in training. Without gene text the learned tokens, `gene_tokens`; `text` is not looked at.
    /// Undefined in a design without genes' tokens, which needs none.
    torch::Tensor encodeText(const torch::Tensor& text);
    /// B x C x h x w, the patch encoder's last map; undefined without a patch level.
    torch::Tensor encodePatches(const torch::Tensor& patches);
    DkanOutputs forward(const DkanSpots& spots, const torch::Tensor& textTokens);
    /// Of forward() only f_img, B x D. `patchMap` is what encodePatches() gives for spots.patches, which are
    /// not looked at.
    torch::Tensor imageToken(const DkanSpots& spots, const torch::Tensor& patchMap);
    /// What follows f_img in forward(): B x D and gene tokens G x D -> prediction, B x G.
    torch::Tensor predict(const torch::Tensor& imageToken, const torch::Tensor& textTokens);
    /// Training only: measured expression B x G -> e_te, in the form of e_ti. Undefined in a model without
    /// contrastive loss.
    torch::Tensor encodeExpression(const torch::Tensor& expression, const torch::Tensor& textTokens);

    /// The parts that DkanInference computes in its own way.
    [[nodiscard]] const CrossTransformerImpl& imagePath() const { return *imagePath_; }
    [[nodiscard]] const torch::nn::LinearImpl& finalHead() const { return *headFinal_; }
    /// Empty without a patch level.
    [[nodiscard]] torch::nn::Sequential& patchEncoder() { return patchEncoder_; }

    const DkanConfig config;

  private:
    void makePatchLevel();
    void makeRegionLevel();
    void makeSlideLevel();
    void makeExpressionEncoder();
    void makeText();
    [[nodiscard]] LevelTokens tokens(const DkanSpots& spots, const torch::Tensor& patchMap);
    torch::Tensor fused(const LevelTokens& tokens);
    torch::Tensor throughPath(CrossTransformer& path, const torch::Tensor& genes, const torch::Tensor& token);
    torch::Tensor predictionOf(const torch::Tensor& embedding);
    torch::Tensor addPositions(const torch::Tensor& tokens, const torch::Tensor& positions);

    // Empty where the configuration leaves them out.
    torch::nn::Sequential patchEncoder_{nullptr};
    torch::nn::Linear patchProjection_{nullptr}, textProjection_{nullptr};
    torch::nn::Linear headFinal_{nullptr}, headFused_{nullptr}, headTarget_{nullptr}, headNeighbor_{nullptr},
        headGlobal_{nullptr};
    Transformer region_{nullptr}, slideFirst_{nullptr}, slideRest_{nullptr}, text_{nullptr};
    torch::nn::LayerNorm regionNorm_{nullptr}, slideNorm_{nullptr}, expressionNorm_{nullptr};
    torch::nn::Conv2d positional_{nullptr};
    LevelFusion fusion_{nullptr};
    CrossTransformer imagePath_{nullptr}, expressionPath_{nullptr};
    torch::nn::Linear expressionProjection_{nullptr}, expressionLinear_{nullptr};
    torch::Tensor geneTokens_; ///< G x D, learned
};
TORCH_MODULE(Dkan);

} // namespace spotglass
