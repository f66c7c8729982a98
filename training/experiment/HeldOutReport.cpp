#include "training/experiment/HeldOutReport.h"

#include "training/Trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using torch::Tensor;

constexpr std::size_t kBestGenes = 50;

/// Names in the report, and those of FoldReport.
const std::pair<const char*, const char*> kMethods[] = {{"model", "model"},
                                                        {"ridge", "ridge_with_context"},
                                                        {"position", "position_only"},
                                                        {"shuffled", "shuffled_images"}};

Json orNull(double value) {
    return std::isfinite(value) ? Json(value) : Json();
}

std::string threeDigits(const Json& value) {
    if (!value.is_number()) return "not defined";
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", value.get<double>());
    return text;
}

Json meansOf(const MetricsReport& m) {
    return {{"pcc_all", orNull(m.pccAll.mean)}, {"pcc_hpg", orNull(m.pccHpg.mean)},
            {"pcc_heg", orNull(m.pccHeg.mean)}, {"pcc_hvg", orNull(m.pccHvg.mean)},
            {"mse", orNull(m.mse.mean)},        {"mae", orNull(m.mae.mean)}};
}

/// The parent's predictions for the genes of the child, NaN for those that it does not know.
Tensor inOrderOf(const std::vector<std::string>& genes, const std::vector<std::string>& known,
                 const Tensor& predicted) {
    auto all = torch::full({predicted.size(0), static_cast<int64_t>(genes.size())},
                           std::numeric_limits<float>::quiet_NaN());
    for (std::size_t g = 0; g < genes.size(); ++g) {
        const auto found = std::find(known.begin(), known.end(), genes[g]);
        if (found == known.end()) continue;
        all.select(1, static_cast<int64_t>(g)).copy_(predicted.select(1, found - known.begin()));
    }
    return all;
}

/// The figures of the parent over the genes that it shares, as publishedMetrics() gives them; nothing where
/// it shares none.
std::optional<MetricsReport> parentMetrics(const std::vector<SectionTensors>& sections,
                                           const std::vector<Tensor>& predicted) {
    const auto shared = predicted.front()[0].isfinite().nonzero().flatten();
    if (shared.numel() == 0) return std::nullopt;
    std::vector<SectionPrediction> all;
    const auto values = [&](const Tensor& table) {
        const auto flat = table.index_select(1, shared).to(torch::kFloat32).contiguous();
        return std::vector<float>(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
    };
    for (std::size_t i = 0; i < sections.size(); ++i)
        all.push_back({sections[i].patient, sections[i].name, sections[i].ids.size(),
                       static_cast<std::size_t>(shared.numel()), values(sections[i].expression),
                       values(predicted[i])});
    auto metrics = publishedMetrics(all, kBestGenes);
    if (!metrics) return std::nullopt;
    std::vector<double> spread(static_cast<std::size_t>(predicted.front().size(1)),
                               std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; i < metrics->genePcc.size(); ++i)
        spread[static_cast<std::size_t>(shared[static_cast<int64_t>(i)].item<int64_t>())] =
            metrics->genePcc[i];
    metrics->genePcc = std::move(spread);
    return *metrics;
}

/// An undefined correlation is none at all, so any other is better.
bool isBetter(const Json& a, const Json& b) {
    if (!a.is_number()) return false;
    return !b.is_number() || a.get<double>() > b.get<double>();
}

void count(Json& report) {
    int betterThanParent = 0, compared = 0, notBetterThanRidge = 0, comparedWithRidge = 0;
    // A gene that is the same in all spots of a section has no correlation, whoever predicts it.
    const auto canBeCompared = [](const Json& a, const Json& b) { return a.is_number() || b.is_number(); };
    for (const auto& gene : report["genes"]) {
        if (canBeCompared(gene["model"], gene["ridge"])) {
            ++comparedWithRidge;
            notBetterThanRidge += isBetter(gene["model"], gene["ridge"]) ? 0 : 1;
        }
        if (!gene.contains("parent") || !canBeCompared(gene["model"], gene["parent"])) continue;
        ++compared;
        betterThanParent += isBetter(gene["model"], gene["parent"]) ? 1 : 0;
    }
    report["not_better_than_ridge"] = notBetterThanRidge;
    report["compared_with_ridge"] = comparedWithRidge;
    if (compared == 0) return;
    report["better_than_parent"] = betterThanParent;
    report["compared_with_parent"] = compared;
}

} // namespace

std::string verdictOf(const Json& report) {
    const auto genes = report.at("compared_with_ridge").get<std::size_t>();
    if (genes == 0) return "No gene varies in these sections, so nothing could be compared.";
    const auto below = report.at("not_better_than_ridge").get<std::size_t>();
    std::string sentence;
    if (report.contains("compared_with_parent"))
        sentence = "Better than its parent on " + std::to_string(report["better_than_parent"].get<int>()) +
                   " of " + std::to_string(report["compared_with_parent"].get<int>()) + " genes; ";
    if (isBetter(report.at("ridge").at("pcc_all"), report.at("model").at("pcc_all")))
        sentence += (sentence.empty() ? "Worse" : "worse") +
                    std::string(" than ridge regression on the same images (mean correlation ") +
                    threeDigits(report["model"]["pcc_all"]) + " against " +
                    threeDigits(report["ridge"]["pcc_all"]) + "): use it with care.";
    else if (below == 0)
        sentence +=
            (sentence.empty() ? "Better" : "better") + std::string(" than ridge regression on every gene.");
    else
        sentence += (sentence.empty() ? "Not" : "not") + std::string(" better than ridge regression on ") +
                    std::to_string(below) + " of " + std::to_string(genes) + " genes.";
    return sentence;
}

Result<HeldOutReport> reportHeldOut(LoadedModel& model, LoadedModel* parent,
                                    const std::vector<SectionTensors>& training,
                                    const std::vector<SectionTensors>& reported) {
    HeldOutReport result;
    const auto floors = fitFloors(model, training);
    FoldReport folds;
    for (const auto& section : reported) {
        folds.add(section.patient, section, model, floors);
        result.predicted.push_back(predictSection(model, section));
        if (parent)
            result.parent.push_back(
                inOrderOf(model.card.genes, parent->card.genes, predictSection(*parent, section)));
    }
    auto& report = result.document;
    report = {
        {"sections", Json::array()}, {"genes", Json::object()}, {"ridge_penalty", floors.context.penalty()}};
    for (const auto& section : reported)
        report["sections"].push_back(section.name);
    const auto addGenes = [&](const char* name, const std::vector<double>& pcc) {
        for (std::size_t g = 0; g < pcc.size(); ++g)
            report["genes"][model.card.genes[g]][name] = orNull(pcc[g]);
    };
    for (const auto& [name, method] : kMethods) {
        const auto metrics = folds.metrics(method);
        if (!metrics) return Failure(metrics.error());
        report[name] = meansOf(*metrics);
        addGenes(name, metrics->genePcc);
    }
    double mse = 0;
    for (const auto& section : folds.judged("training_mean").sections)
        mse += section.mse / static_cast<double>(reported.size());
    report["training_mean"] = {{"mse", mse}};
    if (const auto metrics = parent ? parentMetrics(reported, result.parent) : std::nullopt) {
        report["parent"] = meansOf(*metrics);
        const auto known = result.parent.front()[0].isfinite();
        for (std::size_t g = 0; g < metrics->genePcc.size(); ++g)
            if (known[static_cast<int64_t>(g)].item<bool>())
                report["genes"][model.card.genes[g]]["parent"] = orNull(metrics->genePcc[g]);
    }
    count(report);
    report["verdict"] = {
        {"sentence", verdictOf(report)},
        {"worse_than_ridge", isBetter(report["ridge"]["pcc_all"], report["model"]["pcc_all"])}};
    return result;
}

Json heldOutForCard(const Json& report) {
    Json card{{"protocol", "sections that took no part in the training, not even in choosing the epoch"},
              {"sections", report.at("sections")},
              {"pcc_all", report.at("model").at("pcc_all")},
              {"mse", report["model"].at("mse")},
              {"pcc_all_of_ridge_with_context", report.at("ridge").at("pcc_all")},
              {"pcc_all_of_position_only", report.at("position").at("pcc_all")},
              {"pcc_all_with_images_shuffled", report.at("shuffled").at("pcc_all")},
              {"mse_of_training_mean", report.at("training_mean").at("mse")},
              {"verdict", report.at("verdict")},
              {"pcc", Json::object()}};
    if (report.contains("parent")) card["pcc_all_of_parent"] = report["parent"]["pcc_all"];
    for (const auto& [gene, figures] : report.at("genes").items())
        card["pcc"][gene] = figures.at("model");
    return card;
}

} // namespace spotglass
