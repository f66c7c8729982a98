#include "training/cohort/GradientNoise.h"

#include "training/cohort/PortableRandom.h"

#include <numeric>
#include <utility>

namespace spotglass {
namespace {

constexpr float fade(float t) {
    return t * t * t * (t * (t * 6 - 15) + 10);
}
constexpr float mix(float a, float b, float t) {
    return a + (b - a) * t;
}

/// Eight unit directions are enough once octaves are turned.
constexpr std::array<std::pair<float, float>, 8> directions = {{{1.0f, 0.0f},
                                                                {0.70710678f, 0.70710678f},
                                                                {0.0f, 1.0f},
                                                                {-0.70710678f, 0.70710678f},
                                                                {-1.0f, 0.0f},
                                                                {-0.70710678f, -0.70710678f},
                                                                {0.0f, -1.0f},
                                                                {0.70710678f, -0.70710678f}}};

float slope(std::uint8_t hash, float x, float y) {
    const auto& [gx, gy] = directions[hash & 7u];
    return gx * x + gy * y;
}

} // namespace

GradientNoise::GradientNoise(std::uint64_t seed) {
    std::array<std::uint8_t, 256> shuffled;
    std::iota(shuffled.begin(), shuffled.end(), std::uint8_t{0});
    PortableRandom random(seed);
    for (std::size_t i = 255; i > 0; --i)
        std::swap(shuffled[i],
                  shuffled[static_cast<std::size_t>(random.uniform() * static_cast<double>(i + 1))]);
    for (std::size_t i = 0; i < order_.size(); ++i)
        order_[i] = shuffled[i & 255u];
}

float GradientNoise::at(float x, float y) const {
    // Truncation after an offset is a floor without a call; coordinates stay far above -4096.
    const int ix = static_cast<int>(x + 4096.0f) - 4096, iy = static_cast<int>(y + 4096.0f) - 4096;
    const float fx = x - static_cast<float>(ix), fy = y - static_cast<float>(iy);
    const auto cx = static_cast<std::uint8_t>(ix), cy = static_cast<std::uint8_t>(iy);
    const std::size_t left = order_[cx], right = order_[static_cast<std::size_t>(cx) + 1];
    const float u = fade(fx), v = fade(fy);
    const float top = mix(slope(order_[left + cy], fx, fy), slope(order_[right + cy], fx - 1, fy), u);
    const float bottom =
        mix(slope(order_[left + cy + 1], fx, fy - 1), slope(order_[right + cy + 1], fx - 1, fy - 1), u);
    return 1.5f * mix(top, bottom, v);
}

float GradientNoise::fractal(float x, float y, int octaves) const {
    float sum = 0, amplitude = 1;
    for (int i = 0; i < octaves; ++i) {
        sum += amplitude * at(x, y);
        amplitude *= 0.5f;
        const float turned = 1.62f * x - 1.18f * y + 37.1f; // a turn by 36 degrees and a factor of 2
        y = 1.18f * x + 1.62f * y + 11.3f;
        x = turned;
        if (x > 4e3f || x < -4e3f || y > 4e3f || y < -4e3f) break;
    }
    return sum;
}

} // namespace spotglass
