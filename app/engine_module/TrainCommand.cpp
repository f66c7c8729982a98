#include "app/engine_module/Commands.h"
#include "app/engine_module/TrainPlan.h"
#include "training/Trainer.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kTryDriveAgain{10};

/// How the panel came about, for events.jsonl: method, and the score of each gene in the panel's order.
nlohmann::json panelEvent(const TrainingConfig& config, const GenePanel& panel) {
    nlohmann::json event{{"event", "panel"}, {"genes", panel.genes}};
    event["method"] = config.genes.empty() ? genePanelMethodName(config.panel.method) : "list";
    auto& scores = event["scores"] = nlohmann::json::array();
    for (const double score : panel.scores)
        scores.push_back(std::isfinite(score) ? nlohmann::json(score) : nlohmann::json());
    return event;
}

/// RUN/events.jsonl, one line an event, each flushed so that a watcher sees it at once.
class EventFile {
  public:
    EventFile(std::filesystem::path file, bool goesOn)
        : file_(std::move(file)), out_(file_, goesOn ? std::ios::app : std::ios::trunc) {}
    void write(const Json& event) {
        const auto kind = event.value("event", "");
        if (kind == "resumed") dropFrom(event["epoch"].get<int>());
        out_ << event.dump() << std::endl;
        if (kind == "resumed") say("Going on with epoch " + std::to_string(event["epoch"].get<int>()));
        if (kind == "paused") say("Paused: " + event["reason"].get<std::string>());
        if (kind == "epoch") sayEpoch(event);
    }

  private:
    static void sayEpoch(const Json& event) {
        const bool validated = event.contains("validation");
        say("Epoch " + std::to_string(event["epoch"].get<int>()) + ": loss " +
            threeDecimals(event["training"]["total"].get<double>()) +
            (validated ? ", validation PCC " + threeDecimals(event["validation"]["pcc"].get<double>())
                       : std::string()) +
            (event.value("best", false) ? " (kept), " : ", ") +
            threeDecimals(event["seconds"].get<double>()) + " s");
    }
    /// What a run reported after its checkpoint happens again.
    void dropFrom(int epoch) {
        std::string kept;
        std::ifstream in(file_);
        for (std::string line; std::getline(in, line);) {
            const auto event = Json::parse(line, nullptr, false);
            if (event.is_object() && (event.value("event", "") == "done" || event.value("epoch", 0) >= epoch))
                break;
            kept += line + "\n";
        }
        out_.close();
        if (auto ok = writeFileAtomically(file_, kept); !ok) say(ok.error().sentence());
        out_.open(file_, std::ios::app);
    }
    std::filesystem::path file_;
    std::ofstream out_;
};

/// A cancelled run leaves what it had found best.
void keepBest(const std::filesystem::path& best, const std::filesystem::path& model) {
    std::error_code ec;
    if (std::filesystem::exists(best, ec))
        std::filesystem::copy_file(best, model, std::filesystem::copy_options::overwrite_existing, ec);
    if (!ec && std::filesystem::exists(model, ec))
        say("Cancelled. The best model so far is in " + model.string() + "; --resume goes on.");
}

/// When one of several processes goes, the others' next call to it throws.
Result<LoadedModel> trainTogether(const RunFolder& run, const TrainPlan& plan,
                                  const std::vector<SectionTensors>& training,
                                  const std::vector<SectionTensors>& validation, const CancelToken& cancel) {
    if (run.ranks->alone()) return trainInto(run, plan, training, validation, cancel);
    try {
        return trainInto(run, plan, training, validation, cancel);
    } catch (const std::exception& error) {
        return fail(ErrorKind::Device,
                    "the processes of this training have lost each other (" +
                        std::string(error.what()).substr(0, 120) + ")",
                    {}, "See what the others said; start all of them again with --resume");
    }
}

} // namespace

Result<LoadedModel> trainInto(const RunFolder& run, const TrainPlan& plan,
                              const std::vector<SectionTensors>& training,
                              const std::vector<SectionTensors>& validation, const CancelToken& cancel) {
    const auto checkpoint = run.folder / "checkpoint", best = checkpoint / "best.safetensors";
    const auto state = checkpoint / "state.safetensors";
    const auto* parent = plan.parent ? &*plan.parent : nullptr;
    TrainingHooks hooks;
    hooks.ranks = run.ranks;
    hooks.device = run.device;
    if (run.ranks && !run.ranks->first())
        return train(plan.config, plan.card, training, validation, plan.geneEmbeddings, parent, state,
                     run.resume, hooks, cancel);
    std::error_code ec;
    std::filesystem::create_directories(checkpoint, ec);
    if (auto ok = writeFileAtomically(run.folder / "config.json", plan.config.asJson.dump(1)); !ok)
        return Failure(ok.error());
    EventFile events(run.folder / "events.jsonl", run.resume);
    if (!run.resume) {
        events.write({{"event", "start"},
                      {"genes", plan.panel.genes.size()},
                      {"sections", plan.card.training["sections"]},
                      {"set_aside", plan.card.training["set_aside"]},
                      {"microns_per_pixel", plan.card.micronsPerPixel},
                      {"patch_pixels", plan.card.patchPixels}});
        events.write(panelEvent(plan.config, plan.panel));
    }
    hooks.event = [&](const Json& event) { events.write(event); };
    hooks.best = [&](const LoadedModel& model) { return saveModel(model, best); };
    hooks.waitForDrive = [&](const Error&) {
        say("Trying again in 10 seconds; make room on the drive.");
        const auto until = std::chrono::steady_clock::now() + kTryDriveAgain;
        while (std::chrono::steady_clock::now() < until && !cancel.isCancelled())
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return !cancel.isCancelled();
    };
    auto model = train(plan.config, plan.card, training, validation, plan.geneEmbeddings, parent, state,
                       run.resume, hooks, cancel);
    if (!model) {
        if (model.error().kind == ErrorKind::Cancelled) keepBest(best, run.folder / "model.safetensors");
        return model;
    }
    const auto file = run.folder / "model.safetensors";
    if (auto ok = saveModel(*model, file); !ok) return Failure(ok.error());
    events.write({{"event", "saved"}, {"model", file.filename().string()}});
    return model;
}

Result<void> runTrain(const TrainOptions& options) {
    const auto cancel = cancelOnInterrupt();
    keepFreedMemory();
    const auto ranks = Ranks::join();
    if (!ranks) return Failure(ranks.error());
    if (!ranks->first()) sayNothing();
    auto config = readTrainingConfig(options.config);
    if (!config) return Failure(config.error());
    const auto device = trainingDevice(options.device, &*ranks);
    if (!device) return Failure(device.error());
    std::vector<std::string> names = options.trainSections;
    if (!names.empty())
        names.insert(names.end(), options.validationSections.begin(), options.validationSections.end());
    auto cohort = readCohort(options.cohort, names);
    if (!cohort) return Failure(cohort.error());
    for (const auto& warning : cohort->warnings)
        say(warning);
    auto sections = splitSections(*cohort, options.trainSections, options.validationSections,
                                  config->fixedEpochs > 0, options.samePatient);
    if (!sections) return Failure(sections.error());
    auto plan = planTraining(std::move(*config), *cohort, *sections, options.output.filename().string(),
                             options.workspace);
    if (!plan) return Failure(plan.error());
    const auto& cache = plan->config.featureCache;
    if (!ranks->first()) static_cast<void>(ranks->sum(0)); // the first fills the cache, the others find it
    auto training = loadSections(sections->training, plan->card, cache, plan->encoder, cancel);
    if (!training) return Failure(training.error());
    auto validation = loadSections(sections->validation, plan->card, cache, plan->encoder, cancel);
    if (!validation) return Failure(validation.error());
    if (ranks->first()) static_cast<void>(ranks->sum(0));
    const auto model = trainTogether({options.output, options.resume, &*ranks, *device}, *plan, *training,
                                     *validation, cancel);
    if (!model) return Failure(model.error());
    say("The model is in " + (options.output / "model.safetensors").string());
    return {};
}

} // namespace spotglass
