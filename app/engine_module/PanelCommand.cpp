#include "app/engine_module/Commands.h"
#include "app/engine_module/SpotTable.h"
#include "app/engine_module/TrainPlan.h"
#include "inference/knowledge/GeneTexts.h"
#include "training/cohort/Expression.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace spotglass {
namespace {

using Json = nlohmann::json;

/// Measured expression of the panel, a table a section.
Result<Json> writeValues(const Cohort& cohort, const std::vector<std::string>& genes,
                         const std::filesystem::path& folder) {
    Json files = Json::object();
    for (std::size_t i = 0; i < cohort.sections.size(); ++i) {
        const auto& section = cohort.sections[i];
        const auto expression = panelExpression(section, genes);
        if (!expression) return Failure(expression.error());
        std::vector<SpotRow> rows;
        for (std::size_t s = 0; s < section.spots.size(); ++s) {
            const auto first = expression->values.begin() + static_cast<std::ptrdiff_t>(s * genes.size());
            rows.push_back({section.spots[s].id,
                            section.spots[s].center,
                            {first, first + static_cast<std::ptrdiff_t>(genes.size())}});
        }
        const auto file = folder / ("section-" + std::to_string(i + 1) + ".csv"); // a name may hold anything
        if (auto ok = writeSpotTable(file, genes, rows); !ok) return Failure(ok.error());
        files[section.name] = file.string();
    }
    return files;
}

Result<std::vector<std::string>> describedGenes(const TrainingConfig& config,
                                                const std::vector<std::string>& genes) {
    std::vector<std::string> described;
    if (config.geneTexts.empty()) return described;
    const auto texts = readGeneTexts(config.geneTexts);
    if (!texts) return Failure(texts.error());
    for (const auto& gene : genes)
        if (texts->contains(gene)) described.push_back(gene);
    return described;
}

} // namespace

Result<void> runPanel(const PanelOptions& options) {
    const auto config = readTrainingConfig(options.config);
    if (!config) return Failure(config.error());
    const auto names = sectionNames({}, *config);
    auto cohort = readNamedCohort(options.cohort.empty() ? config->cohort : options.cohort, names);
    if (!cohort) return Failure(cohort.error());
    const auto split = splitSections(*cohort, names);
    if (!split) return Failure(split.error());
    auto panel = choosePanel(*config, *split);
    if (!panel) return Failure(panel.error());
    const auto described = describedGenes(*config, panel->genes);
    if (!described) return Failure(described.error());
    Json document{{"genes", panel->genes},
                  {"method", config->genes.empty() ? genePanelMethodName(config->panel.method) : "list"},
                  {"scores", Json::array()},
                  {"described", *described},
                  {"warnings", panel->warnings}};
    for (const double score : panel->scores)
        document["scores"].push_back(std::isfinite(score) ? Json(score) : Json());
    if (!options.values.empty()) {
        auto files = writeValues(*cohort, panel->genes, options.values);
        if (!files) return Failure(files.error());
        document["values"] = std::move(*files);
    }
    if (options.json)
        printJson(document);
    else
        for (const auto& gene : panel->genes)
            std::fprintf(stdout, "%s\n", gene.c_str());
    return {};
}

} // namespace spotglass
