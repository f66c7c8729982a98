#include "app/engine_module/Commands.h"
#include "app/engine_module/RunFolder.h"
#include "app/engine_module/TrainEstimate.h"
#include "app/engine_module/TrainReport.h"
#include "viewer/base/FileLock.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

#include <chrono>
#include <thread>

namespace spotglass {
namespace {

constexpr std::chrono::milliseconds kLookAgain{50};

/// A run of several hours must not fail in its last second.
Result<void> checkReport(const SectionSplit& split, const Ranks& ranks) {
    if (split.reported.empty() || ranks.alone()) return {};
    return fail(ErrorKind::Usage, "several processes cannot judge the model at the end", {},
                "Leave out the sections to report, and judge the model with spotglass-cli evaluate");
}

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
        auto read = loadSections(*sections, plan.card, plan.config.featureCache, *plan.encoder, cancel);
        if (!read) return Failure(read.error());
        *tensors = std::move(*read);
    }
    if (ranks.first()) static_cast<void>(ranks.sum(0));
    return loaded;
}

} // namespace

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
    const auto names = sectionNames({options.trainSections, options.validationSections,
                                     options.reportSections, false, options.samePatient},
                                    *config);
    auto cohort = readNamedCohort(options.cohort.empty() ? config->cohort : options.cohort, names);
    if (!cohort) return Failure(cohort.error());
    auto split = splitSections(*cohort, names);
    if (!split) return Failure(split.error());
    if (auto ok = checkReport(*split, *ranks); !ok) return ok;
    auto plan = planTraining(std::move(*config), *cohort, *split, options.output.filename().string(),
                             options.workspace);
    if (!plan) return Failure(plan.error());
    const auto start = std::chrono::steady_clock::now();
    const auto loaded = loadAll(*split, *plan, *ranks, cancel);
    if (!loaded) return Failure(loaded.error());
    if (options.estimate)
        return estimateTraining(*plan, loaded->training, loaded->validation, *device, options,
                                std::chrono::steady_clock::now() - start, cancel);
    RunFolder run{options.output, options.resume, &*ranks, *device, giveWayTo(options.giveWay, cancel), {}};
    if (!loaded->reported.empty())
        run.report = [&](LoadedModel& model) {
            return reportInto(options.output, *plan, model, loaded->training, loaded->reported);
        };
    const auto model = trainTogether(run, *plan, loaded->training, loaded->validation, cancel);
    if (!model) return Failure(model.error());
    say("The model is in " + (options.output / "model.safetensors").string());
    return {};
}

} // namespace spotglass
