#include "app/engine_module/Commands.h"
#include "inference/engine/ModelNetworks.h"
#include "inference/model/SafeTensors.h"
#include "training/cohort/GeneMetrics.h"
#include "training/cohort/SyntheticCohort.h"
#include "training/SpotDataset.h"
#include "training/Trainer.h"
#include "viewer/base/Files.h"

#include <cmath>
#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

std::vector<float> values(const torch::Tensor& tensor) {
    const auto flat = tensor.to(torch::kFloat32).contiguous();
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// Sections that the model was trained on, or that decided when to stop: their figures say little.
std::set<std::string> seenSections(const ModelCard& card) {
    std::set<std::string> seen;
    for (const char* key : {"sections", "set_aside"})
        if (card.training.is_object() && card.training.contains(key) && card.training[key].is_array())
            for (const auto& name : card.training[key])
                if (name.is_string()) seen.insert(name.get<std::string>());
    return seen;
}

/// The published figures, and of each gene how well it is predicted.
void addFigures(Json& report, const GeneMetricsReport& metrics) {
    report["metrics"] = toJson(metrics.published);
    report.update(toJson(metrics));
    report["pcc"] = Json::object();
    for (const auto& gene : metrics.genes)
        report["pcc"][gene.gene] = std::isfinite(gene.pcc) ? Json(gene.pcc) : Json();
}

void sayTable(const Json& report) {
    for (const auto& [name, figures] : report["sections"].items())
        say(name + "  PCC " + threeDecimals(figures["pcc"].get<double>()) + "  MSE " +
            threeDecimals(figures["mse"].get<double>()));
    const auto& m = report["metrics"];
    const auto figure = [&](const char* key) {
        return m[key]["mean"].is_number() ? threeDecimals(m[key]["mean"].get<double>()) : std::string("-");
    };
    say("MAE " + figure("mae") + "  MSE " + figure("mse") + "  PCC ALL " + figure("pcc_all") + "  HPG " +
        figure("pcc_hpg") + "  HEG " + figure("pcc_heg") + "  HVG " + figure("pcc_hvg"));
    const auto& all = report["intervals"]["pcc_all"];
    if (all["low"].is_number())
        say("PCC ALL lies between " + threeDecimals(all["low"].get<double>()) + " and " +
            threeDecimals(all["high"].get<double>()) +
            " with 95 % confidence (over the spots of these sections, not over patients)");
}

} // namespace

Result<void> runEvaluate(const EvaluateOptions& options) {
    if (!options.csv.empty())
        if (auto ok = checkWritable(options.csv); !ok) return ok;
    EngineSettings settings;
    settings.workspace = options.workspace;
    auto networks = readNetworks(options.model, settings);
    if (!networks) return Failure(networks.error());
    for (const auto& sentence : networks->encoder.notes)
        say(sentence);
    auto cohort = readCohort(options.cohort, options.sections);
    if (!cohort) return Failure(cohort.error());
    const auto& card = networks->model.card;
    const auto seen = seenSections(card);
    std::vector<SectionPrediction> predictions;
    Json report{{"model", options.model.string()},
                {"shuffled_images", options.shuffleImages},
                {"sections", Json::object()}};
    for (auto& section : cohort->sections) {
        auto data = loadSection(section, card.genes,
                                {card.patchPixels, card.micronsPerPixel, card.config.regionRows,
                                 card.config.regionColumns, options.featureCache},
                                networks->encoder, {});
        if (!data) return Failure(data.error());
        for (const auto& warning : section.warnings)
            say(warning);
        if (seen.contains(section.name))
            say(section.name +
                ": a section of this name was used in the training of this model; its figures are no test.");
        if (options.shuffleImages) shuffleImages(*data, 1);
        const auto predicted = predictSection(networks->model, *data);
        predictions.push_back({section.patient, section.name, data->ids.size(), card.genes.size(),
                               values(data->expression), values(predicted), arrayPlaces(section.spots),
                               section.array.geometry});
        report["sections"][section.name] = {
            {"pcc", meanGeneCorrelation(predicted, data->expression)},
            {"mse", torch::mse_loss(predicted, data->expression).item<double>()},
            {"spots", data->ids.size()},
            {"seen_in_training", seen.contains(section.name)}};
    }
    auto metrics = geneMetrics(predictions, card.genes);
    if (!metrics) return Failure(metrics.error());
    for (const auto& warning : metrics->warnings)
        say(warning);
    addFigures(report, *metrics);
    if (!options.csv.empty())
        if (auto ok = writeFileAtomically(options.csv, toCsv(*metrics)); !ok) return ok;
    if (options.json)
        printJson(report);
    else
        sayTable(report);
    return {};
}

Result<void> runMetrics(const MetricsOptions& options) {
    const auto path = options.folder / "sections.safetensors";
    auto file = SafeTensors::read(path);
    if (!file) return Failure(file.error());
    std::size_t topK = 50;
    if (std::filesystem::exists(options.folder / "expected.json")) {
        auto text = readFile(options.folder / "expected.json");
        if (!text) return Failure(text.error());
        const Json expected = Json::parse(*text, nullptr, false);
        if (!expected.is_object())
            return badInput("this is not valid JSON", (options.folder / "expected.json").string());
        topK = expected.value("top_k", topK);
    }
    std::vector<SectionPrediction> sections;
    for (const auto& [name, entry] : file->entries()) {
        if (!name.ends_with(".measured")) continue;
        const std::string stem = name.substr(0, name.size() - std::string(".measured").size());
        const auto dot = stem.find('.');
        auto measured = file->floats(name), predicted = file->floats(stem + ".predicted");
        if (dot == std::string::npos || entry.shape.size() != 2)
            return badInput("tensor " + name +
                                " should be named PATIENT.SECTION.measured and hold spots x genes",
                            path.string());
        if (!measured) return Failure(measured.error());
        if (!predicted) return badInput("there is no " + stem + ".predicted beside " + name, path.string());
        if (predicted->size() != measured->size())
            return badInput("measured and predicted values of " + stem + " have different shapes",
                            path.string());
        sections.push_back(
            {stem.substr(0, dot), stem.substr(dot + 1), static_cast<std::size_t>(entry.shape[0]),
             static_cast<std::size_t>(entry.shape[1]), std::move(*measured), std::move(*predicted)});
    }
    auto metrics = publishedMetrics(sections, topK);
    if (!metrics) return Failure(metrics.error());
    auto document = toJson(*metrics);
    document["top_k"] = topK;
    if (options.json)
        printJson(document);
    else
        say(document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
    return {};
}

Result<void> runSynth(const SynthOptions& options) {
    return writeSyntheticCohort(
        {options.output, options.sections, options.pixels, options.seed}, {},
        [](int done, int all) { say("Section " + std::to_string(done) + " of " + std::to_string(all)); });
}

} // namespace spotglass
