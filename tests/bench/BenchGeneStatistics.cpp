// How fast Moran's I of all genes of a section and the detailed metrics are: bench_gene_statistics
// [--threads N] [COHORT]. One JSON document on standard output. Beside every figure stands its floor: what
// the same threads take for only reading the counts, and for only the logarithms. COHORT: the sections of a
// folder are measured as well.
#include "training/cohort/Cohort.h"
#include "training/cohort/GeneMetrics.h"
#include "training/cohort/GenePanel.h"
#include "training/cohort/GeneThreads.h"
#include "training/cohort/PortableRandom.h"
#include "training/cohort/SpatialStatistics.h"
#include "viewer/base/Processors.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

using namespace spotglass;
using Json = nlohmann::json;

namespace {

double milliseconds(const std::function<void()>& work) {
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        times.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

template <typename T> T checked(Result<T> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "%s\n", result.error().sentence().c_str());
    std::exit(result.error().exitCode());
}

/// Genes whose means fall over four decades, as in legacy Spatial Transcriptomics: about a fifth of the
/// counts is not zero.
CountMatrix syntheticCounts(std::size_t spots, std::size_t genes) {
    PortableRandom random(1);
    std::vector<double> mean(genes);
    for (double& m : mean)
        m = 0.08 * std::exp(1.7 * random.normal());
    CountMatrix counts;
    counts.genes = genes;
    std::vector<float> row(genes);
    for (std::size_t s = 0; s < spots; ++s) {
        const double depth = std::exp(0.5 * random.normal());
        for (std::size_t g = 0; g < genes; ++g)
            row[g] = static_cast<float>(random.poisson(mean[g] * depth));
        counts.appendRow(row);
    }
    return counts;
}

std::vector<ArrayPlace> rows(std::size_t spots, int width) {
    std::vector<ArrayPlace> places;
    for (int s = 0; s < static_cast<int>(spots); ++s)
        places.push_back({s / width, s % width});
    return places;
}

/// What cannot be saved: each count is read once, and has one logarithm.
Json floors(const CountMatrix& counts, unsigned threads) {
    constexpr std::size_t piece = 1 << 16;
    std::vector<double> sums(counts.values.size() / piece + 1);
    const double reading = milliseconds([&] {
        inGeneThreads(counts.values.size(), piece, threads, [&](std::size_t first, std::size_t last) {
            double sum = 0;
            for (std::size_t i = first; i < last; ++i)
                sum += static_cast<double>(counts.values[i]) + static_cast<double>(counts.geneIndex[i]);
            sums[first / piece] = sum;
        });
    });
    const double logarithms = milliseconds([&] {
        inGeneThreads(counts.values.size(), piece, threads, [&](std::size_t first, std::size_t last) {
            double sum = 0;
            for (std::size_t i = first; i < last; ++i)
                sum += std::log1p(static_cast<double>(counts.values[i]));
            sums[first / piece] = sum;
        });
    });
    return {{"read_counts_ms", reading}, {"logarithms_ms", logarithms}};
}

Json measure(const CountMatrix& counts, const ArrayGraph& graph, unsigned threads) {
    std::size_t undefinedGenes = 0;
    const double all =
        milliseconds([&] { undefinedGenes = checked(moransI(counts, graph, threads)).undefinedGenes; });
    const double single = milliseconds([&] { (void)checked(moransI(counts, graph, 1)); });
    return {{"spots", counts.spots},
            {"genes", counts.genes},
            {"not_zero", counts.values.size()},
            {"share_not_zero",
             static_cast<double>(counts.values.size()) / static_cast<double>(counts.spots * counts.genes)},
            {"undefined_genes", undefinedGenes},
            {"morans_i_ms", all},
            {"morans_i_one_thread_ms", single},
            {"floor", floors(counts, threads)}};
}

/// Confidence intervals and Moran's I of 250 genes in four sections of 250 spots.
Json measureMetrics(unsigned threads) {
    constexpr std::size_t spots = 250, genes = 250;
    PortableRandom random(2);
    std::vector<SectionPrediction> sections;
    for (int i = 0; i < 4; ++i) {
        const std::string name(1, static_cast<char>('A' + i));
        SectionPrediction s{name, name + "1", spots, genes, {}, {}, rows(spots, 16)};
        for (std::size_t v = 0; v < spots * genes; ++v) {
            s.measured.push_back(static_cast<float>(random.normal()));
            s.predicted.push_back(s.measured.back() + static_cast<float>(random.normal()));
        }
        sections.push_back(std::move(s));
    }
    const std::vector<std::string> names(genes, "gene");
    BootstrapOptions options;
    options.threads = threads;
    const double all = milliseconds([&] { (void)checked(geneMetrics(sections, names, 50, options)); });
    options.threads = 1;
    const double single = milliseconds([&] { (void)checked(geneMetrics(sections, names, 50, options)); });
    const double published = milliseconds([&] { (void)checked(publishedMetrics(sections)); });
    return {{"genes", genes},
            {"sections", sections.size()},
            {"spots", spots},
            {"ms", all},
            {"one_thread_ms", single},
            {"published_alone_ms", published},
            {"resamples", options.resamples}};
}

Json measureCohort(const std::string& folder, unsigned threads) {
    const auto cohort = checked(readCohort(folder));
    Json report{{"sections", Json::object()}};
    std::vector<const Section*> sections;
    for (const auto& section : cohort.sections) {
        const auto graph = checked(arrayGraph(arrayPlaces(section.spots), section.array.geometry));
        report["sections"][section.name] = measure(section.counts, graph, threads);
        sections.push_back(&section);
    }
    for (const auto method : {GenePanelMethod::SpatiallyVariable, GenePanelMethod::MostVariable,
                              GenePanelMethod::MostExpressed}) {
        GenePanelOptions options;
        options.method = method;
        options.threads = threads;
        GenePanel panel;
        const double time = milliseconds([&] { panel = checked(chooseGenePanel(sections, options)); });
        report["panel"][genePanelMethodName(method)] = {
            {"ms", time},
            {"genes", panel.genes.size()},
            {"first_genes", std::vector(panel.genes.begin() + 3, panel.genes.begin() + 11)},
            {"lowest_score", panel.scores.back()}};
    }
    return report;
}

} // namespace

int main(int argc, char** argv) {
    unsigned threads = 0;
    std::string folder;
    for (int i = 1; i < argc; ++i)
        if (std::string(argv[i]) == "--threads" && i + 1 < argc)
            threads = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
        else
            folder = argv[i];
    constexpr std::size_t spots = 700, genes = 15'000;
    const auto graph = checked(arrayGraph(rows(spots, 28), ArrayGeometry::Square));
    Json report{{"threads", threads > 0 ? threads : static_cast<unsigned>(availableProcessors())},
                {"made_up", measure(syntheticCounts(spots, genes), graph, threads)},
                {"gene_metrics", measureMetrics(threads)}};
    if (!folder.empty()) report["cohort"] = measureCohort(folder, threads);
    std::fprintf(stdout, "%s\n", report.dump(1).c_str());
    return 0;
}
