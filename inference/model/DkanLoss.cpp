#include "inference/model/DkanLoss.h"

#include "inference/model/InfoNce.h"

namespace spotglass {

namespace {

/// e_ti and e_te: B x G x D or B x D.
torch::Tensor contrastiveLoss(const torch::Tensor& image, const torch::Tensor& expression,
                              const DkanLossConfig& config) {
    if (image.dim() == 2) return infoNce(image, expression, config.temperature);
    return config.contrastWithinSpots
               ? infoNceWithinSpots(image, expression, config.temperature)
               : infoNce(image.flatten(0, 1), expression.flatten(0, 1), config.temperature);
}

} // namespace

DkanLoss dkanLoss(const DkanOutputs& outputs, const torch::Tensor& expressionGeneEmbedding,
                  const torch::Tensor& expression, const DkanLossConfig& config) {
    auto supervised = torch::mse_loss(outputs.prediction, expression);
    for (const auto* auxiliary : {&outputs.fused, &outputs.target, &outputs.neighbor, &outputs.global})
        if (auxiliary->defined())
            supervised = supervised + (1 - config.distillation) * torch::mse_loss(*auxiliary, expression) +
                         config.distillation * torch::mse_loss(*auxiliary, outputs.prediction);
    DkanLoss loss;
    loss.supervised = supervised.item<double>();
    if (!expressionGeneEmbedding.defined()) {
        loss.weightContrastive = 0;
        loss.total = supervised;
        return loss;
    }
    const auto contrastive = contrastiveLoss(outputs.imageGeneEmbedding, expressionGeneEmbedding, config);
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
