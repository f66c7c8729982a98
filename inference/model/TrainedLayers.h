#pragma once

#include "inference/model/Layers.h"

/// Pieces of DKAN as they are trained: less is kept for the backward pass, which computes the rest again with
/// the same dropout masks (spec/dkan.md section 5.7). Values and gradients are those of the plain operations.
namespace spotglass {

/// Dropout of which only a seed is kept.
[[nodiscard]] torch::Tensor trainedDropout(const torch::Tensor& x, double p);

/// x + MLP(LayerNorm(x)) for x of any shape ... x D, of which only x is kept: the hidden layer, four times as
/// wide, is computed again in the backward pass, some rows at a time. Dropout while `block` is training.
[[nodiscard]] torch::Tensor trainedMlp(const PreNormImpl<FeedForward>& block, const torch::Tensor& x);

/// A gene path (sections 2 and 5.1): each of the G gene tokens of `text` (G x D) queries the single key of
/// each spot, `key` (B x D), through the layers of `path`. Returns B x G x D, with a gradient to all
/// parameters but the query projections, which get none. Dropout while `path` is training.
[[nodiscard]] torch::Tensor trainedGenePath(const CrossTransformerImpl& path, const torch::Tensor& text,
                                            const torch::Tensor& key);

} // namespace spotglass
