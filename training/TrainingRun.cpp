#include "training/TrainingRun.h"

#include "inference/model/DkanInference.h"
#include "training/ModelParts.h"
#include "training/RidgeTeacher.h"
#include "training/StainAugmentation.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace spotglass {
namespace {

using torch::Tensor;

/// Flips and quarter turns, each with p = 0.5, drawn for every patch on its own. patch: 3 x H x W.
Tensor augmented(Tensor patch, std::uint64_t bits) {
    if (bits & 1) patch = patch.flip({2});
    if (bits & 2) patch = patch.flip({1});
    if (bits & 4) patch = patch.rot90(1, {1, 2});
    return patch;
}

/// Sums over an epoch that has not begun.
nlohmann::json noSums() {
    return {{"total", 0.0},
            {"supervised", 0.0},
            {"contrastive", 0.0},
            {"correlation", 0.0},
            {"weight_supervised", 0.0},
            {"weight_contrastive", 0.0},
            {"steps", 0},
            {"spots", 0}};
}

at::Generator generator() {
    return at::globalContext().defaultGenerator(torch::kCPU);
}

void saveAll(TrainingState& state, const std::string& name, const std::vector<Tensor>& tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i)
        state.tensors[name + "." + std::to_string(i)] = tensors[i].detach();
}

void restoreAll(const TrainingState& state, const std::string& name, std::vector<Tensor>& tensors) {
    const torch::NoGradGuard noGradient;
    for (std::size_t i = 0; i < tensors.size(); ++i)
        tensors[i].copy_(state.tensors.at(name + "." + std::to_string(i)));
}

} // namespace

TrainingRun::TrainingRun(const TrainingConfig& config, LoadedModel& model,
                         const std::vector<SectionTensors>& sections, const Ranks& ranks)
    : config_(config), model_(model), sections_(sections),
      targets_(taughtExpression(model, sections, config.ridgeTeacher)),
      device_(model.network->parameters().front().device()), random_(config.seed),
      adam_(model.network->parameters(), {.weightDecay = config.weightDecay}), ranks_(ranks),
      gradients_(model,
                 {{config.distillation, config.model.temperature, config.contrastiveWeightScale,
                   config.contrastWithinSpots, config.correlationWeight},
                  config.microBatch,
                  config.featureDropout,
                  config.precision == "bf16" ? std::optional(torch::kBFloat16) : std::nullopt},
                 ranks) {
    for (std::size_t s = 0; s < sections.size(); ++s) {
        auto& views = views_.emplace_back();
        const auto add = [&](const torch::Tensor& own, const torch::Tensor& neighbors) {
            const auto scale = featureScaleOf(model, own);
            views.push_back({scale.apply(own).to(device_), scale.apply(neighbors)});
        };
        add(sections[s].features, sections[s].neighborFeatures);
        for (const auto& other : sections[s].otherStains)
            add(other.own, other.neighbors);
        positions_.push_back(sections[s].positions.to(device_));
        for (int64_t r = 0; r < sections[s].features.size(0); ++r)
            spots_.push_back({static_cast<std::int64_t>(s), r});
    }
    for (const auto& item : model.network->named_parameters()) {
        const auto factor = config.learningRates.find(modelPartOf(item.key()));
        rateFactors_.push_back(factor == config.learningRates.end() ? 1 : factor->second);
    }
    if (isPatchEncoderStill()) // and its share of the backward pass, which is most of a small model's, is
                               // saved
        for (auto& p : model.network->patchEncoder()->parameters())
            p.set_requires_grad(false);
    if (config.averageWeights > 0)
        for (const auto& p : model.network->parameters())
            average_.push_back(torch::zeros_like(p));
}

bool TrainingRun::isPatchEncoderStill() const {
    const auto rate = config_.learningRates.find("patch_encoder");
    return model_.network->patchEncoder() && rate != config_.learningRates.end() && rate->second == 0;
}

/// A part that is held still keeps its batch statistics as well.
void TrainingRun::trainMode() {
    model_.network->train();
    if (isPatchEncoderStill()) model_.network->patchEncoder()->eval();
}

void TrainingRun::startEpoch() {
    for (std::size_t i = spots_.size(); i > 1; --i)
        std::swap(spots_[i - 1], spots_[random_() % i]);
    sums_ = noSums();
}

Failure TrainingRun::diverged(const std::vector<SpotRef>& batch, int epoch) const {
    std::string spots;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, batch.size()); ++i) {
        const auto& section = sections_[static_cast<std::size_t>(batch[i].section)];
        spots += (i ? ", " : "") + section.name + " " + section.ids[static_cast<std::size_t>(batch[i].row)];
    }
    return fail(ErrorKind::Device,
                "the training diverged in epoch " + std::to_string(epoch) + ", step " +
                    std::to_string(sums_["steps"].get<int>() + 1) + ": its loss is not a number any more (" +
                    std::to_string(batch.size()) + " spots, the first are " + spots + ")",
                {},
                "Lower learning_rate in the configuration; look at these spots if it happens there again");
}

Result<nlohmann::json> TrainingRun::epoch(int number, const std::function<Result<void>()>& afterStep) {
    trainMode();
    const double rate =
        config_.learningRate * std::pow(config_.learningRateDecay, (number - 1) / config_.learningRateStep);
    std::vector<double> rates;
    for (const double factor : rateFactors_)
        rates.push_back(rate * factor);
    if (position_ == 0) startEpoch();
    const auto size = static_cast<std::size_t>(config_.batch),
               ranks = static_cast<std::size_t>(ranks_.count());
    while (position_ < spots_.size()) {
        auto end = std::min(spots_.size(), position_ + size);
        end -= (end - position_) % ranks; // all have as many
        if (end - position_ < std::max<std::size_t>(2, ranks) && (position_ > 0 || ranks > 1))
            break; // batch normalisation needs two
        const std::vector<SpotRef> batch(spots_.begin() + static_cast<std::ptrdiff_t>(position_),
                                         spots_.begin() + static_cast<std::ptrdiff_t>(end));
        const auto loss = step(batch);
        const double total = loss.total.item<double>();
        if (!std::isfinite(total)) return diverged(batch, number);
        adam_.step(rates);
        ++steps_;
        averageWeights();
        for (const auto& [term, value] : {std::pair{"total", total},
                                          {"supervised", loss.supervised},
                                          {"contrastive", loss.contrastive},
                                          {"correlation", loss.correlation},
                                          {"weight_supervised", loss.weightSupervised},
                                          {"weight_contrastive", loss.weightContrastive}})
            sums_[term] = sums_[term].get<double>() + value;
        sums_["spots"] = sums_["spots"].get<std::size_t>() + (end - position_);
        sums_["steps"] = sums_["steps"].get<int>() + 1;
        position_ = end;
        if (auto go = afterStep(); !go) return Failure(go.error());
    }
    position_ = 0;
    const int steps = std::max(1, sums_["steps"].get<int>());
    nlohmann::json means{{"learning_rate", rate}, {"spots", sums_["spots"]}};
    for (const char* term : {"total", "supervised", "contrastive", "weight_supervised", "weight_contrastive"})
        means[term] = sums_[term].get<double>() / steps;
    if (config_.correlationWeight > 0) means["correlation"] = sums_["correlation"].get<double>() / steps;
    return means;
}

/// All processes draw the augmentation of all spots, so that they stay together.
TrainingBatch TrainingRun::ownShare(const std::vector<SpotRef>& batch, const ArrayTurn& turn) {
    TrainingBatch own;
    std::vector<Tensor> patches, neighbours, masks, expression;
    const auto share = batch.size() / static_cast<std::size_t>(ranks_.count());
    const auto begin = share * static_cast<std::size_t>(ranks_.rank());
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto bits = config_.augment ? random_() : 0;
        PortableRandom stain(config_.stainAugmentation > 0 ? random_() : 0);
        if (i < begin || i >= begin + share) continue;
        const auto at = static_cast<std::size_t>(batch[i].section);
        const auto row = batch[i].row;
        const auto& section = sections_[at];
        const auto patch = augmented(section.patches[row], bits);
        patches.push_back(config_.stainAugmentation > 0
                              ? stained(patch, drawnStain(config_.stainAugmentation, stain))
                              : patch);
        neighbours.push_back(inHand_[at]->neighbors[row]);
        masks.push_back(section.neighborMask[row]);
        expression.push_back(targets_[at][row]);
        own.spots.emplace_back(at, row);
    }
    own.patches = torch::stack(patches).to(device_);
    const int rows = model_.card.config.regionRows, columns = model_.card.config.regionColumns;
    own.neighbours = turn.region(torch::stack(neighbours), 1, rows, columns).to(device_);
    own.mask = turn.region(torch::stack(masks), 1, rows, columns).to(device_);
    own.expression = torch::stack(expression).to(device_);
    return own;
}

/// A whole slide has one stain.
void TrainingRun::drawStains() {
    inHand_.clear();
    for (const auto& views : views_)
        inHand_.push_back(&views[views.size() > 1 ? random_() % views.size() : 0]);
}

DkanLoss TrainingRun::step(const std::vector<SpotRef>& batch) {
    adam_.zeroGradients();
    const auto& card = model_.card;
    const auto turn = config_.turnArray
                          ? ArrayTurn::drawn(random_(), card.arrayGeometry == "hexagonal",
                                             card.config.regionRows == card.config.regionColumns)
                          : ArrayTurn();
    drawStains();
    return gradients_.add(
        ownShare(batch, turn),
        [&](std::size_t section) {
            return std::pair(inHand_[section]->own, turn.places(positions_[section]));
        },
        config_.seed + static_cast<std::uint64_t>(steps_));
}

void TrainingRun::averageWeights() {
    if (average_.empty()) return;
    const torch::NoGradGuard noGradient;
    const auto parameters = model_.network->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i)
        average_[i].mul_(config_.averageWeights).add_(parameters[i].detach(), 1 - config_.averageWeights);
}

void TrainingRun::useAverage() {
    if (average_.empty()) return;
    const torch::NoGradGuard noGradient;
    const double correction = 1 - std::pow(config_.averageWeights, static_cast<double>(steps_));
    auto parameters = model_.network->parameters();
    raw_.clear();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        raw_.push_back(parameters[i].detach().clone());
        parameters[i].copy_(average_[i] / correction);
    }
}

void TrainingRun::useRaw() {
    if (raw_.empty()) return;
    const torch::NoGradGuard noGradient;
    auto parameters = model_.network->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i)
        parameters[i].copy_(raw_[i]);
    raw_.clear();
}

void TrainingRun::save(TrainingState& state) const {
    saveAll(state, "weights", model_.network->parameters());
    saveAll(state, "buffers", model_.network->buffers());
    saveAll(state, "first", adam_.first());
    saveAll(state, "second", adam_.second());
    saveAll(state, "average", average_);
    state.tensors["generator"] = generator().get_state();
    std::vector<int64_t> order;
    for (const auto& spot : spots_)
        order.insert(order.end(), {spot.section, spot.row});
    state.tensors["order"] = torch::tensor(order).view({-1, 2});
    std::ostringstream random;
    random << random_;
    state.numbers["random"] = random.str();
    state.numbers["position"] = position_;
    state.numbers["steps"] = steps_;
    state.numbers["adam_steps"] = adam_.steps();
    state.numbers["sums"] = sums_;
}

void TrainingRun::restore(const TrainingState& state) {
    auto weights = model_.network->parameters(), buffers = model_.network->buffers();
    restoreAll(state, "weights", weights);
    restoreAll(state, "buffers", buffers);
    restoreAll(state, "first", adam_.first());
    restoreAll(state, "second", adam_.second());
    restoreAll(state, "average", average_);
    generator().set_state(state.tensors.at("generator"));
    const auto order = state.tensors.at("order").accessor<int64_t, 2>();
    for (std::size_t i = 0; i < spots_.size(); ++i)
        spots_[i] = {order[static_cast<int64_t>(i)][0], order[static_cast<int64_t>(i)][1]};
    std::istringstream(state.numbers.at("random").get<std::string>()) >> random_;
    position_ = state.numbers.at("position").get<std::size_t>();
    steps_ = state.numbers.at("steps").get<std::int64_t>();
    adam_.setSteps(state.numbers.at("adam_steps").get<std::int64_t>());
    sums_ = noSums(); // a checkpoint of an older program has fewer
    if (state.numbers.at("sums").is_object()) sums_.update(state.numbers.at("sums"));
}

} // namespace spotglass
