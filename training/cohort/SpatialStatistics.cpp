#include "training/cohort/SpatialStatistics.h"

#include "training/cohort/GeneThreads.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace spotglass {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t genesAtATime = 64; // few enough to share out evenly, enough to make the sharing cheap
constexpr double noVariance = 1e-24;     // of the sum of squares: what rounding of equal values leaves

/// What all genes of a section share.
struct GraphSums {
    double spots = 0, weights = 0;
    double s1 = 0, s2 = 0; ///< half the sum of (w_ij + w_ji)^2; sum of (row sum + column sum)^2
};

GraphSums sumsOf(const ArrayGraph& graph) {
    GraphSums sums{static_cast<double>(graph.spots()), static_cast<double>(graph.links()),
                   2 * static_cast<double>(graph.links()), 0};
    for (std::size_t s = 0; s < graph.spots(); ++s) {
        const auto degree = static_cast<double>(graph.of(s).size());
        sums.s2 += 4 * degree * degree;
    }
    return sums;
}

/// Values that are not zero, gene after gene.
struct SparseColumns {
    std::vector<std::size_t> offsets;
    std::vector<std::uint32_t> spot;
    std::vector<double> value;
};

/// Of each spot what its counts are multiplied by.
std::vector<double> depthScales(const CountMatrix& counts) {
    std::vector<double> depth(counts.spots, 0.0), positive;
    for (std::size_t s = 0; s < counts.spots; ++s) {
        for (std::size_t i = counts.offsets[s]; i < counts.offsets[s + 1]; ++i)
            depth[s] += static_cast<double>(counts.values[i]);
        if (depth[s] > 0) positive.push_back(depth[s]);
    }
    if (positive.empty()) return depth;
    std::sort(positive.begin(), positive.end());
    const std::size_t half = positive.size() / 2;
    const double median = positive.size() % 2 ? positive[half] : (positive[half - 1] + positive[half]) / 2;
    for (double& d : depth)
        d = d > 0 ? median / d : 0;
    return depth;
}

/// The counts gene after gene, each multiplied by its spot's scale; logarithms are left to the threads.
SparseColumns scaledColumns(const CountMatrix& counts) {
    const auto scale = depthScales(counts);
    SparseColumns columns;
    columns.offsets.assign(counts.genes + 1, 0);
    for (const std::uint32_t gene : counts.geneIndex)
        ++columns.offsets[gene + 1];
    for (std::size_t g = 0; g < counts.genes; ++g)
        columns.offsets[g + 1] += columns.offsets[g];
    columns.spot.resize(counts.values.size());
    columns.value.resize(counts.values.size());
    std::vector<std::size_t> next(columns.offsets.begin(), columns.offsets.end() - 1);
    for (std::size_t s = 0; s < counts.spots; ++s)
        for (std::size_t i = counts.offsets[s]; i < counts.offsets[s + 1]; ++i) {
            const std::size_t at = next[counts.geneIndex[i]]++;
            columns.spot[at] = static_cast<std::uint32_t>(s);
            columns.value[at] = static_cast<double>(counts.values[i]) * scale[s];
        }
    return columns;
}

/// Moran's I of one gene after another, in scratch memory of its own.
class GeneMoran {
  public:
    GeneMoran(const ArrayGraph& graph, const GraphSums& sums, MoranStatistics& out)
        : graph_(&graph), sums_(&sums), out_(&out), dense_(graph.spots(), 0.0) {}

    /// `value` of the spots `spot`; all others are zero. Expanded into sums over the spots that are not zero,
    /// centred there: a gene with few zeros loses no digits to a large mean, one with many has a small mean.
    void compute(std::size_t gene, std::span<const std::uint32_t> spot, std::span<const double> value) {
        const auto& [n, weights, s1, s2] = *sums_;
        const double zeros = n - static_cast<double>(value.size());
        double sum = 0, squares = 0;
        for (std::size_t k = 0; k < value.size(); ++k) {
            sum += value[k];
            squares += value[k] * value[k];
            dense_[spot[k]] = value[k];
        }
        const double mean = sum / n;
        double zz = zeros * mean * mean, zzzz = zeros * mean * mean * mean * mean;
        double cross = 0, lagsOfAll = 0, lags = 0, degrees = 0;
        for (std::size_t k = 0; k < value.size(); ++k) {
            const auto neighbours = graph_->of(spot[k]);
            const auto degree = static_cast<double>(neighbours.size());
            double lag = 0;
            for (const std::uint32_t other : neighbours)
                lag += dense_[other];
            const double z = value[k] - mean;
            zz += z * z;
            zzzz += z * z * z * z;
            cross += z * (lag - mean * degree);
            lagsOfAll += value[k] * degree; // the sum of all lags, for every link has two ends
            lags += lag;
            degrees += degree;
        }
        cross -= mean * ((lagsOfAll - lags) - mean * (weights - degrees)); // spots that are zero
        for (const std::uint32_t s : spot)
            dense_[s] = 0;
        if (weights == 0 || !(zz > noVariance * squares)) return;
        out_->statistic[gene] = n / weights * (cross / zz);
        test(gene, n * zzzz / (zz * zz));
    }

  private:
    void test(std::size_t gene, double kurtosis) {
        const auto& [n, w, s1, s2] = *sums_;
        if (n < 4) return;
        const double expectation = out_->expectation;
        const double second = (n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * w * w) -
                               kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * w * w)) /
                              ((n - 1) * (n - 2) * (n - 3) * w * w);
        const double variance = second - expectation * expectation;
        if (!(variance > 0)) return;
        out_->zScore[gene] = (out_->statistic[gene] - expectation) / std::sqrt(variance);
        out_->pValue[gene] = 0.5 * std::erfc(out_->zScore[gene] / std::numbers::sqrt2);
    }

    const ArrayGraph* graph_;
    const GraphSums* sums_;
    MoranStatistics* out_;
    std::vector<double> dense_; ///< zero between two genes
};

MoranStatistics emptyStatistics(std::size_t genes, std::size_t spots) {
    MoranStatistics out;
    out.statistic.assign(genes, undefined);
    out.zScore = out.pValue = out.statistic;
    out.expectation = spots > 1 ? -1 / static_cast<double>(spots - 1) : undefined;
    return out;
}

void countUndefined(MoranStatistics& out) {
    out.undefinedGenes = static_cast<std::size_t>(
        std::count_if(out.statistic.begin(), out.statistic.end(), [](double v) { return std::isnan(v); }));
}

Failure otherSpots(std::size_t spots, const ArrayGraph& graph) {
    return badInput("there are values of " + std::to_string(spots) + " spots, and " +
                    std::to_string(graph.spots()) + " places on the array");
}

} // namespace

Result<MoranStatistics> moransI(const CountMatrix& counts, const ArrayGraph& graph, unsigned threads) {
    if (counts.spots != graph.spots()) return otherSpots(counts.spots, graph);
    auto out = emptyStatistics(counts.genes, counts.spots);
    const auto sums = sumsOf(graph);
    auto columns = scaledColumns(counts);
    inGeneThreads(counts.genes, genesAtATime, threads,
                  [&columns, one = GeneMoran(graph, sums, out)](std::size_t first, std::size_t last) mutable {
                      for (std::size_t g = first; g < last; ++g) {
                          const std::size_t from = columns.offsets[g], size = columns.offsets[g + 1] - from;
                          const auto values = std::span(columns.value).subspan(from, size);
                          for (double& v : values)
                              v = std::log1p(v);
                          one.compute(g, std::span(columns.spot).subspan(from, size), values);
                      }
                  });
    countUndefined(out);
    return out;
}

Result<MoranStatistics> moransI(std::span<const float> values, std::size_t genes, const ArrayGraph& graph,
                                unsigned threads) {
    const std::size_t spots = graph.spots();
    if (values.size() != spots * genes) return otherSpots(genes ? values.size() / genes : 0, graph);
    auto out = emptyStatistics(genes, spots);
    const auto sums = sumsOf(graph);
    std::vector<std::uint32_t> all(spots);
    for (std::size_t s = 0; s < spots; ++s)
        all[s] = static_cast<std::uint32_t>(s);
    inGeneThreads(genes, genesAtATime, threads,
                  [&, one = GeneMoran(graph, sums, out),
                   column = std::vector<double>(spots)](std::size_t first, std::size_t last) mutable {
                      for (std::size_t g = first; g < last; ++g) {
                          for (std::size_t s = 0; s < spots; ++s)
                              column[s] = static_cast<double>(values[s * genes + g]);
                          one.compute(g, all, column);
                      }
                  });
    countUndefined(out);
    return out;
}

} // namespace spotglass
