#include "training/cohort/GenePanel.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace spotglass {
namespace {

std::vector<std::size_t> columnsOf(const Section& section, const std::vector<std::string>& genes) {
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t g = 0; g < section.genes.size(); ++g)
        index.emplace(section.genes[g], g);
    std::vector<std::size_t> columns;
    columns.reserve(genes.size());
    for (const std::string& gene : genes)
        columns.push_back(index.at(gene));
    return columns;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Sum and sum of squares over spots about a shift, kept per gene; two passes keep the variance exact.
std::vector<double> logVariance(const std::vector<const Section*>& sections,
                                const std::vector<std::string>& genes) {
    std::vector<std::vector<double>> logs;
    std::size_t spots = 0;
    for (const Section* section : sections) {
        const std::vector<float> counts = section->counts.dense(columnsOf(*section, genes));
        const std::size_t n = section->spots.size();
        std::vector<double> depth(n, 0.0);
        for (std::size_t s = 0; s < n; ++s)
            for (std::size_t g = 0; g < genes.size(); ++g)
                depth[s] += static_cast<double>(counts[s * genes.size() + g]);
        const double middle = median(depth);
        std::vector<double>& out = logs.emplace_back(counts.size());
        for (std::size_t i = 0; i < counts.size(); ++i)
            out[i] = std::log10(
                static_cast<double>(counts[i]) / std::max(depth[i / genes.size()], 1.0) * middle + 1);
        spots += n;
    }
    std::vector<double> mean(genes.size(), 0.0), variance(genes.size(), 0.0);
    for (const auto& values : logs)
        for (std::size_t i = 0; i < values.size(); ++i)
            mean[i % genes.size()] += values[i] / static_cast<double>(spots);
    for (const auto& values : logs)
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double d = values[i] - mean[i % genes.size()];
            variance[i % genes.size()] += d * d / static_cast<double>(spots);
        }
    return variance;
}

} // namespace

Result<GenePanel> chooseGenePanel(const std::vector<const Section*>& sections,
                                  const GenePanelOptions& options,
                                  const std::vector<const Section*>& alsoMeasuredIn) {
    if (sections.empty()) return badInput("there is no section to choose a gene panel on");
    std::vector<const Section*> all = sections;
    all.insert(all.end(), alsoMeasuredIn.begin(), alsoMeasuredIn.end());
    const std::vector<std::string> common = commonGenes(all);
    if (common.empty())
        return badInput("the sections have no gene in common", sections.front()->name,
                        "Check that all count files name their genes in the same way");

    std::vector<double> totals(common.size(), 0.0);
    for (const Section* section : sections) {
        const std::vector<double> ofSection = section->counts.geneTotals();
        const auto columns = columnsOf(*section, common);
        for (std::size_t g = 0; g < common.size(); ++g)
            totals[g] += ofSection[columns[g]];
    }
    std::vector<std::string> kept;
    for (std::size_t g = 0; g < common.size(); ++g)
        if (totals[g] >= options.minimumTotal) kept.push_back(common[g]);

    GenePanel panel;
    const auto has = [&](const std::string& gene) {
        return std::find(panel.genes.begin(), panel.genes.end(), gene) != panel.genes.end();
    };
    for (const std::string& gene : options.mustHave) {
        if (!std::binary_search(common.begin(), common.end(), gene))
            panel.warnings.push_back("The gene " + gene +
                                     " was not measured in every section and is not in the panel.");
        else if (!has(gene))
            panel.genes.push_back(gene);
    }
    const std::vector<double> variance = logVariance(sections, kept);
    std::vector<std::size_t> order(kept.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return variance[a] > variance[b]; });
    for (const std::size_t g : order) {
        if (panel.genes.size() >= options.size) break;
        if (!has(kept[g])) panel.genes.push_back(kept[g]);
    }
    if (panel.genes.empty())
        return badInput("no gene has enough counts for a panel", sections.front()->name,
                        "Lower the smallest total count, or add sections");
    if (panel.genes.size() < options.size)
        panel.warnings.push_back("Only " + std::to_string(panel.genes.size()) +
                                 " genes have enough counts for the panel of " +
                                 std::to_string(options.size) + ".");
    return panel;
}

} // namespace spotglass
