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
    /// Ours, not published: weight of correlationLoss(), beside the adaptive weights of the other two.
    double correlationWeight = 0;
};

/// One step's loss; `total` carries the gradient, the rest are its parts as numbers.
struct DkanLoss {
    torch::Tensor total;
    double supervised = 0, contrastive = 0, weightSupervised = 1, weightContrastive = 1;
    double correlation = 0; ///< 0 where it has no weight
};

/// The two terms of the loss with their gradients, means over the spots of `outputs`. The second is undefined
/// in a model without contrastive loss.
struct DkanLossTerms {
    torch::Tensor supervised, contrastive;
};

/// Outputs of B spots and their measured expression (B x G, log-normalised); `expressionEmbeddings` (e_te, in
/// the form of e_ti) of these spots, from number `first` on, and of those that they are contrasted with, or
/// undefined. Auxiliary predictions that are undefined are no terms. Where e_ti is B x D the rows are
/// contrasted, whatever contrastWithinSpots says.
[[nodiscard]] DkanLossTerms dkanLossTerms(const DkanOutputs& outputs, const torch::Tensor& expression,
                                          const torch::Tensor& expressionEmbeddings, int64_t first,
                                          const DkanLossConfig& config);

/// 1 minus the correlation of a gene over the spots, the mean over the genes; with its gradient. B x G, two
/// spots or more. It holds genes of little variance as dear as those of much, which a squared error does not.
/// A gene without variance counts as uncorrelated.
[[nodiscard]] torch::Tensor correlationLoss(const torch::Tensor& prediction, const torch::Tensor& expression);

/// Sets the adaptive weights from the two values, which are those of the whole batch. 1 and 0 where
/// `contrasts` is false.
void setWeights(DkanLoss& loss, const DkanLossConfig& config, bool contrasts);

/// outputs and expressionGeneEmbedding (e_te, in the form of e_ti) of one batch; expression B x G,
/// log-normalised. Otherwise as dkanLossTerms().
[[nodiscard]] DkanLoss dkanLoss(const DkanOutputs& outputs, const torch::Tensor& expressionGeneEmbedding,
                                const torch::Tensor& expression, const DkanLossConfig& config);

} // namespace spotglass
