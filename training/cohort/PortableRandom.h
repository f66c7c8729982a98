#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace spotglass {

/// Random numbers that are the same on every machine: the standard fixes std::mt19937_64 but not its
/// distributions. Every draw takes a fixed count of raw numbers, so that a last-bit difference in a
/// mathematical function cannot shift the sequence. One thread.
class PortableRandom {
  public:
    explicit PortableRandom(std::uint64_t seed) : engine_(seed) {}

    /// Even in [0, 1).
    [[nodiscard]] double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
    [[nodiscard]] double uniform(double from, double to) { return from + (to - from) * uniform(); }

    /// Standard normal (Box and Muller).
    [[nodiscard]] double normal() {
        const double radius = std::sqrt(-2 * std::log(1 - uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }

    /// Poisson by inversion; by a rounded normal above a mean of 500.
    [[nodiscard]] std::uint32_t poisson(double mean) {
        const double u = uniform(), v = uniform();
        if (mean > 500) {
            const double z = std::sqrt(-2 * std::log(1 - u)) * std::cos(2 * std::numbers::pi * v);
            return static_cast<std::uint32_t>(std::max(0.0, std::floor(mean + std::sqrt(mean) * z + 0.5)));
        }
        double probability = std::exp(-mean), sum = probability;
        std::uint32_t k = 0;
        while (u > sum && k < 2000) {
            probability *= mean / ++k;
            sum += probability;
        }
        return k;
    }

  private:
    std::mt19937_64 engine_;
};

/// Mixes a seed with a number of its own for every use, so that streams do not depend on each other
/// (splitmix64).
[[nodiscard]] inline std::uint64_t mixSeed(std::uint64_t seed, std::uint64_t stream) {
    std::uint64_t z = seed + 0x9E3779B97F4A7C15ull * (stream + 1);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

} // namespace spotglass
