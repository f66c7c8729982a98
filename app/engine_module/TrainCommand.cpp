#include "app/engine_module/Commands.h"
#include "app/engine_module/Guarded.h"
#include "app/engine_module/RunFolder.h"
#include "app/engine_module/TrainEstimate.h"
#include "app/engine_module/TrainReport.h"
#include "viewer/base/FileLock.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

namespace spotglass {
namespace {

constexpr std::chrono::milliseconds kLookAgain{50};

/// Waits between steps while another program has the file: the window, which predicts.
std::function<void()> giveWayTo(const std::filesystem::path& file, const CancelToken& cancel) {
    if (file.empty()) return {};
    auto lock = std::make_shared<FileLock>(file);
    return [lock, cancel] {
        while (!lock->tryExclusive() && !cancel.isCancelled())
            std::this_thread::sleep_for(kLookAgain);
        lock->release();
    };
}

/// For whoever follows the run: how it ended, where that was not with a model.
void tellEnd(const std::filesystem::path& run, const Error& error) {
    std::error_code ec;
    if (!std::filesystem::is_directory(run, ec)) return;
    const bool wasAsked = error.kind == ErrorKind::Cancelled;
    const nlohmann::json event{{"event", wasAsked ? "cancelled" : "failed"}, {"sentence", error.sentence()}};
    std::ofstream(run / "events.jsonl", std::ios::app)
        << event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
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

/// What is read of the cohort for a run.
struct Loaded {
    std::vector<SectionTensors> training, validation, reported;
};

Result<Loaded> loadAll(const SectionSplit& split, const TrainPlan& plan, const Ranks& ranks,
                       const CancelToken& cancel) {
    Loaded loaded;
    if (!ranks.first()) static_cast<void>(ranks.sum(0)); // the first fills the cache, the others find it
    for (const auto& [sections, tensors] : {std::pair{&split.training, &loaded.training},
                                            {&split.validation, &loaded.validation},
                                            {&split.reported, &loaded.reported}}) {
        if (tensors == &loaded.reported && !ranks.first()) continue; // the first judges alone
        const auto load = tensors == &loaded.training ? loadTrainingSections : loadSections;
        auto read = load(*sections, plan, plan.config.featureCache, cancel);
        if (!read) return Failure(read.error());
        *tensors = std::move(*read);
    }
    if (ranks.first()) static_cast<void>(ranks.sum(0));
    return loaded;
}

Result<void> trainAs(const TrainOptions& options, const Ranks& ranks, const CancelToken& cancel) {
    auto config = readTrainingConfig(options.config);
    if (!config) return Failure(config.error());
    const auto device = trainingDevice(options.device, &ranks);
    if (!device) return Failure(device.error());
    const auto names = sectionNames({options.trainSections, options.validationSections,
                                     options.reportSections, false, options.samePatient},
                                    *config);
    auto cohort = readNamedCohort(options.cohort.empty() ? config->cohort : options.cohort, names);
    if (!cohort) return Failure(cohort.error());
    auto split = splitSections(*cohort, names);
    if (!split) return Failure(split.error());
    auto plan = planTraining(std::move(*config), *cohort, *split, options.output.filename().string(),
                             options.workspace);
    if (!plan) return Failure(plan.error());
    const auto start = std::chrono::steady_clock::now();
    const auto loaded = loadAll(*split, *plan, ranks, cancel);
    if (!loaded) return Failure(loaded.error());
    if (options.estimate)
        return estimateTraining(*plan, loaded->training, loaded->validation, *device, options,
                                std::chrono::steady_clock::now() - start, cancel);
    RunFolder run{options.output, options.resume, &ranks, *device, giveWayTo(options.giveWay, cancel), {}};
    if (!loaded->reported.empty())
        run.report = [&](LoadedModel& model) {
            return reportInto(options.output, *plan, model, loaded->training, loaded->reported);
        };
    const auto model = trainTogether(run, *plan, loaded->training, loaded->validation, cancel);
    if (!model) return Failure(model.error());
    say("The model is in " + (options.output / "model.safetensors").string());
    return {};
}

} // namespace

Result<void> runTrain(const TrainOptions& options) {
    const auto cancel = cancelOnInterrupt();
    keepFreedMemory();
    const auto ranks = Ranks::join();
    if (!ranks) return Failure(ranks.error());
    if (!ranks->first()) sayNothing();
    // Two programs in one folder would write over each other's state.
    std::optional<FileLock> own;
    if (!options.estimate && ranks->first()) own.emplace(options.output / "lock");
    if (own && !own->tryExclusive())
        return fail(ErrorKind::Device, "another program is training in this folder", options.output.string(),
                    "Wait for it, or end it first");
    auto done = guarded([&] { return trainAs(options, *ranks, cancel); }); // what is thrown is told, too
    if (!done && ranks->first() && !options.estimate) tellEnd(options.output, done.error());
    return done;
}

} // namespace spotglass
