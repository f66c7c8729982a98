#pragma once

#include "inference/engine/PredictionEngine.h"
#include "inference/model/BuiltInImageEncoder.h"
#include "inference/model/ModelFile.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <cmath>
#include <functional>
#include <map>

namespace spotglass {

/// Random weights, three genes, patches as wide as the spot pitch of 200 um. `change`: of its shape.
inline LoadedModel smallModel(unsigned long seed = 5, const std::function<void(DkanConfig&)>& change = {}) {
    torch::manual_seed(seed);
    LoadedModel model;
    auto& c = model.card.config;
    c.patchWidth = 16;
    c.genes = 3;
    c.width = BuiltInImageEncoder::featureWidth;
    c.textWidth = 8;
    for (auto* t : {&c.fusion, &c.slide, &c.region, &c.image, &c.expression})
        *t = {1, 4, 1, 0.3};
    c.text = {1, 2, 1, 0.3};
    c.slide.depth = 2;
    if (change) change(c);
    model.card.name = "small";
    model.card.genes = {"FN1", "HSPB1", "ERBB2"};
    model.card.patchPixels = 128;
    model.card.micronsPerPixel = 200.0 / 128;
    model.card.contextMicrons = 1200;
    model.card.imageEncoder = BuiltInImageEncoder::encoderName;
    model.geneEmbeddings = torch::randn({3, 8});
    model.featureMean = torch::zeros({c.width});
    model.featureScale = torch::ones({c.width});
    model.network = Dkan(c);
    return model;
}

/// One micrometre a pixel; 15 x 12 spots of 200 um at its full size.
inline std::shared_ptr<SyntheticSlideSource> tissueSlide(std::vector<Level0Rect> broken = {},
                                                         int width = 3000, int height = 2400) {
    SyntheticSlideOptions options;
    options.width = width;
    options.height = height;
    options.allTissue = true;
    options.broken = std::move(broken);
    return std::make_shared<SyntheticSlideSource>(options);
}

using Values = std::map<std::int64_t, std::vector<float>>;

struct Collected {
    PredictionLattice lattice;
    Values values;
    std::vector<std::int64_t> order;
    std::vector<std::string> notes;
    Result<PredictionReport> outcome = fail(ErrorKind::Defect, "not run");
};

/// Runs a prediction to its end, or cancels it after so many spots.
inline Collected run(PredictionEngine& engine, const PredictionRequest& request, CancelToken cancel = {},
                     std::size_t cancelAfter = SIZE_MAX) {
    Collected c;
    PredictionListener listener;
    listener.planned = [&](const PredictionLattice& lattice) { c.lattice = lattice; };
    listener.note = [&](const std::string& sentence) { c.notes.push_back(sentence); };
    listener.batch = [&](const PredictionBatch& batch) {
        const auto genes = static_cast<std::ptrdiff_t>(batch.values.size() / batch.cells.size());
        for (std::size_t i = 0; i < batch.cells.size(); ++i) {
            const auto row = batch.values.begin() + genes * static_cast<std::ptrdiff_t>(i);
            c.values[batch.cells[i]] = {row, row + genes};
            c.order.push_back(batch.cells[i]);
        }
        if (c.values.size() >= cancelAfter) cancel.cancel();
    };
    c.outcome = engine.predictLattice(request, listener, cancel);
    return c;
}

inline double largestDifference(const Values& a, const Values& b) {
    double worst = a.size() == b.size() ? 0 : INFINITY;
    for (const auto& [cell, values] : a)
        for (std::size_t g = 0; g < values.size() && std::isfinite(worst); ++g)
            worst = std::max(worst, std::abs(static_cast<double>(values[g]) - b.at(cell)[g]));
    return worst;
}

} // namespace spotglass
