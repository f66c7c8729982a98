#include "app/engine_module/Commands.h"
#include "inference/knowledge/BuiltInTextEncoder.h"
#include "inference/knowledge/GeneTexts.h"
#include "training/cohort/Expression.h"
#include "training/Trainer.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

namespace spotglass {
namespace {

struct Split {
    std::vector<Section*> training, validation;
};

/// Which sections train and which stop the training. Without names, the last patient's sections are set
/// aside, or the last section where there is one patient only.
Result<Split> split(Cohort& cohort, const TrainOptions& options, const TrainingConfig& config) {
    const std::set<std::string> validation(options.validationSections.begin(),
                                           options.validationSections.end());
    const std::set<std::string> training(options.trainSections.begin(), options.trainSections.end());
    Split result;
    for (auto& section : cohort.sections) {
        if (training.contains(section.name) && validation.contains(section.name))
            return fail(ErrorKind::Usage, "section " + section.name + " is both trained on and set aside");
        if (validation.contains(section.name))
            result.validation.push_back(&section);
        else if (training.empty() || training.contains(section.name))
            result.training.push_back(&section);
    }
    if (config.fixedEpochs > 0 && validation.empty()) return result;
    if (config.fixedEpochs > 0)
        return fail(ErrorKind::Usage, "fixed_epochs trains on all sections; leave out --validation-sections");
    if (result.validation.empty()) {
        const auto patients = cohort.patients();
        const std::string last = result.training.empty() ? std::string() : result.training.back()->patient;
        const bool several = std::any_of(result.training.begin(), result.training.end(),
                                         [&](const Section* s) { return s->patient != last; });
        std::vector<Section*> kept;
        for (auto* section : result.training)
            (several ? section->patient == last : section == result.training.back())
                ? result.validation.push_back(section)
                : kept.push_back(section);
        result.training = kept;
    }
    if (result.training.empty())
        return badInput("this cohort leaves no section to train on once one is set aside",
                        cohort.folder.string(), "Add sections, or give fixed_epochs in the configuration");
    return result;
}

/// The list of the configuration, or a panel chosen on the training sections alone.
Result<GenePanel> choosePanel(const TrainingConfig& config, const Cohort& cohort, const Split& sections,
                              const TrainOptions& options) {
    const std::vector<const Section*> training(sections.training.begin(), sections.training.end()),
        validation(sections.validation.begin(), sections.validation.end());
    if (!config.genes.empty()) {
        auto all = training;
        all.insert(all.end(), validation.begin(), validation.end());
        if (auto ok = checkListedPanel(config.genes, all); !ok)
            return badInput(ok.error().what,
                            ok.error().where.empty() ? options.config.string() : ok.error().where,
                            ok.error().hint);
        return GenePanel{config.genes, {}, {}};
    }
    auto wanted = config.panel;
    wanted.geometry = cohort.array.geometry;
    auto chosen = chooseGenePanel(training, wanted, validation);
    if (chosen)
        for (const auto& warning : chosen->warnings)
            say(warning);
    return chosen;
}

/// How the panel came about, for events.jsonl: method, and the score of each gene in the panel's order.
nlohmann::json panelEvent(const TrainingConfig& config, const GenePanel& panel) {
    nlohmann::json event{{"event", "panel"}, {"genes", panel.genes}};
    event["method"] = config.genes.empty() ? genePanelMethodName(config.panel.method) : "list";
    auto& scores = event["scores"] = nlohmann::json::array();
    for (const double score : panel.scores)
        scores.push_back(std::isfinite(score) ? nlohmann::json(score) : nlohmann::json());
    return event;
}

ModelCard makeCard(const TrainingConfig& config, const Cohort& cohort, const Split& sections,
                   const std::vector<std::string>& panel, const TrainOptions& options) {
    ModelCard card;
    card.config = config.model;
    card.config.genes = static_cast<int>(panel.size());
    card.genes = panel;
    card.ensemblIds.assign(panel.size(), "");
    card.unit = expressionUnit;
    card.name = config.name.empty() ? options.output.filename().string() : config.name;
    card.patchPixels = config.patchPixels;
    card.spotPitchMicrons = cohort.array.pitchMicrons;
    card.arrayGeometry = cohort.array.geometry == ArrayGeometry::Hexagonal ? "hexagonal" : "square";
    card.micronsPerPixel =
        config.micronsPerPixel > 0 ? config.micronsPerPixel : card.spotPitchMicrons / config.patchPixels;
    double width = 0;
    std::vector<std::string> names, aside;
    for (const auto* section : sections.training) {
        const auto [left, right] = std::minmax_element(section->spots.begin(), section->spots.end(),
                                                       [](auto& a, auto& b) { return a.column < b.column; });
        const auto [top, bottom] = std::minmax_element(section->spots.begin(), section->spots.end(),
                                                       [](auto& a, auto& b) { return a.row < b.row; });
        width += std::max(right->column - left->column, bottom->row - top->row) + 1;
        names.push_back(section->name);
        const double scale = section->micronsPerPixel.mean();
        card.finestImageMicrons = names.size() == 1 ? scale : std::min(card.finestImageMicrons, scale);
        card.coarsestImageMicrons = std::max(card.coarsestImageMicrons, scale);
    }
    for (const auto* section : sections.validation)
        aside.push_back(section->name);
    card.contextMicrons = config.contextMicrons > 0
                              ? config.contextMicrons
                              : width / static_cast<double>(sections.training.size()) * card.spotPitchMicrons;
    card.imageEncoder = config.imageEncoder;
    auto settings = config.asJson;
    for (const char* path : {"held_out", "feature_cache", "gene_texts"})
        settings.erase(path);
    card.training = {{"cohort", cohort.folder.filename().string()},
                     {"sections", names},
                     {"set_aside", aside},
                     {"settings", settings}};
    card.heldOut = config.heldOut;
    card.licence = config.licence;
    card.source = config.source;
    card.date = today();
    card.programVersion = SPOTGLASS_VERSION;
    return card;
}

Result<std::vector<SectionTensors>> load(const std::vector<Section*>& sections, const ModelCard& card,
                                         const TrainingConfig& config, const OpenedEncoder& encoder) {
    std::vector<SectionTensors> loaded;
    const PatchSettings settings{card.patchPixels, card.micronsPerPixel, card.config.regionRows,
                                 card.config.regionColumns, config.featureCache};
    for (auto* section : sections) {
        auto tensors = loadSection(*section, card.genes, settings, encoder, {});
        if (!tensors) return Failure(tensors.error());
        for (const auto& warning : section->warnings)
            say(warning);
        say("Section " + section->name + ": " + std::to_string(tensors->ids.size()) + " spots");
        loaded.push_back(std::move(*tensors));
    }
    return loaded;
}

/// RUN/events.jsonl, one line an event, each flushed so that a watcher sees it at once.
class EventFile {
  public:
    explicit EventFile(const std::filesystem::path& file) : out_(file, std::ios::trunc) {}
    void write(const nlohmann::json& event) {
        out_ << event.dump() << std::endl;
        if (event.value("event", "") != "epoch") return;
        const bool validated = event.contains("validation");
        say("Epoch " + std::to_string(event["epoch"].get<int>()) + ": loss " +
            threeDecimals(event["training"]["total"].get<double>()) +
            (validated ? ", validation PCC " + threeDecimals(event["validation"]["pcc"].get<double>())
                       : std::string()) +
            (event.value("best", false) ? " (kept), " : ", ") +
            threeDecimals(event["seconds"].get<double>()) + " s");
    }

  private:
    std::ofstream out_;
};

} // namespace

Result<void> runTrain(const TrainOptions& options) {
    auto config = readTrainingConfig(options.config);
    if (!config) return Failure(config.error());
    std::vector<std::string> names = options.trainSections;
    if (!names.empty())
        names.insert(names.end(), options.validationSections.begin(), options.validationSections.end());
    auto cohort = readCohort(options.cohort, names);
    if (!cohort) return Failure(cohort.error());
    for (const auto& warning : cohort->warnings)
        say(warning);
    auto sections = split(*cohort, options, *config);
    if (!sections) return Failure(sections.error());
    auto chosen = choosePanel(*config, *cohort, *sections, options);
    if (!chosen) return Failure(chosen.error());
    const auto& panel = chosen->genes;
    auto encoder = openNamedEncoder(config->imageEncoder, options.workspace);
    if (!encoder) return Failure(encoder.error());
    const int width = encoder->encoder->width();
    if (width != config->model.width)
        return badInput("emb_dim is " + std::to_string(config->model.width) + ", but " +
                            config->imageEncoder + " gives " + std::to_string(width) + " values",
                        options.config.string(), "Set emb_dim to the encoder's width");
    GeneTexts texts;
    if (!config->geneTexts.empty()) {
        auto read = readGeneTexts(config->geneTexts);
        if (!read) return Failure(read.error());
        texts = std::move(*read);
    }
    const BuiltInTextEncoder textEncoder(config->model.textWidth);
    const auto embeddings = embedGenes(textEncoder, panel, texts);
    auto card = makeCard(*config, *cohort, *sections, panel, options);
    card.textEncoder = textEncoder.name();

    std::error_code ec;
    std::filesystem::create_directories(options.output / "checkpoint", ec);
    if (auto ok = writeFileAtomically(options.output / "config.json", config->asJson.dump(1)); !ok) return ok;
    auto training = load(sections->training, card, *config, *encoder);
    if (!training) return Failure(training.error());
    auto validation = load(sections->validation, card, *config, *encoder);
    if (!validation) return Failure(validation.error());

    EventFile events(options.output / "events.jsonl");
    events.write({{"event", "start"},
                  {"genes", panel.size()},
                  {"sections", card.training["sections"]},
                  {"set_aside", card.training["set_aside"]},
                  {"microns_per_pixel", card.micronsPerPixel},
                  {"patch_pixels", card.patchPixels}});
    events.write(panelEvent(*config, *chosen));
    const auto geneEmbeddings = torch::tensor(at::ArrayRef<float>(embeddings))
                                    .view({static_cast<int64_t>(panel.size()), textEncoder.width()});
    const auto keep = [&](const LoadedModel& model) {
        return saveModel(model, options.output / "checkpoint" / "best.safetensors");
    };
    auto model = train(*config, card, *training, *validation, geneEmbeddings,
                       [&](const auto& event) { events.write(event); }, keep, {});
    if (!model) return Failure(model.error());
    if (auto ok = saveModel(*model, options.output / "model.safetensors"); !ok) return ok;
    say("The model is in " + (options.output / "model.safetensors").string());
    return {};
}

} // namespace spotglass
