#include "training/cohort/Expression.h"

#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

namespace spotglass {
namespace {

Result<std::vector<std::size_t>> panelColumns(const Section& section, const std::vector<std::string>& panel) {
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t g = 0; g < section.genes.size(); ++g)
        index.emplace(section.genes[g], g);
    std::vector<std::size_t> columns;
    std::set<std::size_t> seen;
    std::string first;
    std::size_t missing = 0;
    for (const std::string& gene : panel) {
        const auto at = index.find(gene);
        if (at == index.end()) {
            if (missing++ == 0) first = gene;
            continue;
        }
        if (!seen.insert(at->second).second)
            return badInput("the gene panel names " + gene + " twice", section.name);
        columns.push_back(at->second);
    }
    if (missing > 0)
        return badInput("section " + section.name + " has no counts for " + std::to_string(missing) +
                            " of the " + std::to_string(panel.size()) + " genes of the panel (the first is " +
                            first + ")",
                        section.name, "Check that the gene names are symbols of the same kind");
    if (columns.empty()) return badInput("the gene panel is empty", section.name);
    return columns;
}

/// Mean over the existing spots of the 3 x 3 neighbourhood. In the axial coordinates of a hexagonal array two
/// corners of it are no neighbours, but further away.
std::vector<double> smooth(const std::vector<CohortSpot>& spots, ArrayGeometry geometry,
                           const std::vector<double>& logs, std::size_t genes) {
    const bool hexagonal = geometry == ArrayGeometry::Hexagonal;
    std::map<std::pair<int, int>, std::size_t> at;
    for (std::size_t s = 0; s < spots.size(); ++s)
        at.emplace(std::pair(spots[s].column, spots[s].row), s);
    std::vector<double> out(logs.size(), 0.0);
    for (std::size_t s = 0; s < spots.size(); ++s) {
        double* mean = out.data() + s * genes;
        int found = 0;
        for (int dr = -1; dr <= 1; ++dr)
            for (int dc = -1; dc <= 1; ++dc) {
                if (hexagonal && dr * dc == 1) continue;
                const auto neighbour = at.find({spots[s].column + dc, spots[s].row + dr});
                if (neighbour == at.end()) continue;
                ++found;
                const double* values = logs.data() + neighbour->second * genes;
                for (std::size_t g = 0; g < genes; ++g)
                    mean[g] += values[g];
            }
        for (std::size_t g = 0; g < genes; ++g)
            mean[g] /= found;
    }
    return out;
}

} // namespace

Result<ExpressionMatrix> panelExpression(const Section& section, const std::vector<std::string>& panel,
                                         Smoothing smoothing) {
    const auto columns = panelColumns(section, panel);
    if (!columns) return Failure(columns.error());
    const std::vector<float> counts = section.counts.dense(*columns);
    const std::size_t genes = columns->size();
    std::vector<double> logs(counts.size(), 0.0);
    for (std::size_t s = 0; s < section.spots.size(); ++s) {
        double total = 0;
        for (std::size_t g = 0; g < genes; ++g)
            total += static_cast<double>(counts[s * genes + g]);
        const double scale = 1e4 / (total > 0 ? total : 1.0);
        for (std::size_t g = 0; g < genes; ++g)
            logs[s * genes + g] = std::log10(static_cast<double>(counts[s * genes + g]) * scale + 1);
    }
    if (smoothing == Smoothing::ThreeByThree)
        logs = smooth(section.spots, section.array.geometry, logs, genes);
    return ExpressionMatrix{section.spots.size(), genes, std::vector<float>(logs.begin(), logs.end())};
}

} // namespace spotglass
