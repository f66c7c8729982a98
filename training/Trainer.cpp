#include "training/Trainer.h"

#include "inference/engine/DeviceRunner.h"
#include "inference/model/FeatureScale.h"
#include "inference/model/Parallel.h"
#include "training/cohort/Metrics.h"
#include "training/ModelParts.h"
#include "training/PatchEncoderWeights.h"
#include "training/TrainingRun.h"
#include "viewer/base/Process.h"

#include <chrono>
#include <cmath>
#include <utility>

namespace spotglass {
namespace {

using torch::Tensor;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBestGenes = 50; ///< of the published gene sets

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

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

std::vector<Tensor> stateOf(const LoadedModel& model) {
    auto state = model.network->parameters();
    const auto buffers = model.network->buffers();
    state.insert(state.end(), buffers.begin(), buffers.end());
    return state;
}

std::vector<Tensor> copyState(const LoadedModel& model) {
    auto state = stateOf(model);
    for (auto& tensor : state)
        tensor = tensor.detach().to(torch::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
    return state;
}

void restoreState(LoadedModel& model, const std::vector<Tensor>& state) {
    const torch::NoGradGuard noGradient;
    auto all = stateOf(model);
    for (std::size_t i = 0; i < state.size(); ++i)
        all[i].copy_(state[i]);
}

std::vector<float> values(const Tensor& tensor) {
    const auto flat = tensor.to(torch::kFloat32).contiguous();
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// The figures of the gene sets and of each gene, as they are published; null where undefined.
void addGeneFigures(Json& figures, const std::vector<SectionTensors>& sections,
                    const std::vector<Tensor>& predicted) {
    std::vector<SectionPrediction> all;
    for (std::size_t i = 0; i < sections.size(); ++i)
        all.push_back({sections[i].patient, sections[i].name, static_cast<std::size_t>(predicted[i].size(0)),
                       static_cast<std::size_t>(predicted[i].size(1)), values(sections[i].expression),
                       values(predicted[i])});
    const auto published = publishedMetrics(all, kBestGenes);
    if (!published) return; // predictions that are no numbers: the next step says so
    const auto orNull = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
    figures["pcc_hpg"] = orNull(published->pccHpg.mean);
    figures["pcc_heg"] = orNull(published->pccHeg.mean);
    figures["pcc_hvg"] = orNull(published->pccHvg.mean);
    auto& genes = figures["genes"] = Json::array();
    for (const double pcc : published->genePcc)
        genes.push_back(orNull(std::round(pcc * 1e4) / 1e4));
}

Json figuresOf(const std::vector<SectionTensors>& sections, const std::vector<Tensor>& predicted) {
    double pcc = 0, mse = 0;
    for (std::size_t i = 0; i < sections.size(); ++i) {
        pcc += meanGeneCorrelation(predicted[i], sections[i].expression);
        mse += torch::mse_loss(predicted[i], sections[i].expression).item<double>();
    }
    const auto n = static_cast<double>(sections.size());
    return {{"pcc", pcc / n}, {"mse", mse / n}};
}

/// What a checkpoint must agree with.
Json identityOf(const TrainingConfig& config, const ModelCard& card,
                const std::vector<SectionTensors>& sections, const std::vector<SectionTensors>& validation) {
    Json run{{"settings", config.asJson}, {"genes", card.genes}};
    for (const auto& [key, group] : {std::pair{"sections", &sections}, {"set_aside", &validation}}) {
        run[key] = Json::object();
        for (const auto& section : *group)
            run[key][section.name] = section.ids.size();
    }
    return run;
}

/// A run from its first epoch to its best model.
class Training {
  public:
    Training(const TrainingConfig& config, LoadedModel& model, const std::vector<SectionTensors>& sections,
             const std::vector<SectionTensors>& validation, const std::filesystem::path& checkpoint,
             const TrainingHooks& hooks, const CancelToken& cancel)
        : config_(config), model_(model), validation_(validation), checkpoint_(checkpoint), hooks_(hooks),
          cancel_(cancel), ranks_(hooks.ranks ? *hooks.ranks : alone_), run_(config, model, sections, ranks_),
          identity_(identityOf(config, model.card, sections, validation)) {}

    Result<void> resume() {
        auto state = readTrainingState(checkpoint_, identity_);
        if (!state) return Failure(state.error());
        try {
            run_.restore(*state);
            epoch_ = state->numbers.at("epoch").get<int>();
            bestEpoch_ = state->numbers.at("best_epoch").get<int>();
            bestPcc_ = state->numbers.at("best_pcc").get<double>();
            model_.card.training = state->numbers.at("card_training");
            if (bestEpoch_ > 0) {
                best_ = copyState(model_);
                for (std::size_t i = 0; i < best_.size(); ++i)
                    best_[i].copy_(state->tensors.at("best." + std::to_string(i)));
            }
        } catch (const std::exception& error) {
            return badInput(std::string("this checkpoint is incomplete (") + error.what() + ")",
                            checkpoint_.string(), "Start the training without --resume");
        }
        resumed_ = true;
        tell({{"event", "resumed"}, {"epoch", epoch_}});
        return {};
    }

    Result<void> toTheEnd() {
        const int epochs = config_.fixedEpochs > 0 ? config_.fixedEpochs : config_.maximumEpochs;
        for (; epoch_ <= epochs && !isWaitingInVain(); ++epoch_)
            if (auto done = oneEpoch(epochs); !done) return done;
        restoreState(model_, best_);
        model_.network->eval();
        tell({{"event", "done"},
              {"best_epoch", bestEpoch_},
              {"validation_pcc", config_.fixedEpochs > 0 ? Json() : Json(bestPcc_)}});
        return {};
    }

  private:
    [[nodiscard]] bool isWaitingInVain() const {
        return config_.fixedEpochs == 0 && epoch_ - 1 - bestEpoch_ >= config_.patience;
    }

    void tell(const Json& event) const {
        if (ranks_.first()) hooks_.event(event);
    }

    /// By one process for all: they need not round alike. What follows after pcc and mse it alone knows.
    Json validated() {
        Json figures{{"pcc", 0.0}, {"mse", 0.0}};
        std::vector<Tensor> predicted;
        if (ranks_.first()) {
            for (const auto& section : validation_)
                predicted.push_back(predictSection(model_, section));
            figures = figuresOf(validation_, predicted);
        }
        for (auto& figure : figures)
            figure = ranks_.fromFirst(figure.get<double>());
        if (ranks_.first() && hooks_.validated) hooks_.validated(epoch_, predicted);
        if (ranks_.first()) addGeneFigures(figures, validation_, predicted);
        return figures;
    }

    /// What the card keeps of it.
    static Json brief(const Json& figures) { return {{"pcc", figures["pcc"]}, {"mse", figures["mse"]}}; }

    Result<void> oneEpoch(int epochs) {
        const auto start = Clock::now();
        auto losses = run_.epoch(epoch_, [this] { return betweenSteps(); });
        if (!losses) return Failure(losses.error());
        run_.useAverage();
        const double trained = secondsSince(start);
        Json event{{"event", "epoch"}, {"epoch", epoch_}, {"epochs", epochs}, {"training", *losses}};
        bool better = config_.fixedEpochs > 0 && epoch_ == epochs;
        if (config_.fixedEpochs == 0) {
            event["validation"] = validated();
            const double pcc = event["validation"]["pcc"].get<double>();
            better = pcc > bestPcc_;
            if (better) bestPcc_ = pcc;
        }
        if (better) {
            bestEpoch_ = epoch_;
            best_ = copyState(model_);
            model_.card.training["epoch"] = epoch_;
            if (config_.fixedEpochs == 0) model_.card.training["validation"] = brief(event["validation"]);
            if (ranks_.first())
                if (auto ok = written([&] { return hooks_.best(model_); }); !ok) return ok;
        }
        event["best"] = better;
        event["seconds"] = secondsSince(start);
        if (!std::exchange(resumed_,
                           false)) // of an epoch that was begun by another process only a part is ours
            event["spots_per_second"] = (*losses)["spots"].get<double>() / std::max(trained, 1e-9);
        event["memory_gb"] = static_cast<double>(memoryUse().peak) / 1e9;
        tell(event);
        run_.useRaw();
        return saveState(epoch_ + 1);
    }

    Result<void> betweenSteps() {
        if (hooks_.giveWay && ranks_.first()) hooks_.giveWay();
        if (ranks_.sum(cancel_.isCancelled() ? 1.0 : 0.0) > 0) {
            if (auto kept = saveState(epoch_); !kept) return kept;
            return cancelled();
        }
        if (secondsSince(saved_) < 60 * config_.checkpointMinutes) return {};
        return saveState(epoch_);
    }

    Result<void> saveState(int nextEpoch) {
        if (checkpoint_.empty() || !ranks_.first()) return {};
        TrainingState state;
        run_.save(state);
        state.numbers["run"] = identity_;
        state.numbers["epoch"] = nextEpoch;
        state.numbers["best_epoch"] = bestEpoch_;
        state.numbers["best_pcc"] = bestPcc_;
        state.numbers["card_training"] = model_.card.training;
        for (std::size_t i = 0; i < best_.size(); ++i)
            state.tensors["best." + std::to_string(i)] = best_[i];
        const auto done = written([&] { return saveTrainingState(state, checkpoint_); });
        saved_ = Clock::now();
        if (done && hooks_.checkpointWritten) hooks_.checkpointWritten();
        return done;
    }

    /// A full drive is no reason to lose a run: waits and tries again.
    Result<void> written(const std::function<Result<void>()>& write) {
        for (;;) {
            auto done = write();
            if (done || !hooks_.waitForDrive) return done;
            hooks_.event({{"event", "paused"}, {"reason", done.error().sentence()}});
            if (!hooks_.waitForDrive(done.error())) return done;
        }
    }

    const TrainingConfig& config_;
    LoadedModel& model_;
    const std::vector<SectionTensors>& validation_;
    const std::filesystem::path& checkpoint_;
    const TrainingHooks& hooks_;
    const CancelToken& cancel_;
    const Ranks alone_;
    const Ranks& ranks_;
    TrainingRun run_;
    Json identity_;
    std::vector<Tensor> best_;
    double bestPcc_ = -2;
    int epoch_ = 1, bestEpoch_ = 0;
    bool resumed_ = false; ///< the epoch in hand was begun before
    Clock::time_point saved_ = Clock::now();
};

/// What LibTorch throws when a batch does not fit becomes a sentence.
Result<void> namingLackOfMemory(const std::function<Result<void>()>& run, const TrainingConfig& config) {
    try {
        return run();
    } catch (const std::exception& error) {
        if (classify(error, true) != ComputeFailure::OutOfMemory) throw;
        const int atOnce = config.microBatch > 0 ? config.microBatch : config.batch;
        return fail(ErrorKind::Device,
                    "there is not enough memory to train with " + std::to_string(atOnce) + " spots at once",
                    {},
                    "Set micro_batch to " + std::to_string(std::max(2, atOnce / 2)) +
                        " or less; the gradients stay those of the whole batch");
    }
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
                          const LoadedModel* parent, const std::filesystem::path& checkpoint, bool resume,
                          const TrainingHooks& hooks, const CancelToken& cancel) {
    setMatrixThreads(partsAtOnce());
    torch::manual_seed(config.seed);
    LoadedModel model;
    if (parent) {
        auto child = modelFromParent(*parent, std::move(card), geneEmbeddings);
        if (!child) return Failure(child.error());
        model = std::move(*child);
        // Another laboratory's stain: what was usual for the parent is not what is usual here.
        if (!takesRawFeatures(model)) fitFeatureScale(model, sections);
    } else {
        model.card = std::move(card);
        model.geneEmbeddings = geneEmbeddings;
        fitFeatureScale(model, sections);
        model.network = Dkan(model.card.config);
        if (!config.patchEncoderWeights.empty())
            if (auto ok = startPatchEncoder(model.network->patchEncoder(), model.card.config,
                                            config.patchEncoderWeights);
                !ok)
                return Failure(ok.error());
    }
    if (hooks.ranks) {
        if (config.batch % hooks.ranks->count() != 0)
            return badInput("a batch of " + std::to_string(config.batch) +
                                " spots cannot be shared out evenly to " +
                                std::to_string(hooks.ranks->count()) + " processes",
                            {}, "Set batch to a multiple of the number of processes");
        for (auto state = stateOf(model); auto& tensor : state)
            hooks.ranks->takeFromFirst(tensor);
    }
    const auto run = [&]() -> Result<void> {
        model.network->to(hooks.device);
        Training training(config, model, sections, validation, checkpoint, hooks, cancel);
        if (resume)
            if (auto ok = training.resume(); !ok) return ok;
        return training.toTheEnd();
    };
    if (auto ok = namingLackOfMemory(run, config); !ok) return Failure(ok.error());
    model.network->to(torch::kCPU);
    return model;
}

} // namespace spotglass
