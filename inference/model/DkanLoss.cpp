#include "inference/model/DkanLoss.h"

#include "inference/model/InfoNce.h"

namespace spotglass {

namespace {

/// e_ti and e_te: B x G x D or B x D.
torch::Tensor contrastiveLoss(const torch::Tensor& image, const torch::Tensor& expression, int64_t first,
                              const DkanLossConfig& config) {
    const auto spots = image.size(0);
    if (image.dim() == 2) return infoNce(image, expression, config.temperature, first);
    return config.contrastWithinSpots
               ? infoNceWithinSpots(image, expression.narrow(0, first, spots), config.temperature)
               : infoNce(image.flatten(0, 1), expression.flatten(0, 1), config.temperature,
                         first * image.size(1));
}

} // namespace

DkanLossTerms dkanLossTerms(const DkanOutputs& outputs, const torch::Tensor& expression,
                            const torch::Tensor& expressionEmbeddings, int64_t first,
                            const DkanLossConfig& config) {
    auto supervised = torch::mse_loss(outputs.prediction, expression);
    for (const auto* auxiliary : {&outputs.fused, &outputs.target, &outputs.neighbor, &outputs.global})
        if (auxiliary->defined())
            supervised = supervised + (1 - config.distillation) * torch::mse_loss(*auxiliary, expression) +
                         config.distillation * torch::mse_loss(*auxiliary, outputs.prediction);
    if (!expressionEmbeddings.defined()) return {supervised, {}};
    return {supervised, contrastiveLoss(outputs.imageGeneEmbedding, expressionEmbeddings, first, config)};
}

torch::Tensor correlationLoss(const torch::Tensor& prediction, const torch::Tensor& expression) {
    constexpr double leastVariance = 1e-4; // far above what rounding makes of equal values
    const auto p = prediction - prediction.mean(0), y = expression - expression.mean(0);
    const auto scale = (p.square().mean(0) * y.square().mean(0) + leastVariance * leastVariance).sqrt();
    return 1 - ((p * y).mean(0) / scale).mean();
}

void setWeights(DkanLoss& loss, const DkanLossConfig& config, bool contrasts) {
    if (!contrasts) loss.weightContrastive = 0;
    if (!contrasts || !(loss.supervised > 0 && loss.contrastive > 0)) return;
    const double inverse = 1 / loss.supervised; // adaptive weights: values only, no gradient
    const double inverseContrastive = config.contrastiveWeightScale / loss.contrastive;
    loss.weightSupervised = inverse / (inverse + inverseContrastive);
    loss.weightContrastive = inverseContrastive / (inverse + inverseContrastive);
}

DkanLoss dkanLoss(const DkanOutputs& outputs, const torch::Tensor& expressionGeneEmbedding,
                  const torch::Tensor& expression, const DkanLossConfig& config) {
    const auto terms = dkanLossTerms(outputs, expression, expressionGeneEmbedding, 0, config);
    DkanLoss loss;
    loss.supervised = terms.supervised.item<double>();
    if (terms.contrastive.defined()) loss.contrastive = terms.contrastive.item<double>();
    setWeights(loss, config, terms.contrastive.defined());
    loss.total = loss.weightSupervised * terms.supervised;
    if (terms.contrastive.defined()) loss.total = loss.total + loss.weightContrastive * terms.contrastive;
    if (config.correlationWeight > 0) {
        const auto term = correlationLoss(outputs.prediction, expression);
        loss.correlation = term.item<double>();
        loss.total = loss.total + config.correlationWeight * term;
    }
    return loss;
}

} // namespace spotglass
