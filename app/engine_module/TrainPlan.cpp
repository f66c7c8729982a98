#include "app/engine_module/TrainPlan.h"

#include "app/engine_module/Commands.h"
#include "inference/engine/Devices.h"
#include "inference/knowledge/BuiltInTextEncoder.h"
#include "inference/knowledge/GeneTexts.h"
#include "inference/model/ResNet.h"
#include "inference/store/Sha256.h"
#include "training/cohort/Expression.h"
#include "training/PatchEncoderWeights.h"
#include "training/StainAugmentation.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <tuple>

namespace spotglass {
namespace {

ModelCard makeCard(const TrainingConfig& config, const Cohort& cohort, const SectionSplit& sections,
                   const std::vector<std::string>& panel, const std::string& name) {
    ModelCard card;
    card.config = config.model;
    card.config.genes = static_cast<int>(panel.size());
    card.genes = panel;
    card.ensemblIds.assign(panel.size(), "");
    card.unit = expressionUnit;
    card.name = config.name.empty() ? name : config.name;
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
    card.featureScale = config.featureScale;
    auto settings = config.asJson;
    for (const char* path :
         {"held_out", "feature_cache", "gene_texts", "from", "patch_encoder_weights", "cohort", "sections"})
        settings.erase(path);
    card.training = {{"cohort", cohort.folder.filename().string()},
                     {"sections", names},
                     {"set_aside", aside},
                     {"settings", settings}};
    if (!sections.reported.empty()) {
        auto& reported = card.training["reported"] = nlohmann::json::array();
        for (const auto* section : sections.reported)
            reported.push_back(section->name);
    }
    card.heldOut = config.heldOut;
    card.licence = config.licence;
    card.source = config.source;
    card.date = today();
    card.programVersion = SPOTGLASS_VERSION;
    return card;
}

/// What a model that starts from another takes over unless the configuration says otherwise.
void takeOver(TrainingConfig& config, const LoadedModel& parent) {
    const auto& card = parent.card;
    const auto given = [&](const char* key) { return config.asJson.contains(key); };
    if (!given("model")) config.model = card.config;
    if (!given("image_encoder")) config.imageEncoder = card.imageEncoder;
    if (!given("feature_scale")) config.featureScale = card.featureScale;
    if (!given("patch_pixels")) config.patchPixels = card.patchPixels;
    if (!given("microns_per_pixel")) config.micronsPerPixel = card.micronsPerPixel;
    if (!given("context_um")) config.contextMicrons = card.contextMicrons;
    if (!given("genes") && !given("panel")) config.genes = card.genes;
}

/// Where a model came from, the latest first.
nlohmann::json ancestryOf(const LoadedModel& parent, const std::filesystem::path& file) {
    const auto hash = sha256OfFile(file);
    nlohmann::json line = nlohmann::json::array(
        {{{"name", parent.card.name}, {"date", parent.card.date}, {"sha256", hash ? *hash : std::string()}}});
    if (parent.card.training.is_object() && parent.card.training.contains("ancestry"))
        for (const auto& older : parent.card.training["ancestry"])
            line.push_back(older);
    return line;
}

/// Before hours go into sections: whether the weights that the patch encoder starts from fit. Notes them in
/// the card.
Result<void> checkPatchEncoder(TrainPlan& plan) {
    const auto& file = plan.config.patchEncoderWeights;
    if (file.empty()) return {};
    const auto& model = plan.config.model;
    auto trial = makePatchEncoder(model.patchEncoder, model.patchWidth);
    if (auto ok = startPatchEncoder(trial, model, file); !ok) return ok;
    const auto hash = sha256OfFile(file);
    plan.card.training["patch_encoder_weights"] = {{"file", file.filename().string()},
                                                   {"sha256", hash ? *hash : std::string()}};
    return {};
}

std::set<std::string> patientsOf(const std::vector<Section*>& sections) {
    std::set<std::string> patients;
    for (const auto* section : sections)
        patients.insert(section->patient);
    return patients;
}

Result<void> checkPatients(const SectionSplit& split, std::size_t patients, bool samePatient) {
    if (samePatient || patients == 1) return {};
    const std::tuple<const std::vector<Section*>&, const std::vector<Section*>&, const char*> sides[] = {
        {split.training, split.validation, "one that trains and one that decides when to stop"},
        {split.training, split.reported, "one that trains and one that is reported"},
        {split.validation, split.reported, "one that decides when to stop and one that is reported"}};
    for (const auto& [one, other, what] : sides) {
        const auto aside = patientsOf(other);
        for (const auto& patient : patientsOf(one))
            if (aside.contains(patient))
                return badInput(
                    "patient " + patient + " has sections on both sides: " + what, {},
                    "Set whole patients aside; sections of one patient resemble each other, so the "
                    "figures would promise too much. --same-patient, or same_patient in the "
                    "configuration, does it nevertheless");
    }
    return {};
}

/// No section on two sides, and each of them there.
Result<void> checkNames(const Cohort& cohort, const SectionNames& names) {
    std::set<std::string> seen;
    for (const auto* side : {&names.training, &names.validation, &names.reported})
        for (const auto& name : *side) {
            if (!cohort.find(name)) return badInput("there is no section " + name, cohort.folder.string());
            if (!seen.insert(name).second)
                return fail(ErrorKind::Usage,
                            "section " + name + " is both trained on and set aside, or named twice");
        }
    return {};
}

/// The last patient of the training sections decides when to stop.
Result<void> setLastPatientAside(SectionSplit& split, const Cohort& cohort) {
    const auto patients = patientsOf(split.training);
    if (patients.size() == 1)
        return badInput(
            "all sections are of one patient (" + *patients.begin() +
                "), so none can be set aside by patient",
            cohort.folder.string(),
            "Name the sections that decide when to stop with --validation-sections, or add another "
            "patient");
    if (patients.empty()) return {};
    const auto last = split.training.back()->patient;
    const auto middle = std::stable_partition(split.training.begin(), split.training.end(),
                                              [&](const Section* s) { return s->patient != last; });
    split.validation.assign(middle, split.training.end());
    split.training.erase(middle, split.training.end());
    return {};
}

PatchSettings patchSettings(const ModelCard& card, const std::filesystem::path& featureCache) {
    return {card.patchPixels, card.micronsPerPixel, card.config.regionRows, card.config.regionColumns,
            featureCache};
}

} // namespace

Result<SectionSplit> splitSections(Cohort& cohort, const SectionNames& names) {
    if (auto ok = checkNames(cohort, names); !ok) return Failure(ok.error());
    const auto in = [](const std::vector<std::string>& list, const Section& section) {
        return std::find(list.begin(), list.end(), section.name) != list.end();
    };
    SectionSplit result;
    for (auto& section : cohort.sections) {
        if (in(names.validation, section))
            result.validation.push_back(&section);
        else if (in(names.reported, section))
            result.reported.push_back(&section);
        else if (names.training.empty() || in(names.training, section))
            result.training.push_back(&section);
    }
    if (names.fixedEpochs && !names.validation.empty())
        return fail(ErrorKind::Usage, "with fixed_epochs no section decides when to stop; leave out "
                                      "--validation-sections, or name what is to be judged at the end with "
                                      "--report-sections");
    if (!names.fixedEpochs && result.validation.empty())
        if (auto ok = setLastPatientAside(result, cohort); !ok) return Failure(ok.error());
    if (result.training.empty())
        return badInput("this cohort leaves no section to train on once others are set aside",
                        cohort.folder.string(), "Add sections, or give fixed_epochs in the configuration");
    if (auto ok = checkPatients(result, cohort.patients().size(), names.samePatient); !ok)
        return Failure(ok.error());
    return result;
}

SectionNames sectionNames(const SectionNames& said, const TrainingConfig& config) {
    const auto either = [](const std::vector<std::string>& list, const std::vector<std::string>& configured) {
        return list.empty() ? configured : list;
    };
    return {either(said.training, config.trainingSections),
            either(said.validation, config.validationSections),
            either(said.reported, config.reportedSections), config.fixedEpochs > 0,
            said.samePatient || config.samePatient};
}

Result<Cohort> readNamedCohort(const std::filesystem::path& path, const SectionNames& names) {
    if (path.empty())
        return fail(ErrorKind::Usage, "no cohort is named", {},
                    "Name it with --cohort, or as \"cohort\" in the configuration");
    std::vector<std::string> wanted = names.training;
    if (!wanted.empty()) // otherwise all sections are read
        for (const auto* list : {&names.validation, &names.reported})
            wanted.insert(wanted.end(), list->begin(), list->end());
    auto cohort = readCohort(path, wanted);
    if (cohort)
        for (const auto& warning : cohort->warnings)
            say(warning);
    return cohort;
}

Result<GenePanel> choosePanel(const TrainingConfig& config, const SectionSplit& sections) {
    const std::vector<const Section*> training(sections.training.begin(), sections.training.end()),
        validation(sections.validation.begin(), sections.validation.end());
    if (!config.genes.empty()) {
        auto all = training;
        all.insert(all.end(), validation.begin(), validation.end());
        all.insert(all.end(), sections.reported.begin(), sections.reported.end());
        if (auto ok = checkListedPanel(config.genes, all); !ok) return Failure(ok.error());
        return GenePanel{config.genes, {}, {}};
    }
    auto measured = validation; // the others only have to have the genes
    measured.insert(measured.end(), sections.reported.begin(), sections.reported.end());
    auto chosen = chooseGenePanel(training, config.panel, measured);
    if (chosen)
        for (const auto& warning : chosen->warnings)
            say(warning);
    return chosen;
}

Result<TrainPlan> planTraining(TrainingConfig config, const Cohort& cohort, const SectionSplit& sections,
                               const std::string& name, const std::filesystem::path& workspace) {
    TrainPlan plan;
    if (!config.from.empty()) {
        auto parent = loadModel(config.from);
        if (!parent) return Failure(parent.error());
        takeOver(config, *parent);
        if (parent->card.members > 1)
            say("The model to start from has " + std::to_string(parent->card.members) +
                " networks; the first of them is fine-tuned.");
        parent->others.clear();
        plan.parent = std::move(*parent);
    }
    plan.config = std::move(config);
    const auto& settings = plan.config;
    auto panel = choosePanel(settings, sections);
    if (!panel) return Failure(panel.error());
    plan.panel = std::move(*panel);
    auto encoder = openNamedEncoder(settings.imageEncoder, workspace);
    if (!encoder) return Failure(encoder.error());
    plan.encoder = std::make_shared<const OpenedEncoder>(std::move(*encoder));
    const int width = plan.encoder->encoder->width();
    if (width != settings.model.width)
        return badInput("emb_dim is " + std::to_string(settings.model.width) + ", but " +
                            settings.imageEncoder + " gives " + std::to_string(width) + " values",
                        {}, "Set emb_dim to the encoder's width");
    GeneTexts texts;
    if (!settings.geneTexts.empty()) {
        auto read = readGeneTexts(settings.geneTexts);
        if (!read) return Failure(read.error());
        texts = std::move(*read);
    }
    const BuiltInTextEncoder textEncoder(settings.model.textWidth);
    const auto embeddings = embedGenes(textEncoder, plan.panel.genes, texts);
    plan.geneEmbeddings = torch::tensor(at::ArrayRef<float>(embeddings))
                              .view({static_cast<int64_t>(plan.panel.genes.size()), textEncoder.width()});
    plan.card = makeCard(settings, cohort, sections, plan.panel.genes, name);
    plan.card.textEncoder = settings.model.geneText ? textEncoder.name() : "none (learned gene tokens)";
    if (auto ok = checkPatchEncoder(plan); !ok) return Failure(ok.error());
    if (plan.parent) plan.card.training["ancestry"] = ancestryOf(*plan.parent, settings.from);
    return plan;
}

Result<torch::Device> trainingDevice(const std::string& wanted, const Ranks* ranks) {
    auto name = wanted;
    const char* local = std::getenv("LOCAL_RANK"); // of torchrun
    if (!local) local = std::getenv("SLURM_LOCALID");
    if (ranks && !ranks->alone() && local && (wanted == "cuda" || (wanted == "auto" && whyNoCuda().empty())))
        name = std::string("cuda:") + local;
    std::string note;
    auto device = chooseDevice(name, note);
    if (!note.empty()) say(note);
    if (device && !device->is_cpu()) say("Training on " + device->str());
    return device;
}

Result<std::vector<SectionTensors>> loadSections(const std::vector<Section*>& sections, const TrainPlan& plan,
                                                 const std::filesystem::path& featureCache,
                                                 const CancelToken& cancel) {
    std::vector<SectionTensors> loaded;
    const auto settings = patchSettings(plan.card, featureCache);
    for (auto* section : sections) {
        const auto said = section->warnings.size(); // by the reader of the cohort
        auto tensors = loadSection(*section, plan.card.genes, settings, *plan.encoder, cancel);
        if (!tensors) return Failure(tensors.error());
        for (auto i = said; i < section->warnings.size(); ++i)
            say(section->warnings[i]);
        say("Section " + section->name + ": " + std::to_string(tensors->ids.size()) + " spots");
        loaded.push_back(std::move(*tensors));
    }
    return loaded;
}

Result<std::vector<SectionTensors>> loadTrainingSections(const std::vector<Section*>& sections,
                                                         const TrainPlan& plan,
                                                         const std::filesystem::path& featureCache,
                                                         const CancelToken& cancel) {
    auto loaded = loadSections(sections, plan, featureCache, cancel);
    if (!loaded) return loaded;
    const auto settings = patchSettings(plan.card, featureCache);
    for (int view = 1; view <= plan.config.stainViews; ++view) {
        const auto encoder = withStain(*plan.encoder, stainOfView(view, plan.config.stainAugmentation));
        for (std::size_t i = 0; i < sections.size(); ++i) {
            auto other = loadSection(*sections[i], plan.card.genes, settings, encoder, cancel);
            if (!other) return Failure(other.error());
            (*loaded)[i].otherStains.push_back({other->features, other->neighborFeatures});
        }
    }
    return loaded;
}

} // namespace spotglass
