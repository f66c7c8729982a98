#pragma once

#include "training/Trainer.h"

#include <cmath>

/// What a training run needs at least, made up: seconds on one core.
namespace spotglass {

/// A DKAN that trains in no time.
inline TrainingConfig tinyConfig() {
    TrainingConfig c;
    c.model.patchWidth = 16;
    c.model.genes = 4;
    c.model.width = 8;
    c.model.textWidth = 8;
    for (auto* t : {&c.model.fusion, &c.model.slide, &c.model.region, &c.model.image, &c.model.expression,
                    &c.model.text})
        *t = {1, 2, 1, 0.0};
    c.model.slide.depth = 2;
    c.model.expressionDropout = 0;
    c.batch = 8;
    c.learningRate = 3e-3;
    c.maximumEpochs = 6;
    c.patience = 20;
    return c;
}

/// A section whose expression is a plain function of its frozen features, so that there is something to
/// learn.
inline SectionTensors section(const char* name, int64_t spots, int seed) {
    torch::manual_seed(static_cast<uint64_t>(seed));
    SectionTensors s;
    s.name = name;
    s.patient = std::string(name, 1);
    for (int64_t i = 0; i < spots; ++i)
        s.ids.push_back(std::to_string(i));
    s.patches = torch::randint(0, 255, {spots, 3, 32, 32}, torch::kUInt8);
    s.features = torch::randn({spots, 8});
    s.neighborFeatures = s.features.unsqueeze(1).repeat({1, 25, 1});
    s.neighborMask = torch::ones({spots, 25});
    const auto side = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(spots))));
    const auto index = torch::arange(spots);
    s.positions = torch::stack({torch::div(index, side, "floor"), index.remainder(side)}, 1);
    s.expression = s.features.narrow(1, 0, 4) * 0.5 + 1;
    return s;
}

/// As encoded in other stains, which shift features.
inline void addStains(SectionTensors& s, int views) {
    for (int view = 1; view <= views; ++view) {
        const auto shift = torch::linspace(-0.3, 0.3, 8) * view;
        s.otherStains.push_back({s.features + shift, s.neighborFeatures + shift});
    }
}

} // namespace spotglass
