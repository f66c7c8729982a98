#include "training/BatchGradients.h"

#include "inference/model/ProductType.h"
#include "inference/model/SharedBatchNorm.h"
#include "inference/model/TrainedLayers.h"
#include "training/SpotDataset.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

using torch::Tensor;

namespace {

constexpr int64_t kBucket = 16 << 20; ///< gradients sent at once

/// One 64-bit number of several (splitmix64), for seeds that have nothing to do with each other.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t more) {
    std::uint64_t x = seed + 0x9e3779b97f4a7c15U * (more + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

at::Generator generator() {
    return at::globalContext().defaultGenerator(torch::kCPU);
}

/// The same values as the beginning of a graph; undefined for what a design leaves out.
Tensor leafOf(const Tensor& x) {
    return x.defined() ? x.detach().requires_grad_(true) : Tensor();
}

/// The running statistics of batch normalisation, which a second pass over a part must not see twice.
std::vector<Tensor> copiesOf(const std::vector<Tensor>& tensors) {
    std::vector<Tensor> copies;
    for (const auto& tensor : tensors)
        copies.push_back(tensor.clone());
    return copies;
}

} // namespace

/// What the spots of a batch have in common: gene tokens, and the slide tokens of their sections. The leaves
/// gather the gradients of all parts, before these go on through the encoders in one pass.
struct BatchGradients::Shared {
    Tensor text, textLeaf;
    std::map<std::size_t, std::pair<Tensor, Tensor>> slides; ///< tokens and leaf, by section
};

/// Everything that the loss looks at.
struct BatchGradients::Outputs {
    DkanOutputs image;
    Tensor expression; ///< e_te

    [[nodiscard]] std::vector<Tensor*> all() {
        return {&image.prediction,         &image.fused, &image.target, &image.neighbor, &image.global,
                &image.imageGeneEmbedding, &expression};
    }
};

BatchGradients::BatchGradients(LoadedModel& model, const Settings& settings, const Ranks& ranks)
    : model_(model), network_(model.network), settings_(settings), ranks_(ranks) {
    if (!ranks.alone()) shareBatchNorm([this](const Tensor& own) { return ranks_.sumWithGradient(own); });
}

BatchGradients::~BatchGradients() {
    if (!ranks_.alone()) shareBatchNorm({});
}

void BatchGradients::shareBatchNorm(const SharedBatchNormImpl::Sum& sum) {
    for (auto& module : network_->modules())
        if (auto* norm = module->as<SharedBatchNorm>()) norm->sum = sum;
}

BatchGradients::Shared BatchGradients::encodeShared(const TrainingBatch& batch, const Section& sections,
                                                    std::uint64_t seed) {
    auto& net = *model_.network;
    Shared shared;
    // Processes draw alike for what they have in common, and then each for itself.
    const auto draw = [&](std::uint64_t what) {
        if (!ranks_.alone()) generator().set_current_seed(mixed(seed, what));
    };
    for (const auto& spot : batch.spots) {
        if (shared.slides.contains(spot.first)) continue;
        const auto [features, positions] = sections(spot.first);
        draw(2 + spot.first);
        const auto tokens = net.encodeSlide(trainedDropout(features, settings_.featureDropout), positions);
        shared.slides[spot.first] = {tokens, leafOf(tokens)};
    }
    draw(0);
    shared.text = net.encodeText(model_.geneEmbeddings); // one draw of dropout a step (section 5.2)
    shared.textLeaf = leafOf(shared.text);
    if (!ranks_.alone())
        generator().set_current_seed(mixed(mixed(seed, 1), static_cast<std::uint64_t>(ranks_.rank())));
    return shared;
}

BatchGradients::Outputs BatchGradients::forward(const TrainingBatch& batch, const Shared& shared,
                                                int64_t begin, int64_t count) {
    auto& net = *model_.network;
    std::vector<Tensor> tokens;
    for (int64_t i = begin; i < begin + count; ++i) {
        const auto& [section, row] = batch.spots[static_cast<std::size_t>(i)];
        tokens.push_back(shared.slides.at(section).second[row]);
    }
    const auto part = [&](const Tensor& x) { return x.narrow(0, begin, count); };
    auto image = net.forward({networkPatches(part(batch.patches)),
                              trainedDropout(part(batch.neighbours), settings_.featureDropout),
                              part(batch.mask), torch::stack(tokens)},
                             shared.textLeaf);
    return {std::move(image), net.encodeExpression(part(batch.expression), shared.textLeaf)};
}

/// The correlation over the spots of all processes; adds to the gradients of this process' predictions. All
/// processes compute the same, so each takes its own rows.
double BatchGradients::addCorrelation(Tensor& prediction, const Tensor& expression) {
    const auto own = expression.size(0);
    const auto all = leafOf(ranks_.gather(prediction));
    const auto term = correlationLoss(all, ranks_.gather(expression));
    (settings_.loss.correlationWeight * term).backward();
    const auto gradient = all.grad().narrow(0, own * ranks_.rank(), own);
    prediction.mutable_grad() = prediction.grad().defined() ? prediction.grad() + gradient : gradient.clone();
    return term.item<double>();
}

/// Over the spots of all processes; leaves the gradients of the outputs of this process' spots with them.
DkanLoss BatchGradients::lossOf(Outputs& leaves, const Tensor& expression) {
    const bool contrasts = leaves.expression.defined();
    const auto others = contrasts ? leafOf(ranks_.gather(leaves.expression)) : Tensor();
    const auto own = expression.size(0);
    const auto terms = dkanLossTerms(leaves.image, expression, others, own * ranks_.rank(), settings_.loss);
    const double share = 1.0 / ranks_.count(); // all have as many spots
    DkanLoss loss;
    loss.supervised = ranks_.sum(terms.supervised.item<double>() * share);
    if (contrasts) loss.contrastive = ranks_.sum(terms.contrastive.item<double>() * share);
    setWeights(loss, settings_.loss, contrasts);
    loss.total =
        torch::full({1}, loss.weightSupervised * loss.supervised + loss.weightContrastive * loss.contrastive);
    if (!std::isfinite(loss.total.item<double>())) return loss;
    auto total = (loss.weightSupervised * share) * terms.supervised;
    if (contrasts) total = total + (loss.weightContrastive * share) * terms.contrastive;
    total.backward();
    if (contrasts)
        leaves.expression.mutable_grad() = ranks_.sum(others.grad()).narrow(0, own * ranks_.rank(), own);
    if (const double weight = settings_.loss.correlationWeight; weight > 0) {
        loss.correlation = addCorrelation(leaves.image.prediction, expression);
        loss.total = loss.total + weight * loss.correlation;
    }
    return loss;
}

/// Many at a time: each call waits for the network once.
void BatchGradients::addUp() {
    if (ranks_.alone()) return;
    std::vector<Tensor> bucket, pieces;
    int64_t size = 0;
    const auto send = [&] {
        if (bucket.empty()) return;
        const auto total = ranks_.sum(torch::cat(pieces));
        int64_t at = 0;
        for (auto& gradient : bucket) {
            gradient.copy_(total.narrow(0, at, gradient.numel()).view_as(gradient));
            at += gradient.numel();
        }
        bucket.clear();
        pieces.clear();
        size = 0;
    };
    for (const auto& parameter : model_.network->parameters()) {
        if (!parameter.grad().defined()) continue;
        bucket.push_back(parameter.grad());
        pieces.push_back(parameter.grad().reshape({-1}));
        size += parameter.numel();
        if (size >= kBucket) send();
    }
    send();
}

DkanLoss BatchGradients::add(const TrainingBatch& batch, const Section& sections, std::uint64_t seed) {
    std::optional<ProductTypeGuard> products;
    if (settings_.products) products.emplace(*settings_.products);
    auto shared = encodeShared(batch, sections, seed);
    const auto spots = static_cast<int64_t>(batch.spots.size());
    const auto parts = settings_.part > 0 ? (spots + settings_.part - 1) / settings_.part : 1;
    const auto begin = [&](int64_t part) { return part * spots / parts; };

    std::vector<Outputs> kept;
    std::vector<Tensor> states; ///< of the generator before each part
    auto buffers = model_.network->buffers();
    const auto statistics = parts > 1 ? copiesOf(buffers) : std::vector<Tensor>();
    for (int64_t p = 0; p < parts; ++p) {
        const torch::AutoGradMode mode(parts == 1);
        states.push_back(generator().get_state());
        kept.push_back(forward(batch, shared, begin(p), begin(p + 1) - begin(p)));
    }
    for (std::size_t i = 0; i < statistics.size(); ++i)
        buffers[i].copy_(statistics[i]);

    Outputs leaves;
    for (std::size_t i = 0; i < leaves.all().size(); ++i) {
        std::vector<Tensor> pieces;
        for (auto& part : kept)
            if (part.all()[i]->defined()) pieces.push_back(part.all()[i]->detach());
        if (pieces.empty()) continue; // the configuration leaves it out
        *leaves.all()[i] = leafOf(pieces.size() == 1 ? pieces.front() : torch::cat(pieces));
    }
    auto loss = lossOf(leaves, batch.expression);
    if (!std::isfinite(loss.total.item<double>())) return loss;

    for (int64_t p = 0; p < parts; ++p) {
        if (parts > 1) {
            generator().set_state(states[static_cast<std::size_t>(p)]);
            kept[static_cast<std::size_t>(p)] = forward(batch, shared, begin(p), begin(p + 1) - begin(p));
        }
        std::vector<Tensor> outputs, gradients;
        auto& part = kept[static_cast<std::size_t>(p)];
        for (std::size_t i = 0; i < part.all().size(); ++i) {
            if (!leaves.all()[i]->defined()) continue;
            const auto gradient = leaves.all()[i]->grad();
            if (!gradient.defined() || !part.all()[i]->requires_grad()) continue;
            outputs.push_back(*part.all()[i]);
            gradients.push_back(gradient.narrow(0, begin(p), begin(p + 1) - begin(p)));
        }
        torch::autograd::backward(outputs, gradients);
        part = {};
    }
    if (shared.textLeaf.defined() && shared.textLeaf.grad().defined() && shared.text.requires_grad())
        torch::autograd::backward({shared.text}, {shared.textLeaf.grad()});
    for (auto& [section, tokens] : shared.slides)
        if (tokens.second.grad().defined() && tokens.first.requires_grad())
            torch::autograd::backward({tokens.first}, {tokens.second.grad()});
    addUp();
    return loss;
}

} // namespace spotglass
