#include "viewer/canvas/AnnotationSet.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

double signedArea(const AnnotationPath& ring) {
    double sum = 0;
    Level0Point last = ring.back();
    for (const Level0Point p : ring) {
        // Relative to the first point, lest far from the origin the difference of large products be lost.
        sum += (last.x - ring[0].x) * (p.y - ring[0].y) - (p.x - ring[0].x) * (last.y - ring[0].y);
        last = p;
    }
    return sum / 2;
}

double areaOf(const Annotation& annotation) {
    double area = 0;
    for (const AnnotationPolygon& polygon : annotation.polygons) {
        if (!polygon.outer.empty()) area += std::abs(signedArea(polygon.outer));
        for (const AnnotationPath& hole : polygon.holes)
            if (!hole.empty()) area -= std::abs(signedArea(hole));
    }
    return std::max(area, 0.0);
}

/// Whether the ray from `point` to the right crosses the line from `a` to `b`.
bool crosses(Level0Point point, Level0Point a, Level0Point b) {
    if ((a.y > point.y) == (b.y > point.y)) return false;
    return point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x);
}

/// Calls visit(a, b) for the lines of a path. Of a chunk that does not touch `area` it visits only the chord:
/// seen from there the two cannot be told apart.
template <typename Visit>
void visitLines(const OutlinePath<Level0Point>& path, const Level0Box& area, Visit&& visit) {
    constexpr std::uint32_t chunk = OutlinePath<Level0Point>::chunk;
    const auto point = [&path](std::uint32_t i) { return path.points[i < path.count ? i : 0]; };
    const std::uint32_t lines = path.closed ? path.count : path.count - 1;
    for (std::uint32_t first = 0; first < lines; first += chunk) {
        const std::uint32_t end = std::min(first + chunk, lines);
        if (path.boxes && !path.boxes[first / chunk].touches(area)) {
            visit(point(first), point(end));
            continue;
        }
        for (std::uint32_t i = first; i < end; ++i)
            visit(point(i), point(i + 1));
    }
}

double distance(Level0Point p, Level0Point a, Level0Point b) {
    const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    const double t = square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0) : 0.0;
    return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

} // namespace

std::shared_ptr<const AnnotationSet> AnnotationSet::of(std::vector<Annotation> annotations) {
    return std::shared_ptr<const AnnotationSet>(new AnnotationSet(std::move(annotations)));
}

AnnotationSet::AnnotationSet(std::vector<Annotation> annotations) : annotations_(std::move(annotations)) {
    std::erase_if(annotations_, [](const Annotation& annotation) { return annotation.isEmpty(); });
    const std::size_t count = annotations_.size();
    boxes_.reserve(count);
    areas_.reserve(count);
    looks_.reserve(count);
    numbers_.reserve(count);
    for (const Annotation& annotation : annotations_) {
        numbers_.emplace(annotation.id, static_cast<std::uint32_t>(boxes_.size()));
        boxes_.push_back(Level0Box::around(annotation.bounds()));
        areas_.push_back(areaOf(annotation));
        looks_.push_back({annotation.shownColor().value_or(plainColor), !annotation.polygons.empty(),
                          !annotation.points.empty()});
    }
    index_ = AnnotationIndex(boxes_);
    outlines_ = OutlineLevels(annotations_, boxes_, index_.order());
}

std::optional<std::uint32_t> AnnotationSet::find(std::string_view id) const {
    const auto found = numbers_.find(id);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

bool AnnotationSet::contains(std::uint32_t number, Level0Point point) const {
    bool inside = false;
    outlines_.visit(number, OutlineLevels::exact, [&](const auto& path) {
        if constexpr (std::is_same_v<decltype(path.points), const Level0Point*>) {
            if (!path.filled) return;
            visitLines(path, Level0Box::around(point), [&inside, point](Level0Point a, Level0Point b) {
                if (crosses(point, a, b)) inside = !inside;
            });
        }
    });
    return inside;
}

bool AnnotationSet::isNear(std::uint32_t number, Level0Point point, double tolerance) const {
    for (const Level0Point p : annotations_[number].points)
        if (std::hypot(p.x - point.x, p.y - point.y) <= tolerance) return true;
    if (annotations_[number].lines.empty()) return false;
    bool near = false;
    outlines_.visit(number, OutlineLevels::exact, [&](const auto& path) {
        if constexpr (std::is_same_v<decltype(path.points), const Level0Point*>) {
            if (path.closed || near) return;
            visitLines(path, Level0Box::around(point, tolerance), [&](Level0Point a, Level0Point b) {
                near = near || distance(point, a, b) <= tolerance;
            });
        }
    });
    return near;
}

std::optional<std::uint32_t> AnnotationSet::at(Level0Point point, double tolerance) const {
    struct Candidate {
        double size;
        std::uint32_t number;
    };
    std::vector<Candidate> candidates;
    index_.query(Level0Box::around(point, tolerance), [&](std::uint32_t number, const Level0Box&) {
        const Annotation& annotation = annotations_[number];
        if (!annotation.lines.empty() || !annotation.points.empty()) candidates.push_back({-1, number});
        if (!annotation.polygons.empty()) candidates.push_back({areas_[number], number});
    });
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return a.size != b.size ? a.size < b.size : a.number > b.number;
    });
    for (const Candidate& candidate : candidates)
        if (candidate.size < 0 ? isNear(candidate.number, point, tolerance)
                               : contains(candidate.number, point))
            return candidate.number;
    return {};
}

} // namespace spotglass
