#include "inference/model/Dropout.h"

#include "inference/model/Parallel.h"

#include <ATen/Dispatch.h>
#include <cmath>
#include <stdexcept>

namespace spotglass {
namespace {

constexpr std::int64_t kLanes = 4;              ///< draws of 16 bits from one number
constexpr std::int64_t kElementsAtATime = 8192; ///< a multiple of kLanes: a thread's least work

/// Steele, Lea and Flood 2014 (SplitMix64): number `at` of the sequence that begins at `seed`.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t at) {
    std::uint64_t x = seed + (at + 1) * 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

template <typename T> struct Mask {
    std::uint64_t seed;
    std::uint32_t threshold;
    T scale;

    void one(T& value, std::int64_t number) const {
        const auto lane = static_cast<unsigned>(number % kLanes);
        const auto draw = (mixed(seed, static_cast<std::uint64_t>(number / kLanes)) >> (16 * lane)) & 0xFFFF;
        value = draw < threshold ? T(0) : value * scale;
    }
    void operator()(T* values, std::int64_t count, std::int64_t first) const {
        std::int64_t i = 0;
        for (; i < count && (first + i) % kLanes != 0; ++i)
            one(values[i], first + i);
        for (; i + kLanes <= count; i += kLanes) {
            std::uint64_t draws = mixed(seed, static_cast<std::uint64_t>((first + i) / kLanes));
            for (std::int64_t lane = 0; lane < kLanes; ++lane, draws >>= 16)
                values[i + lane] = (draws & 0xFFFF) < threshold ? T(0) : values[i + lane] * scale;
        }
        for (; i < count; ++i)
            one(values[i], first + i);
    }
};

} // namespace

void dropOut(torch::Tensor& values, double p, std::uint64_t seed, std::int64_t first) {
    if (p <= 0) return;
    if (!values.is_contiguous()) throw std::invalid_argument("dropOut() wants contiguous values");
    if (!values.device().is_cpu()) {
        auto generator = at::globalContext().defaultGenerator(values.device()).clone();
        generator.set_current_seed(mixed(seed, static_cast<std::uint64_t>(first)));
        values.mul_(at::empty_like(values).bernoulli_(1 - p, generator)).div_(1 - p);
        return;
    }
    const auto threshold = static_cast<std::uint32_t>(std::lround(p * 65536));
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, values.scalar_type(), "dropOut", [&] {
        const Mask<scalar_t> mask{seed, threshold, static_cast<scalar_t>(1 / (1 - p))};
        auto* data = values.data_ptr<scalar_t>();
        const auto count = values.numel();
        const auto blocks = (count + kElementsAtATime - 1) / kElementsAtATime;
        inThreads(blocks, 4, [&](std::int64_t begin, std::int64_t end) {
            const auto from = begin * kElementsAtATime, to = std::min(count, end * kElementsAtATime);
            mask(data + from, to - from, first + from);
        });
    });
}

std::uint64_t drawSeed() {
    return static_cast<std::uint64_t>(
        at::randint(std::numeric_limits<std::int64_t>::max(), {1}, at::kLong).item<std::int64_t>());
}

} // namespace spotglass
