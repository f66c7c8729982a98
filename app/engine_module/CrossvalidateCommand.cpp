#include "app/engine_module/Commands.h"
#include "app/engine_module/Folds.h"
#include "training/experiment/ExperimentGrid.h"
#include "training/experiment/ExperimentTable.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

namespace spotglass {
namespace {

/// As they are called in a table.
std::string labelOf(const std::string& method) {
    if (method == "model") return "Model";
    if (method == "ridge_with_context") return "Ridge with context";
    if (method == "position_only") return "Position only";
    if (method == "shuffled_images") return "Shuffled images";
    return "Training mean";
}

Result<std::vector<ExperimentTableRow>> tableOf(const FoldReport& report) {
    std::vector<ExperimentTableRow> rows;
    for (const auto& method : FoldReport::methods()) {
        auto metrics = report.metrics(method);
        if (!metrics) return Failure(metrics.error());
        rows.push_back({labelOf(method), std::move(*metrics)});
    }
    return rows;
}

void sayNotes(const nlohmann::json& summary, const std::string& by) {
    say("Mean ± deviation over the held-out " + by + "s, over " +
        std::to_string(summary["genes_in_all_folds"].get<int>()) + " genes that all panels have.");
    for (const auto& note : summary["notes"])
        say(note.get<std::string>());
}

/// The cohort and its folds, alike for both commands.
struct Folds {
    Cohort cohort;
    std::vector<FoldGroup> groups;
    FoldSettings settings;
};

Result<Folds> readFolds(const CrossvalidateOptions& options) {
    Folds folds;
    auto cohort = readCohort(options.cohort);
    if (!cohort) return Failure(cohort.error());
    folds.cohort = std::move(*cohort);
    for (const auto& warning : folds.cohort.warnings)
        say(warning);
    const auto choice = options.epochBy == "reported" ? EpochChoice::Reported : EpochChoice::Inner;
    auto groups = foldGroups(folds.cohort, options.by, options.folds, options.samePatient, choice);
    if (!groups) return Failure(groups.error());
    folds.groups = std::move(*groups);
    const auto device = trainingDevice(options.device, nullptr);
    if (!device) return Failure(device.error());
    folds.settings = {options.output,    options.output / "features",
                      options.workspace, choice,
                      options.resume,    options.shard,
                      options.shards,    *device};
    return folds;
}

/// What a process says that has trained some of the folds.
Result<void> sayShare(const CrossvalidateOptions& options) {
    say("The folds of share " + std::to_string(options.shard) + " of " + std::to_string(options.shards) +
        " are trained. When all shares are, the same command with --resume and without --shard reports "
        "them.");
    return {};
}

/// Whether a row can be trained at all, before hours go into those above it.
Result<void> checkRow(const ExperimentRow& row, const Folds& folds) {
    const auto plan =
        planTraining(row.config, folds.cohort, foldSplit(folds.groups, 0, folds.settings.choice), row.name,
                     folds.settings.workspace);
    if (plan) return {};
    auto error = plan.error();
    error.what = "row " + row.name + ": " + error.what;
    return Failure(error);
}

} // namespace

Result<void> runCrossvalidate(const CrossvalidateOptions& options) {
    const auto cancel = cancelOnInterrupt();
    keepFreedMemory();
    const auto config = readTrainingConfig(options.config);
    if (!config) return Failure(config.error());
    auto folds = readFolds(options);
    if (!folds) return Failure(folds.error());
    const auto report = runFolds(*config, folds->cohort, folds->groups, folds->settings, cancel);
    if (!report) return Failure(report.error());
    if (options.shards > 1) return sayShare(options);
    const auto summary = report->summary(options.by, folds->settings.choice);
    if (!summary) return Failure(summary.error());
    const auto table = tableOf(*report);
    if (!table) return Failure(table.error());
    if (auto ok = report->writePredictions(options.output / "sections.safetensors"); !ok) return ok;
    if (auto ok = writeFileAtomically(options.output / "table.csv", tableCsv(*table)); !ok) return ok;
    if (auto ok = writeFileAtomically(options.output / "summary.json", summary->dump(1)); !ok) return ok;
    for (const auto& line : tableLines(*table))
        say(line);
    sayNotes(*summary, options.by);
    if (options.json) printJson(*summary);
    return {};
}

Result<void> runExperiment(const ExperimentOptions& options) {
    const auto cancel = cancelOnInterrupt();
    keepFreedMemory();
    const auto rows = readExperimentGrid(options.config);
    if (!rows) return Failure(rows.error());
    auto folds = readFolds(options);
    if (!folds) return Failure(folds.error());
    for (const auto& row : *rows)
        if (auto ok = checkRow(row, *folds); !ok) return ok;
    nlohmann::json document{{"held_out", options.by}, {"rows", nlohmann::json::array()}};
    std::vector<ExperimentTableRow> models, floors;
    for (const auto& row : *rows) {
        say("Row " + row.name);
        auto settings = folds->settings;
        settings.output /= row.folder;
        const auto report = runFolds(row.config, folds->cohort, folds->groups, settings, cancel);
        if (!report) return Failure(report.error());
        if (options.shards > 1) continue;
        auto summary = report->summary(options.by, settings.choice);
        if (!summary) return Failure(summary.error());
        auto table = tableOf(*report);
        if (!table) return Failure(table.error());
        auto& model = table->front();
        model.name = row.name;
        models.push_back(std::move(model));
        if (floors.empty()) // they follow from the features and the panel, which rows mostly share
            floors.assign(std::make_move_iterator(table->begin() + 1), std::make_move_iterator(table->end()));
        if (auto ok = report->writePredictions(settings.output / "sections.safetensors"); !ok) return ok;
        document["rows"].push_back({{"name", row.name}, {"changes", row.changes}, {"summary", *summary}});
        // After every row: what is known is not lost when a later row fails.
        auto all = models;
        all.insert(all.end(), floors.begin(), floors.end());
        if (auto ok = writeFileAtomically(options.output / "experiment.json", document.dump(1)); !ok)
            return ok;
        if (auto ok = writeFileAtomically(options.output / "table.csv", tableCsv(all)); !ok) return ok;
    }
    if (options.shards > 1) return sayShare(options);
    models.insert(models.end(), floors.begin(), floors.end());
    for (const auto& line : tableLines(models))
        say(line);
    sayNotes(document["rows"].front()["summary"], options.by);
    say("The last four rows are the floors of the first row: its features and panel.");
    if (options.json) printJson(document);
    return {};
}

} // namespace spotglass
