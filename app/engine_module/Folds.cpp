#include "app/engine_module/Folds.h"

#include "app/engine_module/Commands.h"
#include "app/engine_module/RunFolder.h"

#include <algorithm>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using Tensors = std::vector<SectionTensors>;

Result<std::vector<FoldGroup>> patientGroups(Cohort& cohort, int folds) {
    const auto patients = cohort.patients();
    const std::size_t count = folds > 0 ? static_cast<std::size_t>(folds) : patients.size();
    if (patients.size() < 2)
        return badInput("this cohort has one patient only (" + patients.front() +
                            "), so no patient can be held out",
                        cohort.folder.string(),
                        "--by section holds sections out; they resemble each other, and the report says so");
    if (count > patients.size())
        return badInput("this cohort has " + std::to_string(patients.size()) + " patients, too few for " +
                            std::to_string(count) + " folds",
                        cohort.folder.string(), "Ask for fewer folds");
    std::vector<FoldGroup> groups(count);
    for (std::size_t i = 0; i < patients.size(); ++i) {
        auto& group = groups[i % count];
        group.name += (group.name.empty() ? "" : "+") + patients[i];
        for (auto& section : cohort.sections)
            if (section.patient == patients[i]) group.sections.push_back(&section);
    }
    return groups;
}

Json namesOf(const Tensors& sections) {
    Json names = Json::array();
    for (const auto& section : sections)
        names.push_back(section.name);
    return names;
}

/// A name from a cohort's files as a folder's: none that leads elsewhere, nor that of the features.
std::string folderName(std::string name) {
    std::replace(name.begin(), name.end(), '/', '-');
    return name == "features" || name.empty() || name.front() == '.' ? "fold-" + name : name;
}

/// The epoch that the stopping sections choose, found by a training of its own.
Result<int> epochsFor(RunFolder run, const TrainPlan& plan, const Tensors& training,
                      const Tensors& validation, const CancelToken& cancel) {
    if (plan.config.fixedEpochs > 0) return plan.config.fixedEpochs;
    run.folder /= "stopping";
    auto one = plan; // of an ensemble the first member decides for all
    one.config.members = 1;
    one.config.asJson.erase("members");
    one.card.training["settings"].erase("members");
    auto model = trainOrTakeOver(run, one, training, validation, cancel);
    if (!model) return Failure(model.error());
    return model->card.training["epoch"].get<int>();
}

/// On all of `sections` for so many epochs.
Result<LoadedModel> trainOnAll(const RunFolder& run, TrainPlan& plan, int epochs, const Tensors& sections,
                               const CancelToken& cancel) {
    plan.config.fixedEpochs = epochs;
    plan.config.asJson["fixed_epochs"] = epochs;
    plan.card.training["settings"]["fixed_epochs"] = epochs;
    plan.card.training["sections"] = namesOf(sections);
    plan.card.training["set_aside"] = Json::array();
    return trainOrTakeOver(run, plan, sections, {}, cancel);
}

} // namespace

Result<std::vector<FoldGroup>> foldGroups(Cohort& cohort, const std::string& by, int folds, bool samePatient,
                                          EpochChoice choice) {
    std::vector<FoldGroup> groups;
    if (by == "section") {
        if (cohort.patients().size() > 1 && !samePatient)
            return badInput(
                "this cohort has several patients, and held out by section each would be on both "
                "sides: trained on and reported",
                cohort.folder.string(),
                "--by patient holds patients out; --same-patient holds sections out nevertheless");
        for (auto& section : cohort.sections)
            groups.push_back({section.name, {&section}});
    } else {
        auto patients = patientGroups(cohort, folds);
        if (!patients) return patients;
        groups = std::move(*patients);
    }
    const std::size_t least = choice == EpochChoice::Inner ? 3 : 2;
    if (groups.size() < least)
        return badInput(least == 3
                            ? "at least three " + by +
                                  "s are needed: one that is reported, one that decides "
                                  "when to stop, one to train on"
                            : "at least two " + by + "s are needed: one that is reported, one to train on",
                        cohort.folder.string(), "Add sections");
    return groups;
}

SectionSplit foldSplit(const std::vector<FoldGroup>& groups, std::size_t held, EpochChoice choice) {
    const auto stopping = choice == EpochChoice::Inner ? (held + 1) % groups.size() : held;
    SectionSplit split;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (i == held && i != stopping) continue;
        auto& side = i == stopping ? split.validation : split.training;
        side.insert(side.end(), groups[i].sections.begin(), groups[i].sections.end());
    }
    return split;
}

Result<void> runFold(const TrainingConfig& config, Cohort& cohort, const std::vector<FoldGroup>& groups,
                     std::size_t held, const FoldSettings& settings, FoldReport& report,
                     const CancelToken& cancel) {
    const auto& name = groups[held].name;
    const RunFolder run{settings.output / folderName(name), settings.resume, nullptr, settings.device};
    const bool inner = settings.choice == EpochChoice::Inner;
    const auto& stopping = groups[inner ? (held + 1) % groups.size() : held].name;
    const auto split = foldSplit(groups, held, settings.choice);
    auto plan = planTraining(config, cohort, split, name, settings.workspace);
    if (!plan) return Failure(plan.error());
    const auto& features = config.featureCache.empty() ? settings.features : config.featureCache;
    auto training = loadTrainingSections(split.training, *plan, features, cancel),
         reported = loadSections(groups[held].sections, *plan, features, cancel);
    auto validation = inner ? loadTrainingSections(split.validation, *plan, features, cancel) : reported;
    for (const auto* loaded : {&training, &validation, &reported})
        if (!*loaded) return Failure(loaded->error());
    say("Held out: " + name + "; " +
        (config.fixedEpochs > 0 ? "as many epochs as configured" : stopping + " decides when to stop"));
    Result<LoadedModel> model = cancelled();
    if (inner || config.fixedEpochs > 0) {
        const auto epochs = epochsFor(run, *plan, *training, *validation, cancel);
        if (!epochs) return Failure(epochs.error());
        if (inner) training->insert(training->end(), validation->begin(), validation->end());
        model = trainOnAll(run, *plan, *epochs, *training, cancel);
    } else {
        model = trainOrTakeOver(run, *plan, *training, *validation, cancel);
    }
    if (!model) return Failure(model.error());
    const auto floors = fitFloors(*model, *training);
    for (const auto& section : *reported)
        report.add(name, section, *model, floors);
    report.addFold(name, {{"epochs", model->card.training["epoch"]},
                          {"stopped_by", config.fixedEpochs > 0 ? Json() : Json(stopping)},
                          {"genes", plan->panel.genes},
                          {"ridge_penalty", floors.context.penalty()}});
    return {};
}

Result<FoldReport> runFolds(const TrainingConfig& config, Cohort& cohort,
                            const std::vector<FoldGroup>& groups, const FoldSettings& settings,
                            const CancelToken& cancel) {
    std::error_code ec;
    std::filesystem::create_directories(settings.features, ec);
    FoldReport report;
    if (static_cast<std::size_t>(settings.shard) > groups.size())
        say("There are only " + std::to_string(groups.size()) + " folds; nothing is left for this share.");
    for (auto held = static_cast<std::size_t>(settings.shard - 1); held < groups.size();
         held += static_cast<std::size_t>(settings.shards)) {
        if (auto done = runFold(config, cohort, groups, held, settings, report, cancel); !done)
            return Failure(done.error());
        for (const auto& section : report.judged("model").sections) {
            if (section.group != groups[held].name) continue;
            std::string line = section.prediction.section + ": PCC " + threeDecimals(section.pcc);
            for (const auto& [method, label] : {std::pair{"ridge_with_context", "ridge"},
                                                {"position_only", "position only"},
                                                {"shuffled_images", "shuffled images"}})
                for (const auto& other : report.judged(method).sections)
                    if (other.prediction.section == section.prediction.section)
                        line += std::string(", ") + label + " " + threeDecimals(other.pcc);
            say(line);
        }
    }
    return report;
}

} // namespace spotglass
