#include "training/cohort/GenePanel.h"

#include "training/cohort/SpatialStatistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
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

/// Of each gene the variance over all spots about its mean; two passes keep it exact. The depth of a spot is
/// the sum over the first `inDepth` genes.
std::vector<double> logVariance(const std::vector<const Section*>& sections,
                                const std::vector<std::string>& genes, std::size_t inDepth) {
    std::vector<std::vector<double>> logs;
    std::size_t spots = 0;
    for (const Section* section : sections) {
        const std::vector<float> counts = section->counts.dense(columnsOf(*section, genes));
        const std::size_t n = section->spots.size();
        std::vector<double> depth(n, 0.0);
        for (std::size_t s = 0; s < n; ++s)
            for (std::size_t g = 0; g < inDepth; ++g)
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

/// Of each gene the mean of Moran's I over the sections where it varies; NaN where it does in none.
Result<std::vector<double>> meanMoransI(const std::vector<const Section*>& sections,
                                        const std::vector<std::string>& genes,
                                        const GenePanelOptions& options) {
    std::vector<double> sum(genes.size(), 0.0), count(genes.size(), 0.0);
    for (const Section* section : sections) {
        const auto graph = arrayGraph(arrayPlaces(section->spots), section->array.geometry);
        if (!graph) return badInput(graph.error().what, section->name, graph.error().hint);
        const auto moran = moransI(section->counts, *graph, options.threads);
        if (!moran) return badInput(moran.error().what, section->name, moran.error().hint);
        const auto columns = columnsOf(*section, genes);
        for (std::size_t g = 0; g < genes.size(); ++g) {
            const double value = moran->statistic[columns[g]];
            if (std::isnan(value)) continue;
            sum[g] += value;
            ++count[g];
        }
    }
    for (std::size_t g = 0; g < genes.size(); ++g)
        sum[g] = count[g] > 0 ? sum[g] / count[g] : std::numeric_limits<double>::quiet_NaN();
    return sum;
}

/// Counts of each gene over all spots of the sections.
std::vector<double> totalsOf(const std::vector<const Section*>& sections,
                             const std::vector<std::string>& genes) {
    std::vector<double> totals(genes.size(), 0.0);
    for (const Section* section : sections) {
        const std::vector<double> ofSection = section->counts.geneTotals();
        const auto columns = columnsOf(*section, genes);
        for (std::size_t g = 0; g < genes.size(); ++g)
            totals[g] += ofSection[columns[g]];
    }
    return totals;
}

/// One score a gene; only the first `inDepth` genes count as depth where the method has one of its own.
Result<std::vector<double>> scoresOf(const std::vector<const Section*>& sections,
                                     const std::vector<std::string>& genes, std::size_t inDepth,
                                     const GenePanelOptions& options) {
    if (options.method == GenePanelMethod::SpatiallyVariable) return meanMoransI(sections, genes, options);
    if (options.method == GenePanelMethod::MostVariable) return logVariance(sections, genes, inDepth);
    double spots = 0;
    for (const Section* section : sections)
        spots += static_cast<double>(section->spots.size());
    auto means = totalsOf(sections, genes);
    for (double& mean : means)
        mean /= spots;
    return means;
}

/// "A, B, C and 4 more".
std::string firstFew(const std::vector<std::string>& genes) {
    constexpr std::size_t few = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(few, genes.size()); ++i)
        text += (i ? ", " : "") + genes[i];
    return genes.size() > few ? text + " and " + std::to_string(genes.size() - few) + " more" : text;
}

} // namespace

Result<GenePanel> chooseGenePanel(const std::vector<const Section*>& sections,
                                  const GenePanelOptions& options,
                                  const std::vector<const Section*>& alsoMeasuredIn) {
    if (sections.empty()) return badInput("there is no section to choose a gene panel on");
    if (options.size == 0)
        return badInput("the gene panel should have at least one gene", {}, "Set panel.size, e.g. to 250");
    std::vector<const Section*> all = sections;
    all.insert(all.end(), alsoMeasuredIn.begin(), alsoMeasuredIn.end());
    const std::vector<std::string> common = commonGenes(all);
    if (common.empty())
        return badInput("the sections have no gene in common", sections.front()->name,
                        "Check that all count files name their genes in the same way");

    const auto totals = totalsOf(sections, common);
    std::vector<std::string> scored; // first those with counts enough, then further must-have genes
    for (std::size_t g = 0; g < common.size(); ++g)
        if (totals[g] >= options.minimumTotal) scored.push_back(common[g]);
    const std::size_t enough = scored.size();
    GenePanel panel;
    std::set<std::size_t> taken;
    std::vector<std::size_t> order;
    for (const std::string& gene : options.mustHave) {
        if (!std::binary_search(common.begin(), common.end(), gene)) {
            panel.warnings.push_back("The gene " + gene +
                                     " was not measured in every section and is not in the panel.");
            continue;
        }
        auto at = std::find(scored.begin(), scored.end(), gene);
        if (at == scored.end()) at = scored.insert(at, gene);
        const auto index = static_cast<std::size_t>(at - scored.begin());
        if (taken.insert(index).second) order.push_back(index);
    }
    const auto scores = scoresOf(sections, scored, enough, options);
    if (!scores) return Failure(scores.error());
    std::vector<std::size_t> ranked;
    for (std::size_t g = 0; g < enough; ++g)
        if (!taken.contains(g) && !std::isnan((*scores)[g])) ranked.push_back(g);
    std::stable_sort(ranked.begin(), ranked.end(),
                     [&](std::size_t a, std::size_t b) { return (*scores)[a] > (*scores)[b]; });
    const std::size_t room = options.size > order.size() ? options.size - order.size() : 0;
    order.insert(order.end(), ranked.begin(),
                 ranked.begin() + static_cast<std::ptrdiff_t>(std::min(room, ranked.size())));
    for (const std::size_t g : order) {
        panel.genes.push_back(scored[g]);
        panel.scores.push_back((*scores)[g]);
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

Result<void> checkListedPanel(const std::vector<std::string>& genes,
                              const std::vector<const Section*>& sections) {
    if (genes.empty()) return badInput("the list of genes is empty");
    std::set<std::string> seen;
    for (const std::string& gene : genes)
        if (!seen.insert(gene).second) return badInput("the list of genes names " + gene + " twice");
    std::vector<std::size_t> measured(genes.size(), 0);
    std::vector<std::vector<std::string>> missing(sections.size());
    for (std::size_t s = 0; s < sections.size(); ++s) {
        const std::set<std::string_view> ofSection(sections[s]->genes.begin(), sections[s]->genes.end());
        for (std::size_t g = 0; g < genes.size(); ++g)
            ofSection.contains(genes[g]) ? void(++measured[g]) : missing[s].push_back(genes[g]);
    }
    std::vector<std::string> nowhere;
    for (std::size_t g = 0; g < genes.size(); ++g)
        if (measured[g] == 0) nowhere.push_back(genes[g]);
    const std::string of = " of the " + std::to_string(genes.size()) + " genes of the list";
    if (!nowhere.empty())
        return badInput(
            "no section measured " + std::to_string(nowhere.size()) + of + " (" + firstFew(nowhere) + ")", {},
            "Take them out of \"genes\" in the configuration, or spell them as the count files do");
    for (std::size_t s = 0; s < sections.size(); ++s)
        if (!missing[s].empty())
            return badInput("it did not measure " + std::to_string(missing[s].size()) + of + " (" +
                                firstFew(missing[s]) + ")",
                            "section " + sections[s]->name,
                            "Take them out of \"genes\" in the configuration, or leave the section out");
    return {};
}

} // namespace spotglass
