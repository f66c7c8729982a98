#include "inference/model/DkanLoss.h"

#include "inference/model/InfoNce.h"

namespace spotglass {

DkanLoss dkanLoss(const DkanOutputs& outputs, const torch::Tensor& expressionGeneEmbedding,
                  const torch::Tensor& expression, const DkanLossConfig& config) {
    auto supervised = torch::mse_loss(outputs.prediction, expression);
    for (const auto* auxiliary : {&outputs.fused, &outputs.target, &outputs.neighbor, &outputs.global})
        supervised = supervised + (1 - config.distillation) * torch::mse_loss(*auxiliary, expression) +
                     config.distillation * torch::mse_loss(*auxiliary, outputs.prediction);
    const auto contrastive =
        config.contrastWithinSpots
            ? infoNceWithinSpots(outputs.imageGeneEmbedding, expressionGeneEmbedding, config.temperature)
            : infoNce(outputs.imageGeneEmbedding.flatten(0, 1), expressionGeneEmbedding.flatten(0, 1),
                      config.temperature);
    DkanLoss loss;
    loss.supervised = supervised.item<double>();
    loss.contrastive = contrastive.item<double>();
    if (loss.supervised > 0 && loss.contrastive > 0) { // adaptive weights: values only, no gradient
        const double inverse = 1 / loss.supervised;
        const double inverseContrastive = config.contrastiveWeightScale / loss.contrastive;
        loss.weightSupervised = inverse / (inverse + inverseContrastive);
        loss.weightContrastive = inverseContrastive / (inverse + inverseContrastive);
    }
    loss.total = loss.weightSupervised * supervised + loss.weightContrastive * contrastive;
    return loss;
}

} // namespace spotglass
