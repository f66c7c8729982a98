#include "inference/engine/DkanPredictor.h"

#include <algorithm>

namespace spotglass {

torch::Tensor standardised(const torch::Tensor& features, const torch::Tensor& mean,
                           const torch::Tensor& scale) {
    // Far outside what training showed, a descriptor says "unusual" and no more; unbounded it would drown the
    // rest.
    return ((features - mean) / scale).clamp(-6, 6);
}

DkanPredictor::DkanPredictor(LoadedModel& model) : model_(model) {
    const torch::NoGradGuard noGradient;
    model_.network->eval();
    textTokens_ = model_.network->encodeText(model_.geneEmbeddings);
}

Result<void> DkanPredictor::predict(
    FeatureBank& bank, const PatchReader& reader, const std::vector<PredictorSpot>& context,
    const std::vector<std::size_t>& wanted, const CancelToken& cancel,
    const std::function<void(const std::vector<std::size_t>&, const torch::Tensor&)>& deliver, int batch) {
    const torch::NoGradGuard noGradient;
    const auto& config = model_.card.config;
    const auto count = static_cast<int64_t>(context.size());
    if (count == 0) return {};
    std::vector<PatchKey> own;
    auto positions = torch::empty({count, 2}, torch::kInt64);
    auto at = positions.accessor<int64_t, 2>();
    for (int64_t i = 0; i < count; ++i) {
        const auto& spot = context[static_cast<std::size_t>(i)];
        own.push_back(reader.patchAt(spot.center));
        at[i][0] = spot.row;
        at[i][1] = spot.column;
    }
    if (auto ok = bank.ensure(own, cancel); !ok) return ok;
    const auto usual = [&](const torch::Tensor& f) {
        return standardised(f, model_.featureMean, model_.featureScale);
    };
    const auto slideTokens = model_.network->encodeSlide(usual(bank.features(own)), positions);
    for (std::size_t begin = 0; begin < wanted.size(); begin += static_cast<std::size_t>(batch)) {
        if (cancel.isCancelled()) return cancelled();
        const auto end = std::min(wanted.size(), begin + static_cast<std::size_t>(batch));
        std::vector<std::size_t> done;
        std::vector<torch::Tensor> patches, neighbours, masks, tokens;
        for (std::size_t i = begin; i < end; ++i) {
            const auto& spot = context[wanted[i]];
            const auto rgb = reader.read(own[wanted[i]]);
            if (!rgb) continue;
            const auto region = reader.regionAt(spot.center, config.regionRows, config.regionColumns);
            std::vector<PatchKey> inside;
            for (std::size_t n = 0; n < region.patches.size(); ++n)
                if (region.mask[n] > 0) inside.push_back(region.patches[n]);
            if (auto ok = bank.ensure(inside, cancel); !ok) return ok;
            auto rows = bank.maskedFeatures().unsqueeze(0).repeat({config.regionCells(), 1});
            auto mask = torch::zeros({config.regionCells()});
            for (std::size_t n = 0; n < region.patches.size(); ++n) {
                if (region.mask[n] == 0) continue;
                rows[static_cast<int64_t>(n)] = bank.features({region.patches[n]})[0];
                mask[static_cast<int64_t>(n)] = bank.isReadable(region.patches[n]) ? 1.0F : 0.0F;
            }
            done.push_back(i);
            patches.push_back(imageNetNormalised(patchTensor(*rgb, reader.patchPixels())));
            neighbours.push_back(usual(rows));
            masks.push_back(mask);
            tokens.push_back(slideTokens[static_cast<int64_t>(wanted[i])]);
        }
        if (done.empty()) continue;
        const auto out = model_.network->forward(
            {torch::stack(patches), torch::stack(neighbours), torch::stack(masks), torch::stack(tokens)},
            textTokens_);
        deliver(done, out.prediction.contiguous());
    }
    return {};
}

} // namespace spotglass
