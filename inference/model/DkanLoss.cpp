#include "inference/model/DkanLoss.h"

#include "inference/model/InfoNce.h"

namespace spotglass {

DkanLossTerms dkanLossTerms(const DkanOutputs& outputs, const torch::Tensor& expression,
                            const torch::Tensor& expressionGeneEmbeddings, int64_t first,
                            const DkanLossConfig& config) {
    auto supervised = torch::mse_loss(outputs.prediction, expression);
    for (const auto* auxiliary : {&outputs.fused, &outputs.target, &outputs.neighbor, &outputs.global})
        supervised = supervised + (1 - config.distillation) * torch::mse_loss(*auxiliary, expression) +
                     config.distillation * torch::mse_loss(*auxiliary, outputs.prediction);
    const auto spots = outputs.imageGeneEmbedding.size(0), genes = outputs.imageGeneEmbedding.size(1);
    const auto contrastive =
        config.contrastWithinSpots
            ? infoNceWithinSpots(outputs.imageGeneEmbedding, expressionGeneEmbeddings.narrow(0, first, spots),
                                 config.temperature)
            : infoNce(outputs.imageGeneEmbedding.flatten(0, 1), expressionGeneEmbeddings.flatten(0, 1),
                      config.temperature, first * genes);
    return {supervised, contrastive};
}

void setWeights(DkanLoss& loss, const DkanLossConfig& config) {
    if (!(loss.supervised > 0 && loss.contrastive > 0)) return; // 1 and 1
    const double inverse = 1 / loss.supervised;
    const double inverseContrastive = config.contrastiveWeightScale / loss.contrastive;
    loss.weightSupervised = inverse / (inverse + inverseContrastive);
    loss.weightContrastive = inverseContrastive / (inverse + inverseContrastive);
}

DkanLoss dkanLoss(const DkanOutputs& outputs, const torch::Tensor& expressionGeneEmbedding,
                  const torch::Tensor& expression, const DkanLossConfig& config) {
    const auto terms = dkanLossTerms(outputs, expression, expressionGeneEmbedding, 0, config);
    DkanLoss loss;
    loss.supervised = terms.supervised.item<double>();
    loss.contrastive = terms.contrastive.item<double>();
    setWeights(loss, config);
    loss.total = loss.weightSupervised * terms.supervised + loss.weightContrastive * terms.contrastive;
    return loss;
}

} // namespace spotglass
