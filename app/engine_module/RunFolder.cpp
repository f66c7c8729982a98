#include "app/engine_module/RunFolder.h"

#include "app/engine_module/Commands.h"
#include "app/engine_module/EventFile.h"
#include "app/engine_module/Guarded.h"
#include "app/engine_module/SpotTable.h"
#include "inference/model/DkanEnsemble.h"
#include "inference/store/Sha256.h"
#include "training/Trainer.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using Tensors = std::vector<SectionTensors>;

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

/// A cancelled run leaves what it had found best.
void keepBest(const std::filesystem::path& best, const std::filesystem::path& model) {
    std::error_code ec;
    if (std::filesystem::exists(best, ec))
        std::filesystem::copy_file(best, model, std::filesystem::copy_options::overwrite_existing, ec);
    if (!ec && std::filesystem::exists(model, ec))
        say("Cancelled. The best model so far is in " + model.string() + "; --resume goes on.");
}

/// Whether a run in this folder has come to its end: its last event says that the model is saved.
bool isFinished(const std::filesystem::path& folder) {
    std::ifstream events(folder / "events.jsonl");
    std::string last;
    for (std::string line; std::getline(events, line);)
        last = std::move(line);
    const auto event = Json::parse(last, nullptr, false);
    return event.is_object() && event.value("event", "") == "saved";
}

/// The model of a finished run, when that was the very run that is wanted.
Result<LoadedModel> finishedModel(const std::filesystem::path& folder, const TrainPlan& plan) {
    auto model = loadModel(folder / "model.safetensors");
    if (!model) return model;
    const auto differs = [&](const char* what) {
        return model->card.training.value(what, Json()) != plan.card.training.value(what, Json());
    };
    if (differs("settings") || differs("sections") || differs("ancestry") ||
        model->card.genes != plan.card.genes)
        return badInput("this folder holds a model of other settings, genes or sections", folder.string(),
                        "Choose another output folder, or leave out --resume");
    return model;
}

/// The validation section of which a run keeps what it predicts after every epoch; null without one.
const SectionTensors* mappedSection(const Tensors& validation) {
    return validation.empty() || validation.front().places.size() != validation.front().ids.size()
               ? nullptr
               : &validation.front();
}

/// What a run is, for who follows it.
void writeStart(EventFile& events, const TrainPlan& plan, const Tensors& validation) {
    const auto* mapped = mappedSection(validation);
    events.write(
        {{"event", "start"},
         {"map", mapped ? Json(mapped->name) : Json()},
         {"epochs", plan.config.fixedEpochs > 0 ? plan.config.fixedEpochs : plan.config.maximumEpochs},
         {"genes", plan.panel.genes.size()},
         {"sections", plan.card.training["sections"]},
         {"set_aside", plan.card.training["set_aside"]},
         {"members", plan.config.members},
         {"microns_per_pixel", plan.card.micronsPerPixel},
         {"patch_pixels", plan.card.patchPixels}});
    events.write(panelEvent(plan.config, plan.panel));
}

/// Waits a while for room on the drive; false when the run is cancelled meanwhile.
bool waitForDrive(const CancelToken& cancel) {
    say("Trying again in 10 seconds; make room on the drive.");
    const auto until = std::chrono::steady_clock::now() + kTryDriveAgain;
    while (std::chrono::steady_clock::now() < until && !cancel.isCancelled())
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return !cancel.isCancelled();
}

/// Does it, again and again while the drive refuses.
Result<void> onDrive(const CancelToken& cancel, EventFile& events,
                     const std::function<Result<void>()>& work) {
    for (;;) {
        auto done = guarded(work);
        if (done || done.error().kind != ErrorKind::Device || done.error().where.empty()) return done;
        events.write({{"event", "paused"}, {"reason", done.error().sentence()}});
        if (!waitForDrive(cancel)) return done;
    }
}

/// The model first: a report that fails, for want of memory say, must not take it away. A report that does
/// not fail is in the card of the model that stays.
Result<LoadedModel> saved(Result<LoadedModel> model, const RunFolder& run, EventFile& events,
                          const CancelToken& cancel) {
    const auto file = run.folder / "model.safetensors";
    const auto save = [&] { return saveModel(*model, file); };
    if (auto ok = onDrive(cancel, events, save); !ok) return Failure(ok.error());
    if (run.report) {
        Json event;
        auto reported = onDrive(cancel, events, [&]() -> Result<void> {
            auto told = run.report(*model);
            if (!told) return Failure(told.error());
            event = std::move(*told);
            return save();
        });
        if (!reported) {
            say("The model is saved, but could not be judged: " + reported.error().sentence());
            event = {{"problem", reported.error().sentence()}};
        }
        event["event"] = "reported";
        events.write(event);
    }
    // With the hash, so that whoever takes the model over from a cluster's drive sees whether it is this one.
    const auto hash = sha256OfFile(file);
    if (!hash) return Failure(hash.error());
    events.write({{"event", "saved"}, {"model", file.filename().string()}, {"sha256", *hash}});
    return model;
}

/// So that the window can draw it; a drive that is full must not end a run for that.
std::function<void(int, const std::vector<torch::Tensor>&)>
mapWriter(const RunFolder& run, const TrainPlan& plan, const Tensors& validation) {
    const auto* section = mappedSection(validation);
    if (!section) return {};
    const auto write = [folder = run.folder, genes = plan.panel.genes, section](const char* what,
                                                                                const torch::Tensor& values) {
        const auto done =
            writeSpotTable(mapFile(folder, section->name, what), genes, spotRows(*section, values));
        if (!done) say(done.error().sentence());
    };
    write("measured", section->expression);
    return
        [write](int, const std::vector<torch::Tensor>& predicted) { write("predicted", predicted.front()); };
}

Result<LoadedModel> trainOne(const RunFolder& run, const TrainPlan& plan,
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
    if (!run.resume) writeStart(events, plan, validation);
    hooks.event = [&](const Json& event) { events.write(event); };
    hooks.validated = mapWriter(run, plan, validation);
    hooks.giveWay = run.giveWay;
    hooks.best = [&](const LoadedModel& model) { return saveModel(model, best); };
    hooks.waitForDrive = [&](const Error&) { return waitForDrive(cancel); };
    auto model = train(plan.config, plan.card, training, validation, plan.geneEmbeddings, parent, state,
                       run.resume, hooks, cancel);
    if (!model) {
        if (model.error().kind == ErrorKind::Cancelled) keepBest(best, run.folder / "model.safetensors");
        return model;
    }
    return saved(std::move(model), run, events, cancel);
}

/// The plan of one member of an ensemble: the same with a seed of its own.
TrainPlan memberPlan(const TrainPlan& plan, int member) {
    auto own = plan;
    own.config.members = 1;
    own.config.seed += static_cast<std::uint64_t>(member);
    for (auto* settings : {&own.config.asJson, &own.card.training["settings"]}) {
        settings->erase("members");
        (*settings)["seed"] = own.config.seed;
    }
    return own;
}

/// Each member in a folder of its own, then their ensemble.
Result<LoadedModel> trainMembers(const RunFolder& run, const TrainPlan& plan, const Tensors& training,
                                 const Tensors& validation, const CancelToken& cancel) {
    if (run.ranks && !run.ranks->alone())
        return fail(
            ErrorKind::Usage, "several processes cannot train an ensemble together", {},
            "Train its members one after the other with members 1 and another seed, and join them with "
            "spotglass-cli model join");
    std::error_code ec;
    std::filesystem::create_directories(run.folder, ec);
    if (auto ok = writeFileAtomically(run.folder / "config.json", plan.config.asJson.dump(1)); !ok)
        return Failure(ok.error());
    EventFile events(run.folder / "events.jsonl", false);
    writeStart(events, plan, validation);
    std::vector<LoadedModel> members;
    Json records = Json::array();
    for (int m = 0; m < plan.config.members; ++m) {
        const auto name = "member-" + std::to_string(m + 1);
        say("Member " + std::to_string(m + 1) + " of " + std::to_string(plan.config.members));
        auto member = trainOrTakeOver({run.folder / name, run.resume, run.ranks, run.device, run.giveWay, {}},
                                      memberPlan(plan, m), training, validation, cancel);
        if (!member) return member;
        const auto& record = member->card.training;
        records.push_back(
            {{"epoch", record.value("epoch", Json())}, {"validation", record.value("validation", Json())}});
        members.push_back(std::move(*member));
    }
    auto joined = joinedModel(std::move(members));
    if (!joined) return joined;
    joined->card.training["settings"] = plan.card.training["settings"];
    joined->card.training["members"] = std::move(records);
    return saved(std::move(joined), run, events, cancel);
}

} // namespace

std::filesystem::path mapFile(const std::filesystem::path& run, const std::string& section,
                              const std::string& what) {
    auto name = section;
    std::replace(name.begin(), name.end(), '/', '-');
    return run / "maps" / (name + "." + what + ".csv");
}

Result<LoadedModel> trainInto(const RunFolder& run, const TrainPlan& plan, const Tensors& training,
                              const Tensors& validation, const CancelToken& cancel) {
    return plan.config.members > 1 ? trainMembers(run, plan, training, validation, cancel)
                                   : trainOne(run, plan, training, validation, cancel);
}

Result<LoadedModel> trainOrTakeOver(RunFolder run, const TrainPlan& plan, const Tensors& training,
                                    const Tensors& validation, const CancelToken& cancel) {
    if (run.resume && isFinished(run.folder)) return finishedModel(run.folder, plan);
    std::error_code ec;
    if (plan.config.members == 1) // else its members see to it
        run.resume = run.resume && std::filesystem::exists(run.folder / "checkpoint/state.safetensors", ec);
    return trainInto(run, plan, training, validation, cancel);
}

} // namespace spotglass
