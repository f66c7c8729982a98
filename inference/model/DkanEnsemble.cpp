#include "inference/model/DkanEnsemble.h"

namespace spotglass {

using torch::Tensor;

std::vector<LoadedModel> membersOf(const LoadedModel& model) {
    std::vector<LoadedModel> members{model};
    members.insert(members.end(), model.others.begin(), model.others.end());
    for (auto& member : members) {
        member.card = model.card;
        member.card.members = 1;
        member.others.clear();
    }
    return members;
}

Result<LoadedModel> joinedModel(std::vector<LoadedModel> members) {
    if (members.empty()) return fail(ErrorKind::Usage, "there is no model to join");
    auto joined = std::move(members.front());
    const auto& first = joined.card;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& card = (i == 0 ? joined : members[i]).card;
        const auto differs = [&](const char* what) {
            return badInput("the models to join differ in their " + std::string(what), card.name,
                            "Join models of one configuration that were trained with other seeds");
        };
        if (card.members > 1)
            return badInput("this model is an ensemble itself", card.name, "Join its members");
        if (!(card.config == first.config)) return differs("configuration");
        if (card.genes != first.genes) return differs("genes");
        if (card.imageEncoder != first.imageEncoder || card.featureScale != first.featureScale)
            return differs("image encoder");
        if (card.patchPixels != first.patchPixels || card.micronsPerPixel != first.micronsPerPixel ||
            card.spotPitchMicrons != first.spotPitchMicrons || card.arrayGeometry != first.arrayGeometry)
            return differs("patches or array");
        if (i > 0) joined.others.push_back(std::move(members[i]));
    }
    joined.card.members = static_cast<int>(members.size());
    return joined;
}

DkanEnsemble::DkanEnsemble(LoadedModel model, const torch::Device& device, Precision precision) {
    for (auto& member : membersOf(model))
        members_.emplace_back(std::move(member), device, precision);
}

void DkanEnsemble::chooseGenes(const std::vector<int64_t>& genes) {
    for (auto& member : members_)
        member.chooseGenes(genes);
}

void DkanEnsemble::useSlide(const Tensor& sample) {
    for (auto& member : members_)
        member.useSlide(sample);
}

Tensor DkanEnsemble::slideTokens(const Tensor& features, const Tensor& positions) {
    std::vector<Tensor> tokens;
    for (auto& member : members_)
        tokens.push_back(member.slideTokens(features, positions));
    return tokens.size() == 1 ? tokens.front() : torch::cat(tokens, 1);
}

Tensor DkanEnsemble::predict(const DkanSpots& spots) {
    const auto count = static_cast<int64_t>(members_.size()), width = spots.slideTokens.size(1) / count;
    Tensor sum;
    for (int64_t i = 0; i < count; ++i) {
        auto own = spots;
        own.slideTokens = spots.slideTokens.narrow(1, i * width, width);
        auto predicted = members_[static_cast<std::size_t>(i)].predict(own);
        sum = sum.defined() ? sum.add_(predicted) : predicted;
    }
    return count > 1 ? sum.div_(static_cast<double>(count)) : sum;
}

double DkanEnsemble::multiplicationsOfContext(double tokens) const {
    double sum = 0;
    for (const auto& member : members_)
        sum += member.multiplicationsOfContext(tokens);
    return sum;
}

} // namespace spotglass
