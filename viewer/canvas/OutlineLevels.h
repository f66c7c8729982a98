#pragma once

#include "viewer/base/Annotation.h"
#include "viewer/canvas/AnnotationIndex.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spotglass {

/// A point relative to the top left of its annotation's box, level-0 pixels.
struct OutlinePoint {
    float x = 0, y = 0;
};

/// A box by its edges, rounded outwards; level-0 pixels.
struct OutlineBox {
    float left = 0, top = 0, right = 0, bottom = 0;
    [[nodiscard]] bool touches(const Level0Box& o) const {
        return left <= o.right && o.left <= right && top <= o.bottom && o.top <= bottom;
    }
};

/// A ring or a line of an annotation as it is drawn. Point is Level0Point (absolute) or OutlinePoint.
template <typename Point> struct OutlinePath {
    /// So many points in a row share a box: what lies elsewhere is passed over.
    static constexpr std::uint32_t chunk = 64;

    const Point* points = nullptr;
    std::uint32_t count = 0;           ///< at least 1
    const OutlineBox* boxes = nullptr; ///< one a chunk, around its points and the one after; null when short
    bool closed = false;               ///< a ring
    bool filled = false;               ///< bounds the annotation's area
};

/// Adds to `out` the points of `path` that are needed to stay within 1.25 x `tolerance` (level-0 pixels) of
/// it, beginning with the first, in one pass: a line is prolonged as long as one direction passes all points
/// since its start closely enough (Williams, "An efficient algorithm for the piecewise linear approximation
/// of planar curves", 1978). Pure.
void simplifyPath(const AnnotationPath& path, bool closed, double tolerance, AnnotationPath& out);

/// The outlines of annotations, exact and simplified for each octave of zoom. Immutable once built; any
/// thread. Refers to the annotations, which must outlive it and stay in place.
class OutlineLevels {
  public:
    /// Levels are numbered 0, 1, 2 ... for at most 1, 1/2, 1/4 ... device pixels per level-0 pixel; a
    /// simplified outline is within 0.25 device pixels of the exact one. `exact` is for larger scales.
    static constexpr int exact = -1;
    static constexpr int count = 16;
    [[nodiscard]] static int levelFor(double deviceScale);
    /// What measures fewer device pixels than this is drawn as a dot. Levels at which it measures even less
    /// than half of that have no outline of it.
    static constexpr double smallestOutline = 3;

    OutlineLevels() = default;
    /// `boxes` are the annotations'; `order` names them in the order in which they will mostly be drawn.
    OutlineLevels(const std::vector<Annotation>& annotations, const std::vector<Level0Box>& boxes,
                  const std::vector<std::uint32_t>& order);

    /// Calls visit(OutlinePath) for the rings and lines of annotation `number` at `level`; none where it is
    /// too small there, and none for its points.
    template <typename Visit> void visit(std::uint32_t number, int level, Visit&& visit) const {
        if (level == exact)
            exact_.visit(number, visit);
        else
            levels_[static_cast<std::size_t>(level)].visit(number, visit);
    }
    /// Memory in bytes, without that of the annotations.
    [[nodiscard]] std::size_t bytes() const;

  private:
    template <typename Point> struct Level {
        struct Stored {
            const Point* outside; ///< points that others keep, or null
            std::uint32_t first, count, firstBox;
            bool closed, filled;
        };
        struct Range {
            std::uint32_t first = 0, end = 0;
        };
        std::vector<Point> points;
        std::vector<OutlineBox> boxes;
        std::vector<Stored> paths;
        std::vector<Range> ranges; ///< of each annotation in paths

        template <typename Visit> void visit(std::uint32_t number, Visit&& call) const {
            const Range range = ranges[number];
            for (std::uint32_t i = range.first; i < range.end; ++i) {
                const Stored& path = paths[i];
                const bool isLong = path.count > 2 * OutlinePath<Point>::chunk;
                call(OutlinePath<Point>{path.outside ? path.outside : points.data() + path.first, path.count,
                                        isLong ? boxes.data() + path.firstBox : nullptr, path.closed,
                                        path.filled});
            }
        }
        void addBoxes(const AnnotationPath& path, bool closed);
    };
    /// What a path of an annotation is; decides what becomes of it when it is too small to see.
    enum class Role : std::uint8_t { Outer, Inner, Nucleus, Line };
    class Builder;

    Level<Level0Point> exact_;
    std::vector<Level<OutlinePoint>> levels_;
};

} // namespace spotglass
