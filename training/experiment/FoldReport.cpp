#include "training/experiment/FoldReport.h"

#include "inference/model/SafeTensors.h"
#include "training/Trainer.h"

#include <algorithm>
#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kBestGenes = 50; ///< of the published gene sets

const char* const kModel = "model";
const char* const kShuffled = "shuffled_images";
const char* const kContext = "ridge_with_context";
const char* const kPosition = "position_only";
const char* const kMean = "training_mean";

std::vector<float> values(const torch::Tensor& tensor) {
    const auto flat = tensor.to(torch::kFloat32).contiguous();
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

JudgedMethod::Section judge(const std::string& group, const SectionTensors& section,
                            const std::vector<std::string>& genes, const torch::Tensor& predicted) {
    JudgedMethod::Section judged{group, genes, {}, 0, 0, 0};
    auto& p = judged.prediction;
    p.patient = section.patient;
    p.section = section.name;
    p.spots = section.ids.size();
    p.genes = genes.size();
    p.measured = values(section.expression);
    p.predicted = values(predicted);
    judged.pcc = meanGeneCorrelation(predicted, section.expression);
    judged.mse = torch::mse_loss(predicted, section.expression).item<double>();
    judged.mae = torch::l1_loss(predicted, section.expression).item<double>();
    return judged;
}

/// The columns of `genes` in a section's tables, as one of its group.
SectionPrediction narrowed(const JudgedMethod::Section& section, const std::vector<std::string>& genes) {
    std::vector<std::size_t> columns;
    for (const auto& gene : genes)
        columns.push_back(static_cast<std::size_t>(
            std::find(section.genes.begin(), section.genes.end(), gene) - section.genes.begin()));
    auto narrow = section.prediction;
    for (auto* table : {&narrow.measured, &narrow.predicted}) {
        std::vector<float> kept;
        for (std::size_t spot = 0; spot < narrow.spots; ++spot)
            for (const auto column : columns)
                kept.push_back((*table)[spot * narrow.genes + column]);
        *table = std::move(kept);
    }
    narrow.genes = genes.size();
    narrow.patient = section.group;
    return narrow;
}

/// The genes of the first section that all the others have as well.
std::vector<std::string> inAll(const JudgedMethod& method) {
    if (method.sections.empty()) return {};
    auto common = method.sections.front().genes;
    for (const auto& section : method.sections) {
        const std::set<std::string> have(section.genes.begin(), section.genes.end());
        std::erase_if(common, [&](const auto& gene) { return !have.contains(gene); });
    }
    return common;
}

Json sectionsOf(const JudgedMethod& method, bool constant) {
    Json sections = Json::object();
    for (const auto& s : method.sections) {
        auto& figures = sections[s.prediction.section];
        figures = {{"held_out_with", s.group}, {"mse", s.mse}, {"mae", s.mae}};
        if (!constant) figures["pcc"] = s.pcc;
    }
    return sections;
}

double meanOf(const JudgedMethod& method, double JudgedMethod::Section::*figure) {
    double sum = 0;
    for (const auto& section : method.sections)
        sum += section.*figure;
    return sum / static_cast<double>(method.sections.size());
}

} // namespace

FoldFloors fitFloors(const LoadedModel& model, const std::vector<SectionTensors>& training) {
    std::vector<SectionTensors> seen;
    std::vector<torch::Tensor> expression;
    for (const auto& section : training) {
        seen.push_back(asTheModelSees(model, section));
        expression.push_back(section.expression);
    }
    return {RidgeBaseline::fit(seen, RidgeView::Context), RidgeBaseline::fit(seen, RidgeView::Position),
            torch::cat(expression).mean(0, true)};
}

const std::vector<std::string>& FoldReport::methods() {
    static const std::vector<std::string> names{kModel, kContext, kPosition, kShuffled, kMean};
    return names;
}

void FoldReport::add(const std::string& group, const SectionTensors& section, LoadedModel& model,
                     const FoldFloors& floors) {
    const auto& genes = model.card.genes;
    const auto record = [&](const char* method, const torch::Tensor& predicted) {
        judged_[method].sections.push_back(judge(group, section, genes, predicted));
    };
    const auto predicted = predictSection(model, section);
    record(kModel, predicted);
    auto other = section;
    shuffleImages(other, 1);
    record(kShuffled, predictSection(model, other));
    record(kContext, floors.context.predict(asTheModelSees(model, section)));
    record(kPosition, floors.position.predict(section));
    record(kMean, floors.trainingMean.expand_as(predicted).contiguous());
}

Result<MetricsReport> FoldReport::metrics(const std::string& method) const {
    const auto& judged = judged_.at(method);
    const auto genes = inAll(judged);
    if (genes.empty())
        return badInput("the panels of the folds have no gene in common, so their figures cannot be averaged",
                        {}, "List the panel in the configuration's \"genes\"");
    std::vector<SectionPrediction> sections;
    for (const auto& section : judged.sections)
        sections.push_back(narrowed(section, genes));
    return publishedMetrics(sections, kBestGenes);
}

Result<Json> FoldReport::summary(const std::string& by, EpochChoice choice) const {
    const auto common = inAll(judged_.at(kModel));
    Json summary{{"held_out", by},
                 {"epoch_chosen_by",
                  choice == EpochChoice::Inner ? "sections that were trained on" : "the reported sections"},
                 {"folds", folds_},
                 {"genes_in_all_folds", common.size()}};
    for (const auto& name : methods()) {
        const auto& method = judged_.at(name);
        const bool constant = name == kMean; // it has no correlation
        auto& j = summary[name];
        j["sections"] = sectionsOf(method, constant);
        j["mse"] = meanOf(method, &JudgedMethod::Section::mse);
        j["mae"] = meanOf(method, &JudgedMethod::Section::mae);
        if (!constant) j["pcc_all"] = meanOf(method, &JudgedMethod::Section::pcc);
        const auto published = metrics(name);
        if (!published) return Failure(published.error());
        j["metrics"] = toJson(*published);
        for (const char* set : {"hpg", "heg", "hvg"})
            for (auto& gene : j["metrics"][set])
                gene = common[gene.get<std::size_t>()];
    }
    auto& notes = summary["notes"] = Json::array();
    if (by == "section")
        notes.push_back("Held-out sections may be of a patient that was trained on, so these figures say "
                        "nothing about another patient.");
    if (choice == EpochChoice::Reported)
        notes.push_back("The epoch was chosen on the reported sections, as the published reference does: "
                        "these figures are better than what a new section would get.");
    return summary;
}

Result<void> FoldReport::writePredictions(const std::filesystem::path& file) const {
    SafeTensorsWriter writer;
    for (const auto& section : judged_.at(kModel).sections) {
        const auto& p = section.prediction;
        const std::vector<std::int64_t> shape{static_cast<std::int64_t>(p.spots),
                                              static_cast<std::int64_t>(p.genes)};
        writer.addFloats(p.patient + "." + p.section + ".measured", shape, p.measured);
        writer.addFloats(p.patient + "." + p.section + ".predicted", shape, p.predicted);
    }
    return writer.write(file);
}

} // namespace spotglass
