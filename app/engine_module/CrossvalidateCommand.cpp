#include "app/engine_module/Commands.h"
#include "app/engine_module/TrainPlan.h"
#include "inference/model/FeatureScale.h"
#include "inference/model/SafeTensors.h"
#include "training/cohort/Metrics.h"
#include "training/RidgeBaseline.h"
#include "training/Trainer.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

#include <algorithm>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using Sections = std::vector<Section*>;

std::vector<float> values(const torch::Tensor& tensor) {
    const auto flat = tensor.to(torch::kFloat32).contiguous();
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// What is held out together: a section, a patient, or some patients.
struct Group {
    std::string name;
    Sections sections;
};

Result<std::vector<Group>> groupsOf(Cohort& cohort, const CrossvalidateOptions& options) {
    std::vector<Group> groups;
    if (options.by == "section") {
        for (auto& section : cohort.sections)
            groups.push_back({section.name, {&section}});
    } else {
        const auto patients = cohort.patients();
        const std::size_t count =
            options.folds > 0 ? static_cast<std::size_t>(options.folds) : patients.size();
        if (patients.size() < 2)
            return badInput(
                "this cohort has one patient only (" + patients.front() + "), so no patient can be held out",
                cohort.folder.string(),
                "--by section holds sections out; they resemble each other, and the report says so");
        if (count > patients.size())
            return badInput("this cohort has " + std::to_string(patients.size()) + " patients, too few for " +
                                std::to_string(count) + " folds",
                            cohort.folder.string(), "Ask for fewer folds");
        groups.resize(count);
        for (std::size_t i = 0; i < patients.size(); ++i) {
            auto& group = groups[i % count];
            group.name += (group.name.empty() ? "" : "+") + patients[i];
            for (auto& section : cohort.sections)
                if (section.patient == patients[i]) group.sections.push_back(&section);
        }
    }
    if (groups.size() < 3)
        return badInput("at least three " + options.by +
                            "s are needed: one that is reported, one that decides "
                            "when to stop, one to train on",
                        cohort.folder.string(), "Add sections");
    return groups;
}

/// Judges predictions of the held-out sections in one way.
struct Judged {
    std::vector<SectionPrediction> sections;
    Json perSection = Json::object();
    void add(const SectionTensors& section, const torch::Tensor& predicted) {
        sections.push_back({section.patient,
                            section.name,
                            section.ids.size(),
                            static_cast<std::size_t>(predicted.size(1)),
                            values(section.expression),
                            values(predicted),
                            {},
                            {}});
        perSection[section.name] = {{"pcc", meanGeneCorrelation(predicted, section.expression)},
                                    {"mse", torch::mse_loss(predicted, section.expression).item<double>()}};
    }
    [[nodiscard]] double mean(const char* figure) const {
        double sum = 0;
        for (const auto& [name, figures] : perSection.items())
            sum += figures[figure].get<double>();
        return sum / static_cast<double>(perSection.size());
    }
};

/// The frozen features on the scale on which the model takes them, so that ridge has no worse ones.
SectionTensors asTheModelSees(const LoadedModel& model, SectionTensors section) {
    const auto scale = featureScaleOf(model, section.features);
    section.features = scale.apply(section.features);
    section.neighborFeatures = scale.apply(section.neighborFeatures);
    return section;
}

/// Everything that is told of the folds: the model and what it must be better than.
struct Report {
    Judged model, shuffled, ridge, trainingMean;
    Json folds = Json::object();
    SafeTensorsWriter predictions;

    void add(const SectionTensors& section, LoadedModel& trained, const RidgeBaseline& baseline,
             const torch::Tensor& meanExpression) {
        const auto predicted = predictSection(trained, section);
        model.add(section, predicted);
        auto other = section;
        shuffleImages(other, 1);
        shuffled.add(section, predictSection(trained, other));
        ridge.add(section, baseline.predict(asTheModelSees(trained, section)));
        trainingMean.add(section, meanExpression.expand_as(predicted).contiguous());
        const auto name = section.patient + "." + section.name;
        const std::vector<std::int64_t> shape{predicted.size(0), predicted.size(1)};
        predictions.addFloats(name + ".measured", shape, values(section.expression));
        predictions.addFloats(name + ".predicted", shape, values(predicted));
        const auto pcc = [&](const Judged& judged) {
            return threeDecimals(judged.perSection[section.name]["pcc"].get<double>());
        };
        say(section.name + ": PCC " + pcc(model) + ", ridge " + pcc(ridge) + ", shuffled images " +
            pcc(shuffled));
    }
};

Json summaryOf(const Report& report, const std::string& by, bool samePatient) {
    Json summary{{"held_out", by}, {"folds", report.folds}};
    for (const auto& [name, judged] : {std::pair{"model", &report.model},
                                       {"shuffled_images", &report.shuffled},
                                       {"ridge_with_context", &report.ridge},
                                       {"training_mean", &report.trainingMean}}) {
        auto& j = summary[name];
        j["sections"] = judged->perSection;
        j["mse"] = judged->mean("mse");
        if (judged == &report.trainingMean) continue; // constant: it has no correlation
        j["pcc_all"] = judged->mean("pcc");
    }
    if (samePatient)
        summary["note"] =
            "Held-out sections are of the same patient as those trained on, so these figures say "
            "nothing about another patient.";
    return summary;
}

void sayTable(const Json& summary) {
    const auto line = [&](const char* name, const char* label) {
        const auto& j = summary[name];
        say(std::string(label) + "  PCC ALL " +
            (j.contains("pcc_all") ? threeDecimals(j["pcc_all"].get<double>()) : std::string("-    ")) +
            "  MSE " + threeDecimals(j["mse"].get<double>()));
    };
    for (const auto& [name, figures] : summary["model"]["sections"].items())
        say(name + "  PCC " + threeDecimals(figures["pcc"].get<double>()) + "  MSE " +
            threeDecimals(figures["mse"].get<double>()) + "  (ridge " +
            threeDecimals(summary["ridge_with_context"]["sections"][name]["pcc"].get<double>()) + ")");
    line("model", "Model             ");
    line("ridge_with_context", "Ridge with context");
    line("shuffled_images", "Shuffled images   ");
    line("training_mean", "Training mean     ");
    if (summary.contains("note")) say(summary["note"].get<std::string>());
}

/// Trains on all groups but the held-out one. First one of them decides when to stop; then a model is trained
/// anew on all of them for as many epochs. The held-out group chooses nothing, not even the panel.
class Fold {
  public:
    Fold(const TrainingConfig& config, Cohort& cohort, const CrossvalidateOptions& options,
         const CancelToken& cancel)
        : config_(config), cohort_(cohort), options_(options), cancel_(cancel) {}

    Result<void> run(const std::vector<Group>& groups, std::size_t held, Report& report) {
        const auto folder = options_.output / groups[held].name;
        const auto stopping = (held + 1) % groups.size();
        SectionSplit split;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            auto& side = i == stopping ? split.validation : split.training;
            if (i != held) side.insert(side.end(), groups[i].sections.begin(), groups[i].sections.end());
        }
        auto plan = planTraining(config_, cohort_, split, groups[held].name, options_.workspace);
        if (!plan) return Failure(plan.error());
        auto training = load(split.training, *plan), validation = load(split.validation, *plan),
             reported = load(groups[held].sections, *plan);
        for (const auto* loaded : {&training, &validation, &reported})
            if (!*loaded) return Failure(loaded->error());
        say("Held out: " + groups[held].name + "; " + groups[stopping].name + " decides when to stop");
        auto epochs = epochsFor(*plan, folder, *training, *validation);
        if (!epochs) return Failure(epochs.error());
        auto all = std::move(*training);
        all.insert(all.end(), validation->begin(), validation->end());
        plan->config.fixedEpochs = *epochs;
        plan->card.training["sections"] = namesOf(all);
        plan->card.training["set_aside"] = Json::array();
        auto model = trainInto({folder, false, nullptr}, *plan, all, {}, cancel_);
        if (!model) return Failure(model.error());
        std::vector<SectionTensors> seen;
        for (const auto& section : all)
            seen.push_back(asTheModelSees(*model, section));
        const auto baseline = RidgeBaseline::fit(seen);
        std::vector<torch::Tensor> expression;
        for (const auto& section : all)
            expression.push_back(section.expression);
        const auto mean = torch::cat(expression).mean(0, true);
        for (const auto& section : *reported)
            report.add(section, *model, baseline, mean);
        report.folds[groups[held].name] = {{"epochs", *epochs},
                                           {"stopped_by", groups[stopping].name},
                                           {"genes", plan->panel.genes},
                                           {"ridge_penalty", baseline.penalty()}};
        return {};
    }

  private:
    Result<std::vector<SectionTensors>> load(const Sections& sections, const TrainPlan& plan) {
        const auto cache = config_.featureCache.empty() ? options_.output / "features" : config_.featureCache;
        return loadSections(sections, plan.card, cache, plan.encoder, cancel_);
    }
    static Json namesOf(const std::vector<SectionTensors>& sections) {
        Json names = Json::array();
        for (const auto& section : sections)
            names.push_back(section.name);
        return names;
    }
    Result<int> epochsFor(const TrainPlan& plan, const std::filesystem::path& folder,
                          const std::vector<SectionTensors>& training,
                          const std::vector<SectionTensors>& validation) {
        if (config_.fixedEpochs > 0) return config_.fixedEpochs;
        auto model = trainInto({folder / "stopping", false, nullptr}, plan, training, validation, cancel_);
        if (!model) return Failure(model.error());
        return model->card.training["epoch"].get<int>();
    }

    const TrainingConfig& config_;
    Cohort& cohort_;
    const CrossvalidateOptions& options_;
    const CancelToken& cancel_;
};

} // namespace

Result<void> runCrossvalidate(const CrossvalidateOptions& options) {
    const auto cancel = cancelOnInterrupt();
    keepFreedMemory();
    const auto config = readTrainingConfig(options.config);
    if (!config) return Failure(config.error());
    auto cohort = readCohort(options.cohort);
    if (!cohort) return Failure(cohort.error());
    for (const auto& warning : cohort->warnings)
        say(warning);
    const auto groups = groupsOf(*cohort, options);
    if (!groups) return Failure(groups.error());
    std::error_code ec;
    std::filesystem::create_directories(options.output / "features", ec);
    Report report;
    Fold fold(*config, *cohort, options, cancel);
    for (std::size_t held = 0; held < groups->size(); ++held)
        if (auto done = fold.run(*groups, held, report); !done) return done;
    auto summary = summaryOf(report, options.by, options.by == "section");
    const bool onePanel = std::all_of(report.folds.begin(), report.folds.end(), [&](const Json& f) {
        return f["genes"] == report.folds.begin().value()["genes"];
    });
    if (onePanel) { // the published table pools the sections, which needs the same genes in all
        auto metrics = publishedMetrics(report.model.sections, 50);
        if (!metrics) return Failure(metrics.error());
        summary["metrics"] = toJson(*metrics);
    }
    if (auto ok = report.predictions.write(options.output / "sections.safetensors"); !ok) return ok;
    if (auto ok = writeFileAtomically(options.output / "summary.json", summary.dump(1)); !ok) return ok;
    sayTable(summary);
    if (options.json) printJson(summary);
    return {};
}

} // namespace spotglass
