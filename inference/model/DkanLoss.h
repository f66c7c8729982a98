#pragma once

#include "inference/model/Dkan.h"

namespace spotglass {

/// Settings of the loss (spec/dkan.md sections 3 and 3b).
struct DkanLossConfig {
    double distillation = 0.3; ///< a: share of the auxiliary losses that follows the final prediction
    double temperature = 0.1;
    double contrastiveWeightScale = 3; ///< the reference: 3; the paper: 1
    bool contrastWithinSpots =
        false; ///< the reference: over all B*G pairs; the paper: over the genes of one spot
};

/// One step's loss; `total` carries the gradient, the rest are its parts as numbers.
struct DkanLoss {
    torch::Tensor total;
    double supervised = 0, contrastive = 0, weightSupervised = 1, weightContrastive = 1;
};

/// outputs and expressionGeneEmbedding (e_te, in the form of e_ti) of one batch; expression B x G,
/// log-normalised. Auxiliary predictions that are undefined are no terms; without e_te the loss is the
/// supervised one, with weight 1 beside 0. Where e_ti is B x D the B rows are contrasted, whatever
/// contrastWithinSpots says.
[[nodiscard]] DkanLoss dkanLoss(const DkanOutputs& outputs, const torch::Tensor& expressionGeneEmbedding,
                                const torch::Tensor& expression, const DkanLossConfig& config);

} // namespace spotglass
