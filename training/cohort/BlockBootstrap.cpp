#include "training/cohort/BlockBootstrap.h"

#include "training/cohort/PortableRandom.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

namespace spotglass {
namespace {

constexpr double noVariance = 1e-12; // of the sum of squares: what rounding leaves of equal values
constexpr double leastDefined = 0.9;

double normalDistribution(double z) {
    return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normalQuantile(double probability) {
    double low = -40, high = 40;
    for (int i = 0; i < 80; ++i) {
        const double middle = (low + high) / 2;
        (normalDistribution(middle) < probability ? low : high) = middle;
    }
    return low;
}

/// Quantile of Student's t as a series about the normal one (Abramowitz and Stegun, 26.7.5).
double studentQuantile(double probability, double degrees) {
    const double z = normalQuantile(probability), z2 = z * z, n = degrees;
    return z + z * (z2 + 1) / (4 * n) + z * ((5 * z2 + 16) * z2 + 3) / (96 * n * n) +
           z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * n * n * n);
}

/// Linear between the sorted values.
double quantile(const std::vector<double>& sorted, double share) {
    const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

} // namespace

ArrayBlocks arrayBlocks(std::span<const ArrayPlace> places, int side) {
    ArrayBlocks blocks;
    if (places.empty()) return blocks;
    std::int64_t top = places[0][0], left = places[0][1];
    for (const auto& [row, column] : places) {
        top = std::min<std::int64_t>(top, row);
        left = std::min<std::int64_t>(left, column);
    }
    std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> number;
    for (const auto& [row, column] : places) {
        const auto at = number.emplace(std::pair((row - top) / side, (column - left) / side),
                                       static_cast<std::uint32_t>(number.size()));
        blocks.ofSpot.push_back(at.first->second);
    }
    blocks.count = number.size();
    return blocks;
}

std::vector<double> drawBlocks(std::size_t blocks, std::size_t resamples, std::uint64_t seed) {
    PortableRandom random(seed);
    std::vector<double> draws(blocks * resamples, 0.0);
    for (std::size_t r = 0; r < resamples; ++r)
        for (std::size_t b = 0; b < blocks; ++b)
            ++draws[r * blocks + static_cast<std::size_t>(random.uniform() * static_cast<double>(blocks))];
    return draws;
}

void resampledCorrelations(std::span<const BlockSums> sums, std::span<const double> draws,
                           std::span<const double> spotsDrawn, std::span<double> out) {
    for (std::size_t r = 0; r < out.size(); ++r) {
        const double* times = draws.data() + r * sums.size();
        BlockSums all;
        for (std::size_t b = 0; b < sums.size(); ++b) {
            all.x += times[b] * sums[b].x;
            all.y += times[b] * sums[b].y;
            all.xx += times[b] * sums[b].xx;
            all.yy += times[b] * sums[b].yy;
            all.xy += times[b] * sums[b].xy;
        }
        const double n = spotsDrawn[r];
        const double varianceX = all.xx - all.x * all.x / n, varianceY = all.yy - all.y * all.y / n;
        const bool varies = varianceX > noVariance * all.xx && varianceY > noVariance * all.yy;
        out[r] = varies ? (all.xy - all.x * all.y / n) / (std::sqrt(varianceX) * std::sqrt(varianceY))
                        : std::numeric_limits<double>::quiet_NaN();
    }
}

Interval bootstrapInterval(std::vector<double> values, double figure, double confidence, double degrees,
                           double narrowness) {
    const auto all = static_cast<double>(values.size());
    std::erase_if(values, [](double v) { return std::isnan(v); });
    const auto defined = static_cast<double>(values.size());
    if (values.empty() || defined < leastDefined * all || std::isnan(figure) || !(degrees >= 1)) return {};
    std::sort(values.begin(), values.end());
    const double bias = std::accumulate(values.begin(), values.end(), 0.0) / defined - figure;
    const double tail = normalDistribution(-narrowness * studentQuantile((1 + confidence) / 2, degrees));
    return {quantile(values, tail) - bias, quantile(values, 1 - tail) - bias};
}

} // namespace spotglass
