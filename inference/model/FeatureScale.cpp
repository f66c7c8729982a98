#include "inference/model/FeatureScale.h"

namespace spotglass {
namespace {

using torch::Tensor;

constexpr double kTrainingWeight = 8; ///< spots that the training's statistics count for
constexpr double kLeast = 0.05;       ///< of the training's deviation: less is no variation, but noise
constexpr double kCut = 6;            ///< deviations: beyond, a value says "unusual" and no more

} // namespace

bool takesRawFeatures(const LoadedModel& model) {
    return (model.featureMean == 0).all().item<bool>() && (model.featureScale == 1).all().item<bool>();
}

Tensor FeatureScale::apply(const Tensor& features) const {
    if (!mean.defined()) return features;
    return ((features - mean) / deviation).clamp_(-kCut, kCut);
}

FeatureScale featureScaleOf(const LoadedModel& model, const Tensor& slide) {
    if (usesSlideScale(model.card) && slide.defined() && slide.size(0) > 0) {
        const torch::NoGradGuard noGradient;
        const auto x = slide.to(model.featureMean.device(), torch::kFloat64);
        const auto n = static_cast<double>(x.size(0)), own = n / (n + kTrainingWeight);
        const auto before = model.featureMean.to(torch::kFloat64),
                   spread = model.featureScale.to(torch::kFloat64);
        const auto mean = own * x.mean(0) + (1 - own) * before;
        const auto variance = own * x.var(0, false) + (1 - own) * spread.square();
        return {mean.to(torch::kFloat32), torch::max(variance.sqrt(), kLeast * spread).to(torch::kFloat32)};
    }
    if (takesRawFeatures(model)) return {};
    return {model.featureMean, model.featureScale};
}

} // namespace spotglass
