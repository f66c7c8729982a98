#include "training/Trainer.h"

#include "inference/model/DkanInference.h"
#include "inference/model/DkanLoss.h"
#include "training/Adam.h"

#include <chrono>
#include <cmath>
#include <numeric>
#include <random>

namespace spotglass {
namespace {

using torch::Tensor;
using Clock = std::chrono::steady_clock;

/// A spot of the training set: section and row.
struct SpotRef {
    std::size_t section;
    int64_t row;
};

/// Flips and quarter turns, each with p = 0.5, drawn for every patch on its own. patch: 3 x H x W.
Tensor augmented(Tensor patch, std::mt19937_64& random) {
    const auto bits = random();
    if (bits & 1) patch = patch.flip({2});
    if (bits & 2) patch = patch.flip({1});
    if (bits & 4) patch = patch.rot90(1, {1, 2});
    return patch;
}

class Run {
  public:
    Run(const TrainingConfig& config, LoadedModel& model, const std::vector<SectionTensors>& sections)
        : config_(config), model_(model), sections_(sections), random_(config.seed),
          adam_(model.network->parameters(), {.weightDecay = config.weightDecay}) {
        for (std::size_t s = 0; s < sections.size(); ++s) {
            features_.push_back(usual(sections[s].features));
            neighbours_.push_back(usual(sections[s].neighborFeatures));
            for (int64_t r = 0; r < sections[s].features.size(0); ++r)
                spots_.push_back({s, r});
        }
        loss_ = {config.distillation, config.model.temperature, config.contrastiveWeightScale,
                 config.contrastWithinSpots};
    }

    /// One pass over all training spots; means of the loss terms.
    Result<nlohmann::json> epoch(int number, const CancelToken& cancel) {
        model_.network->train();
        rate_ = config_.learningRate *
                std::pow(config_.learningRateDecay, (number - 1) / config_.learningRateStep);
        for (std::size_t i = spots_.size(); i > 1; --i)
            std::swap(spots_[i - 1], spots_[random_() % i]);
        nlohmann::json sums{{"total", 0.0}, {"supervised", 0.0}, {"contrastive", 0.0}};
        int steps = 0;
        const auto batch = static_cast<std::size_t>(config_.batch);
        for (std::size_t at = 0; at < spots_.size(); at += batch) {
            if (cancel.isCancelled()) return cancelled();
            const auto end = std::min(spots_.size(), at + batch);
            if (end - at < 2 && at > 0) break; // batch normalisation needs two
            const auto loss = step({spots_.begin() + static_cast<std::ptrdiff_t>(at),
                                    spots_.begin() + static_cast<std::ptrdiff_t>(end)});
            const double total = loss.total.item<double>();
            if (!std::isfinite(total))
                return fail(ErrorKind::Device, "the training diverged: its loss is not a number any more", {},
                            "Lower learning_rate in the configuration");
            sums["total"] = sums["total"].get<double>() + total;
            sums["supervised"] = sums["supervised"].get<double>() + loss.supervised;
            sums["contrastive"] = sums["contrastive"].get<double>() + loss.contrastive;
            ++steps;
        }
        for (auto& value : sums)
            value = value.get<double>() / std::max(1, steps);
        return sums;
    }

    /// The weights to judge and to keep: the running average where one is asked for.
    void useAverage() {
        if (average_.empty()) return;
        const torch::NoGradGuard noGradient;
        const double correction = 1 - std::pow(config_.averageWeights, steps_);
        auto parameters = model_.network->parameters();
        raw_.clear();
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            raw_.push_back(parameters[i].detach().clone());
            parameters[i].copy_(average_[i] / correction);
        }
    }
    void useRaw() {
        if (average_.empty()) return;
        const torch::NoGradGuard noGradient;
        auto parameters = model_.network->parameters();
        for (std::size_t i = 0; i < parameters.size(); ++i)
            parameters[i].copy_(raw_[i]);
    }

  private:
    [[nodiscard]] Tensor usual(const Tensor& f) const {
        return standardised(f, model_.featureMean, model_.featureScale);
    }

    DkanLoss step(const std::vector<SpotRef>& batch) {
        auto& net = *model_.network;
        adam_.zeroGradients();
        std::vector<Tensor> slideTokens(sections_.size());
        std::vector<Tensor> patches, neighbours, masks, tokens, expression;
        const auto thin = [&](const Tensor& f) {
            return config_.featureDropout > 0 ? torch::dropout(f, config_.featureDropout, true) : f;
        };
        for (const auto& [s, r] : batch) {
            const auto& section = sections_[s];
            if (!slideTokens[s].defined())
                slideTokens[s] = net.encodeSlide(thin(features_[s]), section.positions);
            patches.push_back(config_.augment ? augmented(section.patches[r], random_) : section.patches[r]);
            neighbours.push_back(neighbours_[s][r]);
            masks.push_back(section.neighborMask[r]);
            tokens.push_back(slideTokens[s][r]);
            expression.push_back(section.expression[r]);
        }
        const auto text = net.encodeText(model_.geneEmbeddings); // one draw of dropout a step (section 5.2)
        const auto out = net.forward({networkPatches(torch::stack(patches)), thin(torch::stack(neighbours)),
                                      torch::stack(masks), torch::stack(tokens)},
                                     text);
        const auto measured = torch::stack(expression);
        const auto loss = dkanLoss(out, net.encodeExpression(measured, text), measured, loss_);
        loss.total.backward();
        adam_.step(rate_);
        ++steps_;
        averageWeights();
        return loss;
    }

    void averageWeights() {
        if (config_.averageWeights <= 0) return;
        const torch::NoGradGuard noGradient;
        const auto parameters = model_.network->parameters();
        if (average_.empty())
            for (const auto& p : parameters)
                average_.push_back(torch::zeros_like(p));
        for (std::size_t i = 0; i < parameters.size(); ++i)
            average_[i].mul_(config_.averageWeights).add_(parameters[i].detach(), 1 - config_.averageWeights);
    }

    const TrainingConfig& config_;
    LoadedModel& model_;
    const std::vector<SectionTensors>& sections_;
    std::vector<Tensor> features_, neighbours_; // standardised, by section
    std::vector<SpotRef> spots_;
    std::mt19937_64 random_;
    Adam adam_;
    double rate_ = 0;
    DkanLossConfig loss_;
    std::vector<Tensor> average_, raw_;
    int steps_ = 0;
};

/// Statistics of the frozen features over the training spots and their surroundings; a value that never
/// changes is left.
void fitFeatureScale(LoadedModel& model, const std::vector<SectionTensors>& sections) {
    std::vector<Tensor> all;
    for (const auto& s : sections)
        all.push_back(s.features);
    const auto features = torch::cat(all);
    model.featureMean = features.mean(0);
    const auto deviation = features.std(0, false);
    model.featureScale = torch::where(deviation > 1e-5, deviation, torch::ones_like(deviation));
}

std::vector<Tensor> copyState(const LoadedModel& model) {
    std::vector<Tensor> state;
    for (const auto& p : model.network->parameters())
        state.push_back(p.detach().clone());
    for (const auto& b : model.network->buffers())
        state.push_back(b.clone());
    return state;
}

void restoreState(LoadedModel& model, const std::vector<Tensor>& state) {
    const torch::NoGradGuard noGradient;
    std::size_t i = 0;
    for (auto& p : model.network->parameters())
        p.copy_(state[i++]);
    for (auto& b : model.network->buffers())
        b.copy_(state[i++]);
}

nlohmann::json validate(LoadedModel& model, const std::vector<SectionTensors>& sections) {
    double pcc = 0, mse = 0;
    for (const auto& section : sections) {
        const auto predicted = predictSection(model, section);
        pcc += meanGeneCorrelation(predicted, section.expression);
        mse += torch::mse_loss(predicted, section.expression).item<double>();
    }
    const auto n = static_cast<double>(sections.size());
    return {{"pcc", pcc / n}, {"mse", mse / n}};
}

} // namespace

double meanGeneCorrelation(const Tensor& predicted, const Tensor& measured) {
    const auto p = predicted.to(torch::kFloat64) - predicted.to(torch::kFloat64).mean(0);
    const auto t = measured.to(torch::kFloat64) - measured.to(torch::kFloat64).mean(0);
    const auto size = (p.square().sum(0) * t.square().sum(0)).sqrt();
    const auto defined = size > 0;
    if (!defined.any().item<bool>()) return 0;
    return ((p * t).sum(0) / size).masked_select(defined).mean().item<double>();
}

Result<LoadedModel> train(const TrainingConfig& config, ModelCard card,
                          const std::vector<SectionTensors>& sections,
                          const std::vector<SectionTensors>& validation, const Tensor& geneEmbeddings,
                          const TrainingListener& listener,
                          const std::function<Result<void>(const LoadedModel&)>& best,
                          const CancelToken& cancel) {
    torch::manual_seed(config.seed);
    LoadedModel model;
    model.card = std::move(card);
    model.geneEmbeddings = geneEmbeddings;
    fitFeatureScale(model, sections);
    model.network = Dkan(model.card.config);
    Run run(config, model, sections);
    std::vector<Tensor> bestState;
    double bestPcc = -2;
    int bestEpoch = 0;
    const int epochs = config.fixedEpochs > 0 ? config.fixedEpochs : config.maximumEpochs;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        const auto start = Clock::now();
        auto losses = run.epoch(epoch, cancel);
        if (!losses) return Failure(losses.error());
        run.useAverage();
        nlohmann::json event{{"event", "epoch"}, {"epoch", epoch}, {"training", *losses}};
        bool better = config.fixedEpochs > 0 && epoch == epochs;
        if (config.fixedEpochs == 0) {
            event["validation"] = validate(model, validation);
            better = event["validation"]["pcc"].get<double>() > bestPcc;
            if (better) bestPcc = event["validation"]["pcc"].get<double>();
        }
        if (better) {
            bestEpoch = epoch;
            bestState = copyState(model);
            model.card.training["epoch"] = epoch;
            if (config.fixedEpochs == 0) model.card.training["validation"] = event["validation"];
            if (auto ok = best(model); !ok) return Failure(ok.error());
        }
        event["best"] = better;
        event["seconds"] = std::chrono::duration<double>(Clock::now() - start).count();
        listener(event);
        run.useRaw();
        if (config.fixedEpochs == 0 && epoch - bestEpoch >= config.patience) break;
    }
    restoreState(model, bestState);
    model.network->eval();
    listener({{"event", "done"},
              {"best_epoch", bestEpoch},
              {"validation_pcc", config.fixedEpochs > 0 ? nlohmann::json() : nlohmann::json(bestPcc)}});
    return model;
}

} // namespace spotglass
