#include "training/cohort/TissuePainter.h"

#include "training/cohort/PortableRandom.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace spotglass {
namespace {

/// Optical densities are kept in hundredths, so that two bytes a pixel are enough.
constexpr float perUnit = 100.0f;

std::uint8_t densityByte(float value) {
    return static_cast<std::uint8_t>(std::clamp(value * perUnit, 0.0f, 255.0f));
}

/// A square of smooth noise, 0 to 1 with mean 0.5, that repeats; its side is a power of two.
class NoiseTable {
  public:
    NoiseTable(std::uint64_t seed, int rounds) : values_(static_cast<std::size_t>(side) * side) {
        PortableRandom random(seed);
        for (float& v : values_)
            v = static_cast<float>(random.uniform());
        for (int i = 0; i < rounds; ++i)
            blur();
        double sum = 0, squares = 0;
        for (const float v : values_) {
            sum += v;
            squares += static_cast<double>(v) * v;
        }
        const double mean = sum / static_cast<double>(values_.size());
        const double deviation = std::sqrt(squares / static_cast<double>(values_.size()) - mean * mean);
        for (float& v : values_)
            v = std::clamp(static_cast<float>(0.5 + 0.18 * (v - mean) / deviation), 0.0f, 1.0f);
    }
    [[nodiscard]] float at(int x, int y) const {
        return values_[static_cast<std::size_t>(y & (side - 1)) * side +
                       static_cast<std::size_t>(x & (side - 1))];
    }

  private:
    static constexpr int side = 512;
    void blur() {
        std::vector<float> out(values_.size());
        for (int y = 0; y < side; ++y)
            for (int x = 0; x < side; ++x)
                out[static_cast<std::size_t>(y) * side + static_cast<std::size_t>(x)] =
                    (2 * at(x, y) + at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1)) / 6.0f;
        values_ = std::move(out);
    }
    std::vector<float> values_;
};

/// Optical densities of both stains at one place.
struct Stain {
    float h = 0, e = 0;
    void blend(Stain over, float alpha) {
        h += (over.h - h) * alpha;
        e += (over.e - e) * alpha;
    }
};

/// Paints everything but the nuclei, at half resolution: what lies between the nuclei has no finer detail.
class Ground {
  public:
    Ground(const TissueMap& map, std::uint64_t seed)
        : map_(map), fine_(mixSeed(seed, 300), 1), coarse_(mixSeed(seed, 301), 5), seed_(seed) {
        const cv::Size size((map.pixels + 1) / 2, (map.pixels + 1) / 2);
        const auto enlarge = [&](const auto& grid, int type) {
            cv::Mat out;
            const cv::Mat in(map.width, map.width, type,
                             const_cast<void*>(static_cast<const void*>(grid.data())));
            cv::resize(in, out, cv::Size(map.width * 2, map.width * 2), 0, 0, cv::INTER_LINEAR);
            return out(cv::Rect(cv::Point(0, 0), size)).clone();
        };
        tissue_ = enlarge(map.tissue, CV_8U);
        immune_ = enlarge(map.immune, CV_8U);
        tumour_ = enlarge(map.tumour, CV_8U);
        necrosis_ = enlarge(map.necrosis, CV_8U);
        adipose_ = enlarge(map.adipose, CV_8U);
        lumen_ = enlarge(map.lumen, CV_8U);
        density_ = enlarge(map.density, CV_8U);
    }

    /// Haematoxylin and eosin at full resolution.
    void paint(cv::Mat& h, cv::Mat& e) const {
        cv::Mat halfH(tissue_.size(), CV_8U), halfE(tissue_.size(), CV_8U);
        for (int y = 0; y < halfH.rows; ++y) {
            auto* rowH = halfH.ptr<std::uint8_t>(y);
            auto* rowE = halfE.ptr<std::uint8_t>(y);
            for (int x = 0; x < halfH.cols; ++x) {
                const Stain s = at(x, y);
                rowH[x] = densityByte(s.h);
                rowE[x] = densityByte(s.e);
            }
        }
        const cv::Size doubled(halfH.cols * 2, halfH.rows * 2);
        const cv::Rect whole(0, 0, map_.pixels, map_.pixels);
        cv::Mat large;
        cv::resize(halfH, large, doubled, 0, 0, cv::INTER_LINEAR);
        large(whole).copyTo(h);
        cv::resize(halfE, large, doubled, 0, 0, cv::INTER_LINEAR);
        large(whole).copyTo(e);
    }

  private:
    [[nodiscard]] static float part(const cv::Mat& mask, int x, int y) {
        return static_cast<float>(mask.at<std::uint8_t>(y, x)) * (1.0f / 255.0f);
    }

    [[nodiscard]] Stain at(int x, int y) const {
        const float tissue = part(tissue_, x, y) * (1 - part(lumen_, x, y));
        if (tissue <= 0) return {};
        const float grain = fine_.at(x, y), cloud = coarse_.at(x, y), wide = coarse_.at(x / 5 + 100, y / 5);
        const float immune = part(immune_, x, y), tumour = part(tumour_, x, y),
                    necrosis = part(necrosis_, x, y);
        const float adipose = part(adipose_, x, y);
        Stain s;
        if (immune < 1 && tumour < 1 && necrosis < 1 && adipose < 1) s = stroma(x, y, grain);
        s.blend({0.10f + 0.10f * cloud, 0.10f + 0.22f * cloud + 0.1f * grain}, 0.85f * immune);
        s.blend({0.16f + 0.14f * cloud + 0.10f * wide, 0.18f + 0.26f * cloud + 0.16f * wide}, tumour);
        s.blend({0.04f + 0.06f * grain, 0.12f + 0.30f * cloud + 0.22f * wide + 0.20f * (grain - 0.5f)},
                necrosis);
        if (adipose > 0) s.blend(fat(x, y, grain), adipose);
        s.blend({}, 1 - tissue);
        return s;
    }

    /// Noise smeared along the fibres (line integral convolution over a straight piece), and its clefts.
    [[nodiscard]] Stain stroma(int x, int y, float grain) const {
        const std::size_t k = map_.index(2 * x, 2 * y);
        const float dx = map_.fibreX[k], dy = map_.fibreY[k];
        // Fibres are crimped: the place is moved to and fro by slow noise before it is smeared.
        const float fx = static_cast<float>(x) + 14.0f * (coarse_.at(x / 6, y / 6) - 0.5f);
        const float fy = static_cast<float>(y) + 14.0f * (coarse_.at(x / 6 + 77, y / 6 + 31) - 0.5f);
        float thin = 0, broad = 0;
        for (int i = -7; i <= 7; ++i) {
            const float t = static_cast<float>(i) * 2.0f;
            thin += fine_.at(static_cast<int>(fx + t * dx), static_cast<int>(fy + t * dy));
            broad += coarse_.at(static_cast<int>((fx + 3 * t * dx) * 0.7f),
                                static_cast<int>((fy + 3 * t * dy) * 0.7f));
        }
        thin = std::clamp(0.5f + 4.5f * (thin / 15.0f - 0.5f), 0.0f, 1.0f);
        broad = std::clamp(0.5f + 4.0f * (broad / 15.0f - 0.5f), 0.0f, 1.0f);
        const float dense = part(density_, x, y);
        Stain s{0.03f + 0.07f * thin + 0.05f * (1 - dense), 0.14f + 0.30f * dense + 0.26f * (thin - 0.5f) +
                                                                (0.42f - 0.1f * dense) * (broad - 0.5f) +
                                                                0.08f * (grain - 0.5f)};
        s.e = std::max(s.e, 0.05f);
        const float cleft = std::clamp((0.36f - 0.24f * dense - broad) * 8.0f, 0.0f, 1.0f);
        s.blend({0.01f, 0.03f}, 0.85f * cleft);
        return s;
    }

    [[nodiscard]] Stain fat(int x, int y, float grain) const {
        const float gap =
            fatWallDistance(seed_, 2 * static_cast<float>(x), 2 * static_cast<float>(y)) * 0.5f +
            1.5f * (coarse_.at(x, y) - 0.5f);
        Stain s{0.005f, 0.015f + 0.01f * grain};
        s.blend({0.07f, 0.30f + 0.2f * grain}, std::clamp(2.4f - gap, 0.0f, 1.0f));
        return s;
    }

    const TissueMap& map_;
    NoiseTable fine_, coarse_;
    std::uint64_t seed_;
    cv::Mat tissue_, immune_, tumour_, necrosis_, adipose_, lumen_, density_;
};

/// Lays one nucleus, with chromatin, rim and a halo of cytoplasm, over the densities.
void paintNucleus(const Nucleus& n, const NoiseTable& chromatin, const NoiseTable& outline, cv::Mat& h,
                  cv::Mat& e) {
    const float reach = n.kind == NucleusKind::Tumour ? 1.75f : 1.35f;
    const int radius = static_cast<int>(n.a * reach) + 2;
    const int x0 = std::max(0, static_cast<int>(n.x) - radius),
              x1 = std::min(h.cols - 1, static_cast<int>(n.x) + radius);
    const int y0 = std::max(0, static_cast<int>(n.y) - radius),
              y1 = std::min(h.rows - 1, static_cast<int>(n.y) + radius);
    const float pixel = 1.0f / n.b;
    const int ox = static_cast<int>(n.y) * 7,
              oy = static_cast<int>(n.x) * 3; // another piece of noise for everyone
    for (int y = y0; y <= y1; ++y) {
        auto* rowH = h.ptr<std::uint8_t>(y);
        auto* rowE = e.ptr<std::uint8_t>(y);
        for (int x = x0; x <= x1; ++x) {
            const float dx = static_cast<float>(x) - n.x, dy = static_cast<float>(y) - n.y;
            const float u = (dx * n.cosine + dy * n.sine) / n.a, v = (dy * n.cosine - dx * n.sine) / n.b;
            const float q = u * u + v * v;
            if (q > reach * reach) continue;
            const float r = std::sqrt(q) * (1.0f + 0.35f * (outline.at(x + ox, y + oy) - 0.5f));
            const float alpha = std::clamp((1.0f - r) / (1.3f * pixel) + 0.5f, 0.0f, 1.0f);
            if (alpha <= 0) {
                if (n.kind != NucleusKind::Tumour) continue;
                const float halo = std::clamp((1.6f - r) * 1.6f, 0.0f, 1.0f);
                rowE[x] = static_cast<std::uint8_t>(std::min(255.0f, rowE[x] + 9.0f * halo));
                rowH[x] = static_cast<std::uint8_t>(std::min(255.0f, rowH[x] + 7.0f * halo));
                continue;
            }
            const float texture = chromatin.at(x + oy, y + ox) - 0.5f;
            const float rim = std::clamp(1.0f - std::abs(r - 0.86f) * 5.0f, 0.0f, 1.0f);
            float dark = n.darkness * (1.0f - 0.42f * n.vesicular + 0.34f * n.vesicular * rim +
                                       (0.4f + 0.7f * n.vesicular) * texture);
            if (n.vesicular > 0.4f && q < 0.06f) dark += 0.3f; // nucleolus
            rowH[x] = static_cast<std::uint8_t>(rowH[x] + (densityByte(dark) - rowH[x]) * alpha);
            rowE[x] = static_cast<std::uint8_t>(rowE[x] + (24.0f - rowE[x]) * 0.6f * alpha);
        }
    }
}

/// What differs from section to section: dye colours and strengths, and the lamp.
struct Staining {
    std::array<float, 3> h, e, lamp; // red, green, blue
    explicit Staining(std::uint64_t seed) {
        PortableRandom random(mixSeed(seed, 400));
        const double strengthH = random.uniform(0.85, 1.12), strengthE = random.uniform(0.85, 1.20);
        const double tint = random.uniform(-0.05, 0.05), warm = random.uniform(-0.05, 0.05);
        h = {static_cast<float>(strengthH * (0.63 + tint)), static_cast<float>(strengthH * 0.76),
             static_cast<float>(strengthH * (0.32 - tint))};
        e = {static_cast<float>(strengthE * (0.15 - 0.5 * warm)), static_cast<float>(strengthE * 0.92),
             static_cast<float>(strengthE * (0.40 + warm))};
        lamp = {static_cast<float>(random.uniform(240, 246)), static_cast<float>(random.uniform(238, 244)),
                static_cast<float>(random.uniform(240, 247))};
    }
};

void develop(const cv::Mat& h, const cv::Mat& e, const Staining& staining, std::uint64_t seed, cv::Mat& rgb) {
    std::array<std::array<float, 256>, 3> passH, passE;
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t i = 0; i < 256; ++i) {
            passH[c][i] = std::exp(-staining.h[c] * static_cast<float>(i) / perUnit);
            passE[c][i] = std::exp(-staining.e[c] * static_cast<float>(i) / perUnit);
        }
    const NoiseTable sensor(mixSeed(seed, 401), 0), dye(mixSeed(seed, 402), 2);
    const float centre = 0.5f * static_cast<float>(h.cols);
    for (int y = 0; y < h.rows; ++y) {
        const auto* rowH = h.ptr<std::uint8_t>(y);
        const auto* rowE = e.ptr<std::uint8_t>(y);
        auto* out = rgb.ptr<std::uint8_t>(y);
        const float v = (static_cast<float>(y) - centre) / centre;
        for (int x = 0; x < h.cols; ++x, out += 3) {
            const float u = (static_cast<float>(x) - centre) / centre;
            const float light = 1.0f - 0.012f * (u * u + v * v);
            const float uneven = 0.80f + 0.22f * dye.at(x, y) + 0.18f * dye.at(x / 3 + 91, y / 3 + 17);
            const auto ih = static_cast<std::size_t>(std::min(255.0f, rowH[x] * uneven));
            const auto ie = static_cast<std::size_t>(std::min(255.0f, rowE[x] * uneven));
            const float noise = 5.0f * (sensor.at(x + y / 512 * 131, y + x / 512 * 57) - 0.5f);
            for (std::size_t c = 0; c < 3; ++c)
                out[c] = static_cast<std::uint8_t>(
                    std::clamp(staining.lamp[c] * light * passH[c][ih] * passE[c][ie] + noise, 0.0f, 255.0f));
        }
    }
}

} // namespace

RgbImage paintTissue(const TissueMap& map, const std::vector<Nucleus>& nuclei, std::uint64_t seed) {
    cv::Mat h, e;
    Ground(map, seed).paint(h, e);
    const NoiseTable chromatin(mixSeed(seed, 303), 2), outline(mixSeed(seed, 304), 10);
    for (const Nucleus& nucleus : nuclei)
        paintNucleus(nucleus, chromatin, outline, h, e);
    RgbImage image{map.pixels, map.pixels, {}};
    image.pixels.resize(3 * static_cast<std::size_t>(map.pixels) * static_cast<std::size_t>(map.pixels));
    cv::Mat rgb(map.pixels, map.pixels, CV_8UC3, image.pixels.data());
    develop(h, e, Staining(seed), seed, rgb);
    cv::GaussianBlur(rgb, rgb, cv::Size(3, 3), 0.65); // the lens
    return image;
}

} // namespace spotglass
