#pragma once

#include "inference/model/ModelFile.h"

namespace spotglass {

/// By what frozen features are standardised before DKAN sees them. A value type.
struct FeatureScale {
    torch::Tensor mean, deviation; ///< D each; undefined: features are taken as they are

    /// (x - mean) / deviation; what lies far outside what is usual is cut.
    [[nodiscard]] torch::Tensor apply(const torch::Tensor& features) const;
};

/// The scale of a model, on the device of its statistics. With "slide" as the card's feature_scale it is that
/// of the slide at hand: stain, scanner and focus differ between slides more than tissue does, and its own
/// mean and deviation take that out. `slide`: raw features of the slide's spots, n x D; few spots are weighed
/// against the training's statistics. Undefined or with a card that says "training": the training's.
[[nodiscard]] FeatureScale featureScaleOf(const LoadedModel& model, const torch::Tensor& slide = {});

/// Whether the model takes features as the encoder gives them, as imported ones do.
[[nodiscard]] bool takesRawFeatures(const LoadedModel& model);

/// Whether featureScaleOf() looks at the slide.
[[nodiscard]] inline bool usesSlideScale(const ModelCard& card) {
    return card.featureScale == "slide";
}

} // namespace spotglass
