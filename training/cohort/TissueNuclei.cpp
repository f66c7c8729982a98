#include "training/cohort/PortableRandom.h"
#include "training/cohort/TissuePainter.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace spotglass {
namespace {

/// Keeps nuclei apart: a hash of the plane in cells as wide as the largest distance looked at.
class Neighbourhood {
  public:
    explicit Neighbourhood(int pixels) : side_(pixels / cell + 1) {
        cells_.resize(static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_));
    }

    [[nodiscard]] bool isFree(const std::vector<Nucleus>& nuclei, const Nucleus& n, float distance) const {
        const int cx = static_cast<int>(n.x) / cell, cy = static_cast<int>(n.y) / cell;
        for (int j = std::max(0, cy - 1); j <= std::min(side_ - 1, cy + 1); ++j)
            for (int i = std::max(0, cx - 1); i <= std::min(side_ - 1, cx + 1); ++i)
                for (const std::uint32_t k : cells_[index(i, j)]) {
                    const float dx = nuclei[k].x - n.x, dy = nuclei[k].y - n.y;
                    const float apart = 0.5f * (distance + 1.7f * nuclei[k].b + 2.0f);
                    if (dx * dx + dy * dy < apart * apart) return false;
                }
        return true;
    }

    void add(const Nucleus& n, std::size_t number) {
        cells_[index(static_cast<int>(n.x) / cell, static_cast<int>(n.y) / cell)].push_back(
            static_cast<std::uint32_t>(number));
    }

  private:
    static constexpr int cell = 24;
    [[nodiscard]] std::size_t index(int i, int j) const {
        return static_cast<std::size_t>(j) * static_cast<std::size_t>(side_) + static_cast<std::size_t>(i);
    }
    int side_;
    std::vector<std::vector<std::uint32_t>> cells_;
};

struct Look {
    NucleusKind kind;
    double chance;            ///< that a dart becomes a nucleus
    double length, roundness; ///< half axis in pixels, ratio of the half axes
    double distance;          ///< to other nuclei, pixels
    double darkness, vesicular;
    double alignment; ///< 1: along the fibres
};

/// What a dart at this place would become; chances are chosen with the number of darts below.
Look lookAt(const TissueMap& map, std::size_t at, double pick) {
    const double grade = map.grade[at] / 255.0, dense = map.density[at] / 255.0;
    const Look lymphocyte{NucleusKind::Lymphocyte, 0.95, 4.5, 0.90, 8.2, 1.45, 0.05, 0};
    const Look fibroblast{NucleusKind::Fibroblast, 0.03 + 0.03 * (1 - dense), 9.5, 0.27, 14, 1.0, 0.25, 1};
    switch (map.compartment(at)) {
    case Compartment::Tumour:
        if (pick < 0.03) return lymphocyte;
        return {NucleusKind::Tumour, 0.9, 7.0 + 2.6 * grade, 0.78, 15.5 + 4.0 * grade, 1.12 - 0.1 * grade,
                0.25 + 0.6 * grade,  0};
    case Compartment::Immune:
        if (pick < 0.10) return fibroblast;
        return lymphocyte;
    case Compartment::Necrosis:
        return {NucleusKind::Debris, 0.10, 2.2, 0.75, 9, 0.8, 0, 0};
    case Compartment::Adipose:
        return {NucleusKind::Adipocyte, 0.10, 6.0, 0.35, 24, 1.05, 0, 0.3};
    case Compartment::Stroma:
        if (pick < 0.06) return {NucleusKind::Lymphocyte, 0.12, 4.4, 0.88, 11, 1.35, 0.05, 0};
        return fibroblast;
    case Compartment::Glass:
        break;
    }
    return {NucleusKind::Debris, 0, 1, 1, 1, 0, 0, 0};
}

} // namespace

float fatWallDistance(std::uint64_t seed, float x, float y) {
    constexpr float pitch = 100, roundest = 66;
    const int cx = static_cast<int>(x / pitch), cy = static_cast<int>(y / pitch);
    float first = 1e9f, second = 1e9f;
    for (int j = cy - 1; j <= cy + 1; ++j)
        for (int i = cx - 1; i <= cx + 1; ++i) {
            const std::uint64_t hash = mixSeed(seed, static_cast<std::uint64_t>(i + 4) * 100003u +
                                                         static_cast<std::uint64_t>(j + 4));
            const float px =
                (static_cast<float>(i) + 0.1f + 0.8f * static_cast<float>(hash & 1023u) / 1024) * pitch;
            const float py =
                (static_cast<float>(j) + 0.1f + 0.8f * static_cast<float>((hash >> 10) & 1023u) / 1024) *
                pitch;
            const float d = (x - px) * (x - px) + (y - py) * (y - py);
            if (d < first)
                second = first, first = d;
            else
                second = std::min(second, d);
        }
    first = std::sqrt(first);
    return std::min((std::sqrt(second) - first) * 0.5f, roundest + 4.8f - first);
}

std::vector<Nucleus> placeNuclei(const TissueMap& map, std::uint64_t seed) {
    PortableRandom random(mixSeed(seed, 200));
    Neighbourhood near(map.pixels);
    std::vector<Nucleus> nuclei;
    const auto darts = static_cast<std::size_t>(map.pixels) * static_cast<std::size_t>(map.pixels) / 40;
    for (std::size_t i = 0; i < darts; ++i) {
        Nucleus n;
        n.x = static_cast<float>(random.uniform() * map.pixels);
        n.y = static_cast<float>(random.uniform() * map.pixels);
        const double pick = random.uniform(), chance = random.uniform();
        const std::size_t at = map.index(n.x, n.y);
        if (map.tissue[at] < 160) continue;
        const Look look = lookAt(map, at, pick);
        if (chance >= look.chance) continue;
        if (look.kind == NucleusKind::Adipocyte && fatWallDistance(seed, n.x, n.y) > 3) continue;
        const double spread = look.kind == NucleusKind::Tumour       ? 0.10 + 0.16 * map.grade[at] / 255.0
                              : look.kind == NucleusKind::Fibroblast ? 0.28
                                                                     : 0.12;
        const double size = std::clamp(1 + spread * random.normal(), 0.6, 1.7);
        const double ratio = std::clamp(look.roundness * (1 + 0.12 * random.normal()), 0.15, 1.0);
        const double dark = std::clamp(1 + 0.12 * random.normal(), 0.6, 1.4), turn = random.uniform();
        const double wobble = random.normal();
        n.a = static_cast<float>(look.length * size);
        n.b = static_cast<float>(look.length * size * ratio);
        n.darkness = static_cast<float>(look.darkness * dark);
        n.vesicular = static_cast<float>(look.vesicular);
        n.kind = look.kind;
        double angle = turn * 2 * std::numbers::pi;
        if (look.alignment > 0.9) angle = std::atan2(map.fibreY[at], map.fibreX[at]) + 0.22 * wobble;
        n.cosine = static_cast<float>(std::cos(angle));
        n.sine = static_cast<float>(std::sin(angle));
        if (!near.isFree(nuclei, n, static_cast<float>(look.distance * size))) continue;
        near.add(n, nuclei.size());
        nuclei.push_back(n);
    }
    return nuclei;
}

} // namespace spotglass
