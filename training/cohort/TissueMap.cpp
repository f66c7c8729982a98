#include "training/cohort/TissueMap.h"

#include "training/cohort/GradientNoise.h"
#include "training/cohort/PortableRandom.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

using Field = std::vector<float>;

std::uint8_t toByte(float value) {
    return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 1.0f) * 255.0f + 0.5f);
}

/// The value above which the given share of the places with weight lies (every fourth place is looked at).
float thresholdFor(const Field& field, const std::vector<std::uint8_t>& where, double share) {
    Field values;
    for (std::size_t i = 0; i < field.size(); i += 4)
        if (where[i] > 127) values.push_back(field[i]);
    if (values.empty()) return 1e9f;
    const auto rank = static_cast<std::ptrdiff_t>((1 - share) * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    return values[static_cast<std::size_t>(rank)];
}

/// Mask of the places where the field is above the threshold; `steepness` sets how soft its edge is.
std::vector<std::uint8_t> above(const Field& field, float threshold, float steepness) {
    std::vector<std::uint8_t> mask(field.size());
    for (std::size_t i = 0; i < field.size(); ++i)
        mask[i] = toByte(0.5f + (field[i] - threshold) * steepness);
    return mask;
}

class Artist {
  public:
    Artist(int pixels, std::uint64_t seed) : seed_(seed), random_(mixSeed(seed, 100)) {
        map_.pixels = pixels;
        map_.width = (pixels + TissueMap::step - 1) / TissueMap::step;
        region_ = std::clamp(static_cast<float>(pixels) / 3.2f, 300.0f, 1300.0f);
    }

    TissueMap draw() {
        drawOutline();
        drawAdipose();
        drawTumour();
        drawImmune();
        map_.density = above(fractal(40, region_ * 0.6f, 3), 0, 0.9f);
        map_.grade = above(fractal(41, region_ * 0.8f, 2), 0, 0.9f);
        drawFibres();
        return std::move(map_);
    }

  private:
    [[nodiscard]] float at(int i) const { return (static_cast<float>(i) + 0.5f) * TissueMap::step; }

    template <typename Value> Field fill(Value value) const {
        Field field(static_cast<std::size_t>(map_.width) * static_cast<std::size_t>(map_.width));
        std::size_t k = 0;
        for (int j = 0; j < map_.width; ++j)
            for (int i = 0; i < map_.width; ++i, ++k)
                field[k] = value(at(i), at(j), k);
        return field;
    }

    [[nodiscard]] GradientNoise noise(std::uint64_t stream) const {
        return GradientNoise(mixSeed(seed_, stream));
    }

    [[nodiscard]] Field fractal(std::uint64_t stream, float wavelength, int octaves) const {
        const GradientNoise n = noise(stream);
        return fill([&](float x, float y, std::size_t) {
            return n.fractal(x / wavelength, y / wavelength, octaves);
        });
    }

    void drawOutline() {
        const GradientNoise lobes = noise(1), edge = noise(2), cracks = noise(3), where = noise(4);
        const float size = static_cast<float>(map_.pixels);
        const float cx = size * static_cast<float>(random_.uniform(0.48, 0.52));
        const float cy = size * static_cast<float>(random_.uniform(0.48, 0.52));
        const float turn = static_cast<float>(random_.uniform(0, 3.14));
        const float stretch = static_cast<float>(random_.uniform(0.94, 1.08));
        const float c = std::cos(turn), s = std::sin(turn);
        const Field shape = fill([&](float x, float y, std::size_t) {
            const float u = (c * (x - cx) + s * (y - cy)) / (0.45f * size * stretch);
            const float v = (c * (y - cy) - s * (x - cx)) / (0.45f * size / stretch);
            const float r =
                std::sqrt(std::sqrt(u * u * u * u + v * v * v * v) * 0.5f + (u * u + v * v) * 0.5f);
            const float rough = edge.fractal(x / 260.0f, y / 260.0f, 6);
            // A frame of glass remains whatever the lobes do.
            const float frame =
                std::min(std::min(x, size - x), std::min(y, size - y)) - 0.025f * size + 50.0f * rough;
            const float body = 1.0f - r + 0.11f * lobes.fractal(x / (0.45f * size), y / (0.45f * size), 2) +
                               80.0f * rough / size;
            // Cracks follow the zero line of one field where another one is high.
            const float gap =
                std::abs(cracks.fractal(x / (0.4f * size), y / (0.4f * size), 4)) * 0.35f * size;
            const float crack =
                gap - 40.0f * std::max(0.0f, where.at(x / (0.3f * size), y / (0.3f * size)) - 0.35f);
            return std::min(std::min(body * 0.47f * size, crack), frame);
        });
        map_.tissue = above(shape, 0, 0.22f);
    }

    void drawAdipose() {
        const GradientNoise n = noise(10);
        const float size = static_cast<float>(map_.pixels);
        adipose_ = fill([&](float x, float y, std::size_t) {
            const float dx = x / size - 0.5f, dy = y / size - 0.5f;
            return n.fractal(x / region_, y / region_, 4) + 2.2f * (dx * dx + dy * dy);
        });
        map_.adipose =
            above(adipose_, thresholdFor(adipose_, map_.tissue, random_.uniform(0.08, 0.16)), 14.0f);
    }

    void drawTumour() {
        const GradientNoise regional = noise(20), nests = noise(21), warp = noise(22);
        region2_ = fill([&](float x, float y, std::size_t k) {
            return regional.fractal(x / region_, y / region_, 2) - 0.5f * std::max(0.0f, adipose_[k] - 0.2f);
        });
        tumour_ = fill([&](float x, float y, std::size_t k) {
            const float wx = x + 30.0f * warp.at(x / 90.0f, y / 90.0f),
                        wy = y + 30.0f * warp.at(y / 90.0f, x / 90.0f);
            return 0.8f * region2_[k] + 0.75f * nests.fractal(wx / 190.0f, wy / 190.0f, 4);
        });
        const float threshold = thresholdFor(tumour_, map_.tissue, random_.uniform(0.30, 0.42));
        for (float& value : tumour_)
            value -= threshold;
        map_.tumour = above(tumour_, 0, 9.0f);

        const GradientNoise dead = noise(23), holes = noise(24), glands = noise(25);
        const Field necrosis = fill([&](float x, float y, std::size_t k) {
            return std::min(tumour_[k], 0.8f) +
                   0.9f * dead.fractal(x / (region_ * 0.4f), y / (region_ * 0.4f), 4);
        });
        map_.necrosis =
            above(necrosis, thresholdFor(necrosis, map_.tissue, random_.uniform(0.03, 0.06)), 6.0f);
        // Lumens lie inside the nests of glandular regions only.
        const Field lumen = fill([&](float x, float y, std::size_t k) {
            return holes.fractal(x / 75.0f, y / 75.0f, 2) + 0.6f * glands.at(x / region_, y / region_) +
                   std::min(0.0f, 6.0f * (tumour_[k] - 0.14f));
        });
        map_.lumen = above(lumen, thresholdFor(lumen, map_.tissue, random_.uniform(0.008, 0.02)), 10.0f);
    }

    void drawImmune() {
        const GradientNoise n = noise(30);
        const Field immune = fill([&](float x, float y, std::size_t k) {
            const float margin =
                std::max(0.0f, 1.0f - std::abs(tumour_[k] + 0.18f) * 3.0f); // just outside the nests
            return n.fractal(x / (region_ * 0.45f), y / (region_ * 0.45f), 5) + 0.35f * margin -
                   std::max(0.0f, tumour_[k]) * 2.0f;
        });
        map_.immune = above(immune, thresholdFor(immune, map_.tissue, random_.uniform(0.10, 0.16)), 5.0f);
    }

    /// Fibres run along the level lines of a potential that rises into the nests, so they wrap around them.
    void drawFibres() {
        const GradientNoise n = noise(50);
        const Field potential = fill([&](float x, float y, std::size_t k) {
            return n.fractal(x / (region_ * 0.7f), y / (region_ * 0.7f), 2) +
                   0.10f * std::clamp(tumour_[k], -0.6f, 0.6f);
        });
        const int w = map_.width;
        map_.fibreX.resize(potential.size());
        map_.fibreY.resize(potential.size());
        for (int j = 0; j < w; ++j)
            for (int i = 0; i < w; ++i) {
                const auto p = [&](int x, int y) {
                    return potential[static_cast<std::size_t>(std::clamp(y, 0, w - 1)) *
                                         static_cast<std::size_t>(w) +
                                     static_cast<std::size_t>(std::clamp(x, 0, w - 1))];
                };
                const float gx = p(i + 3, j) - p(i - 3, j), gy = p(i, j + 3) - p(i, j - 3);
                const float length = std::max(1e-6f, std::sqrt(gx * gx + gy * gy));
                const std::size_t k =
                    static_cast<std::size_t>(j) * static_cast<std::size_t>(w) + static_cast<std::size_t>(i);
                map_.fibreX[k] = -gy / length;
                map_.fibreY[k] = gx / length;
            }
    }

    std::uint64_t seed_;
    PortableRandom random_;
    TissueMap map_;
    float region_ = 0; ///< width of a region, level-0 pixels
    Field adipose_, region2_, tumour_;
};

} // namespace

std::size_t TissueMap::index(double x, double y) const {
    const int i = std::clamp(static_cast<int>(x / step), 0, width - 1);
    const int j = std::clamp(static_cast<int>(y / step), 0, width - 1);
    return static_cast<std::size_t>(j) * static_cast<std::size_t>(width) + static_cast<std::size_t>(i);
}

Compartment TissueMap::compartment(std::size_t at) const {
    if (tissue[at] < 128 || lumen[at] > 127) return Compartment::Glass;
    if (adipose[at] > 127) return Compartment::Adipose;
    if (necrosis[at] > 127) return Compartment::Necrosis;
    if (tumour[at] > 127) return Compartment::Tumour;
    return immune[at] > 127 ? Compartment::Immune : Compartment::Stroma;
}

TissueMap drawTissueMap(int pixels, std::uint64_t seed) {
    return Artist(pixels, seed).draw();
}

} // namespace spotglass
