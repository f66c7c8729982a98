#pragma once

#include "inference/model/Layers.h"

namespace spotglass {

/// The gene paths of DKAN as they are trained (spec/dkan.md sections 2, 5.1 and 5.7): each of the G gene
/// tokens of `text` (G x D) queries the single key of each spot, `key` (B x D), through the layers of `path`.
/// Returns B x G x D, with a gradient to all parameters but the query projections, which get none. Of a layer
/// only its input is kept, B x G x D; the hidden layer of its MLP, four times as wide, is computed again in
/// the backward pass, some rows at a time, with the same dropout masks. Dropout is applied while `path` is
/// training.
[[nodiscard]] torch::Tensor trainedGenePath(const CrossTransformerImpl& path, const torch::Tensor& text,
                                            const torch::Tensor& key);

} // namespace spotglass
