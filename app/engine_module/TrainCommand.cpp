#include "app/engine_module/Commands.h"
#include "app/engine_module/RunFolder.h"
#include "viewer/base/Process.h"

namespace spotglass {
namespace {

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
    auto training = loadSections(sections->training, plan->card, cache, *plan->encoder, cancel);
    if (!training) return Failure(training.error());
    auto validation = loadSections(sections->validation, plan->card, cache, *plan->encoder, cancel);
    if (!validation) return Failure(validation.error());
    if (ranks->first()) static_cast<void>(ranks->sum(0));
    const auto model = trainTogether({options.output, options.resume, &*ranks, *device}, *plan, *training,
                                     *validation, cancel);
    if (!model) return Failure(model.error());
    say("The model is in " + (options.output / "model.safetensors").string());
    return {};
}

} // namespace spotglass
