#pragma once

#include "training/cohort/ArrayGraph.h"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// Resampling of the spots of a section in blocks of the array, because neighbouring spots are alike (and
/// smoothed together): spots drawn one by one would make every interval far too narrow. Non-overlapping
/// blocks, drawn with replacement (Lahiri, Resampling Methods for Dependent Data, Springer 2003, chapters 2
/// and 12). Pure functions, safe on every thread.
namespace spotglass {

struct BootstrapOptions {
    /// Places of the array in each direction; twice as wide as the smoothing of 3, which leaves neighbouring
    /// blocks little in common. On made-up sections of 16 x 16 spots, smoothed 3 x 3, the 95 % interval of a
    /// gene in one section or four held the true correlation in 91 to 93 of 100 cases (spots drawn one by
    /// one: 64 to 70); smoothed 5 x 5, in 88: tissue with wider patterns asks for wider blocks. The interval
    /// of a mean over 40 genes that have nothing in common held it in 82 to 95: so narrow that the small bias
    /// of a correlation itself counts.
    int blockSide = 6;
    std::size_t resamples = 1000;
    double confidence = 0.95;
    std::uint64_t seed = 2021;
    unsigned threads = 0; ///< 0: one a processor; the numbers do not depend on it
};

/// Both ends NaN where there is no interval.
struct Interval {
    double low = std::numeric_limits<double>::quiet_NaN();
    double high = std::numeric_limits<double>::quiet_NaN();
};

/// Which block each spot belongs to; blocks without a spot are not counted.
struct ArrayBlocks {
    std::size_t count = 0;
    std::vector<std::uint32_t> ofSpot; ///< below `count`
};

/// Squares of `side` x `side` places (`side` at least 1), from the smallest row and column on. On a hexagonal
/// array, in axial coordinates, they are rhombi.
[[nodiscard]] ArrayBlocks arrayBlocks(std::span<const ArrayPlace> places, int side);

/// How often each block is in each resample: resamples x blocks, row-major; every row sums to `blocks`. The
/// same on every machine.
[[nodiscard]] std::vector<double> drawBlocks(std::size_t blocks, std::size_t resamples, std::uint64_t seed);

/// Sums over the spots of one block of two variables less their means over the section: enough for the
/// correlation of any resample.
struct BlockSums {
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
};

/// Of each resample the Pearson correlation over its spots, from `sums` (one a block) in O(blocks). `draws`
/// as drawBlocks() gives them, `spotsDrawn` the number of spots of each resample, `out` one value a resample;
/// NaN where one of the variables does not vary.
void resampledCorrelations(std::span<const BlockSums> sums, std::span<const double> draws,
                           std::span<const double> spotsDrawn, std::span<double> out);

/// The expanded percentile interval (Hesterberg, The American Statistician 69, 2015, section 4.3) about
/// `figure`, the value of the spots as they are: percentiles of the resampled values, moved outwards as far
/// as Student's t with `degrees` degrees of freedom and the bootstrap's own narrowness, `narrowness` =
/// sqrt(blocks / (blocks - 1)), ask for, because few blocks make plain percentiles too narrow; then moved
/// together by the bias of the resamples, figure less their mean, for blocks keep less of the large patterns
/// than the section has. Undefined values (NaN) are left out; no interval where they are more than a tenth,
/// where `figure` is undefined, or with `degrees` below 1.
[[nodiscard]] Interval bootstrapInterval(std::vector<double> values, double figure, double confidence,
                                         double degrees, double narrowness);

} // namespace spotglass
