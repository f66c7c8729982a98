#include "viewer/canvas/OutlineLevels.h"

#include <array>
#include <cmath>
#include <limits>

namespace spotglass {
namespace {

double cross(Level0Point a, Level0Point b) {
    return a.x * b.y - a.y * b.x;
}

/// The directions from an anchor that pass all points seen so far within the tolerance.
class Cone {
  public:
    void restart() { *this = {}; }
    /// Whether a line from the anchor may end at `to` (relative to it).
    [[nodiscard]] bool allows(Level0Point to, double length, double tolerance) const {
        if (length < reach_ - tolerance / 4) return false; // it turns back: the end of a spike would be lost
        return !narrowed_ || (cross(low_, to) >= 0 && cross(to, high_) >= 0);
    }
    /// From now on lines must pass `point` as well.
    void add(Level0Point point, double length, double tolerance) {
        reach_ = std::max(reach_, length);
        if (length <= tolerance) return; // every line from the anchor does
        const double sine = tolerance / length, cosine = std::sqrt(1 - sine * sine);
        const Level0Point low{point.x * cosine + point.y * sine, point.y * cosine - point.x * sine};
        const Level0Point high{point.x * cosine - point.y * sine, point.y * cosine + point.x * sine};
        if (!narrowed_ || cross(low_, low) > 0) low_ = low;
        if (!narrowed_ || cross(high, high_) > 0) high_ = high;
        narrowed_ = true;
    }

  private:
    Level0Point low_, high_;
    double reach_ = 0;
    bool narrowed_ = false;
};

OutlineBox outwards(const Level0Box& box) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const auto down = [](double v) { return std::nextafter(static_cast<float>(v), -infinity); };
    const auto up = [](double v) { return std::nextafter(static_cast<float>(v), infinity); };
    return {down(box.left), down(box.top), up(box.right), up(box.bottom)};
}

double sideOf(const AnnotationPath& path) {
    Level0Box box = Level0Box::around(path.front());
    for (const Level0Point p : path)
        box.include(Level0Box::around(p));
    return std::max(box.right - box.left, box.bottom - box.top);
}

} // namespace

void simplifyPath(const AnnotationPath& path, bool closed, double tolerance, AnnotationPath& out) {
    if (path.size() < 3) {
        out.insert(out.end(), path.begin(), path.end());
        return;
    }
    const std::size_t steps = closed ? path.size() : path.size() - 1;
    Level0Point anchor = path.front();
    out.push_back(anchor);
    Cone cone;
    for (std::size_t i = 1; i <= steps; ++i) {
        const Level0Point p = path[i == path.size() ? 0 : i];
        Level0Point to{p.x - anchor.x, p.y - anchor.y};
        double length = std::sqrt(to.x * to.x + to.y * to.y);
        if (!cone.allows(to, length, tolerance)) {
            anchor = path[i - 1];
            out.push_back(anchor);
            cone.restart();
            to = {p.x - anchor.x, p.y - anchor.y};
            length = std::sqrt(to.x * to.x + to.y * to.y);
        }
        cone.add(to, length, tolerance);
    }
    if (!closed) out.push_back(path.back());
}

template <typename Point>
void OutlineLevels::Level<Point>::addBoxes(const AnnotationPath& path, bool closed) {
    constexpr std::size_t chunk = OutlinePath<Point>::chunk;
    if (path.size() <= 2 * chunk) return;
    for (std::size_t first = 0; first < path.size(); first += chunk) {
        Level0Box box = Level0Box::around(path[first]);
        const std::size_t end = first + chunk; // the point after belongs to the last line of the chunk
        for (std::size_t i = first + 1; i <= std::min(end, path.size() - 1); ++i)
            box.include(Level0Box::around(path[i]));
        if (closed && end >= path.size()) box.include(Level0Box::around(path.front()));
        boxes.push_back(outwards(box));
    }
}

/// Adds annotations one after the other.
class OutlineLevels::Builder {
  public:
    explicit Builder(OutlineLevels& made) : made_(made) {}

    void add(std::uint32_t number, const Annotation& annotation, const Level0Box& box) {
        origin_ = {box.left, box.top};
        const double side = std::max(box.right - box.left, box.bottom - box.top);
        levels_ = 0;
        while (levels_ < OutlineLevels::count && std::ldexp(side, -levels_) >= smallestOutline / 2)
            ++levels_;
        begin(number);
        for (const AnnotationPolygon& polygon : annotation.polygons)
            polygonPaths(polygon, Role::Outer, Role::Inner);
        for (const AnnotationPolygon& polygon : annotation.nucleus)
            polygonPaths(polygon, Role::Nucleus, Role::Nucleus);
        for (const AnnotationPath& line : annotation.lines)
            path(line, Role::Line);
        end(number);
    }

  private:
    void begin(std::uint32_t number) {
        made_.exact_.ranges[number].first = static_cast<std::uint32_t>(made_.exact_.paths.size());
        for (auto& level : made_.levels_)
            level.ranges[number].first = static_cast<std::uint32_t>(level.paths.size());
    }
    void end(std::uint32_t number) {
        made_.exact_.ranges[number].end = static_cast<std::uint32_t>(made_.exact_.paths.size());
        for (auto& level : made_.levels_)
            level.ranges[number].end = static_cast<std::uint32_t>(level.paths.size());
    }
    void polygonPaths(const AnnotationPolygon& polygon, Role outer, Role inner) {
        path(polygon.outer, outer);
        for (const AnnotationPath& hole : polygon.holes)
            path(hole, inner);
    }
    void path(const AnnotationPath& path, Role role) {
        if (path.empty()) return;
        const bool closed = role != Role::Line, filled = role == Role::Outer || role == Role::Inner;
        auto& exact = made_.exact_;
        exact.paths.push_back({path.data(), 0, static_cast<std::uint32_t>(path.size()),
                               static_cast<std::uint32_t>(exact.boxes.size()), closed, filled});
        exact.addBoxes(path, closed);
        const double side = sideOf(path);
        for (int level = 0; level < levels_; ++level) {
            AnnotationPath& kept = kept_[static_cast<std::size_t>(level)];
            kept.clear();
            const double devicePixel = std::ldexp(1.0, level);
            if (side < devicePixel) { // of a pixel's size: a part is still a dot, a hole nothing
                if (role != Role::Outer && role != Role::Line) return;
                kept.push_back(path.front());
            } else {
                // From three levels finer, whose own deviation no longer matters: so each level costs little.
                const AnnotationPath& from = level < 3 ? path : kept_[static_cast<std::size_t>(level - 3)];
                simplifyPath(from, closed, tolerance * devicePixel, kept);
            }
            store(made_.levels_[static_cast<std::size_t>(level)], kept, closed, filled);
        }
    }
    void store(Level<OutlinePoint>& level, const AnnotationPath& path, bool closed, bool filled) const {
        level.paths.push_back({nullptr, static_cast<std::uint32_t>(level.points.size()),
                               static_cast<std::uint32_t>(path.size()),
                               static_cast<std::uint32_t>(level.boxes.size()), closed, filled});
        for (const Level0Point p : path)
            level.points.push_back(
                {static_cast<float>(p.x - origin_.x), static_cast<float>(p.y - origin_.y)});
        level.addBoxes(path, closed);
    }

    /// Of one simplification, in device pixels. 1.25 times that, and an eighth of it from the level that it
    /// starts from, and so on, stay below 0.25.
    static constexpr double tolerance = 0.17;

    OutlineLevels& made_;
    Level0Point origin_;
    int levels_ = 0;
    std::array<AnnotationPath, OutlineLevels::count> kept_;
};

int OutlineLevels::levelFor(double deviceScale) {
    if (!(deviceScale <= 1)) return exact;
    if (deviceScale <= std::ldexp(1.0, -(count - 1))) return count - 1;
    return static_cast<int>(std::floor(-std::log2(deviceScale)));
}

OutlineLevels::OutlineLevels(const std::vector<Annotation>& annotations, const std::vector<Level0Box>& boxes,
                             const std::vector<std::uint32_t>& order) {
    levels_.resize(count);
    exact_.ranges.resize(annotations.size());
    for (auto& level : levels_)
        level.ranges.resize(annotations.size());
    Builder builder(*this);
    for (const std::uint32_t number : order)
        builder.add(number, annotations[number], boxes[number]);
    const auto trim = [](auto& level) {
        level.points.shrink_to_fit();
        level.boxes.shrink_to_fit();
        level.paths.shrink_to_fit();
    };
    trim(exact_);
    for (auto& level : levels_)
        trim(level);
}

std::size_t OutlineLevels::bytes() const {
    const auto of = [](const auto& level) {
        const auto size = [](const auto& items) { return items.capacity() * sizeof(items[0]); };
        return size(level.points) + size(level.boxes) + size(level.paths) + size(level.ranges);
    };
    std::size_t all = of(exact_);
    for (const auto& level : levels_)
        all += of(level);
    return all;
}

} // namespace spotglass
