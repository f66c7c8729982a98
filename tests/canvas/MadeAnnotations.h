#pragma once

#include "viewer/base/Annotation.h"

#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

namespace spotglass::test {

/// A ring of `points` points about `middle`, whose radius wavers by up to about `roughness` (a share of it)
/// and whose points are off by up to half a pixel, as a brush leaves them.
inline AnnotationPath blob(Level0Point middle, double radius, int points, double roughness,
                           std::mt19937& random) {
    constexpr int waves = 10;
    std::uniform_real_distribution<double> share(-1, 1);
    double along[waves], across[waves];
    for (int k = 0; k < waves; ++k) {
        along[k] = roughness * share(random) / (k + 2);
        across[k] = roughness * share(random) / (k + 2);
    }
    AnnotationPath ring;
    for (int i = 0; i < points; ++i) {
        const double angle = 2 * std::numbers::pi * i / points;
        double reach = 1;
        for (int k = 0; k < waves; ++k)
            reach += along[k] * std::cos((k + 2) * angle) + across[k] * std::sin((k + 2) * angle);
        ring.push_back({middle.x + radius * reach * std::cos(angle) + share(random) / 2,
                        middle.y + radius * reach * std::sin(angle) + share(random) / 2});
    }
    return ring;
}

inline Annotation area(std::string id, AnnotationPath outer, std::vector<AnnotationPath> holes = {}) {
    Annotation made;
    made.id = std::move(id);
    made.polygons.push_back({std::move(outer), std::move(holes)});
    return made;
}

/// `count` nuclei of 30 points and about 40 level-0 pixels, scattered over `place`.
inline std::vector<Annotation> nuclei(int count, const Level0Rect& place, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> x(place.x, place.right()), y(place.y, place.bottom()),
        radius(14, 26);
    std::vector<Annotation> made;
    for (int i = 0; i < count; ++i) {
        const Level0Point at{x(random), y(random)};
        made.push_back(area("nucleus " + std::to_string(i), blob(at, radius(random), 30, 0.25, random)));
        made.back().classColor = i % 3 ? Rgb{30, 90, 220} : Rgb{20, 150, 60};
        made.back().role = AnnotationRole::Detection;
    }
    return made;
}

/// The distance of `p` from the line from `a` to `b`.
inline double distanceToLine(Level0Point p, Level0Point a, Level0Point b) {
    const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    double t = square > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / square : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// The distance of `p` from a path.
template <typename Path> double distanceToPath(Level0Point p, const Path& path, bool closed) {
    double best = 1e300;
    for (std::size_t i = closed ? 0 : 1; i < path.size(); ++i) {
        const auto& a = path[i ? i - 1 : path.size() - 1];
        best = std::min(best, distanceToLine(p, {a.x, a.y}, {path[i].x, path[i].y}));
    }
    return best;
}

} // namespace spotglass::test
