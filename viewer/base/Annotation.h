#pragma once

#include "viewer/base/Units.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spotglass {

/// An opaque colour.
struct Rgb {
    std::uint8_t red = 0, green = 0, blue = 0;
    bool operator==(const Rgb&) const = default;
};

/// Points in a row, level-0 pixels. Where it bounds an area, the last point joins the first, which is not
/// repeated.
using AnnotationPath = std::vector<Level0Point>;

/// An area with holes. A point is inside when it is within an odd number of all its rings.
struct AnnotationPolygon {
    AnnotationPath outer;              ///< at least 3 points
    std::vector<AnnotationPath> holes; ///< each at least 3 points
    bool operator==(const AnnotationPolygon&) const = default;
};

/// What an annotation is for, in QuPath's terms.
enum class AnnotationRole : std::uint8_t { Annotation, Detection, Cell, Tile, TmaCore };

/// Something drawn on a slide: areas, lines, points or a mixture, all in level-0 pixels. A value type; the
/// terms are those of QuPath's GeoJSON. A rectangle is an area of four corners.
struct Annotation {
    std::string id; ///< unique among the annotations of a slide
    std::string name;
    std::string className;    ///< "Tumor", or "Tumor: Positive" for a derived class; empty for none
    std::optional<Rgb> color; ///< its own, which goes before that of its class
    std::optional<Rgb> classColor;
    AnnotationRole role = AnnotationRole::Annotation;
    bool locked = false;  ///< not to be moved or deleted by hand
    bool ellipse = false; ///< the area stands for the ellipse in its bounding box
    std::vector<AnnotationPolygon> polygons;
    std::vector<AnnotationPath> lines; ///< open; each at least 2 points
    std::vector<Level0Point> points;
    std::vector<AnnotationPolygon> nucleus; ///< of a cell: drawn with it, no part of its area

    bool operator==(const Annotation&) const = default;

    /// Nothing to draw?
    [[nodiscard]] bool isEmpty() const { return polygons.empty() && lines.empty() && points.empty(); }
    /// Its own colour or that of its class.
    [[nodiscard]] std::optional<Rgb> shownColor() const { return color ? color : classColor; }
    /// The upright rectangle around all its points; a single point has one without extent.
    [[nodiscard]] Level0Rect bounds() const;

    [[nodiscard]] static Annotation rectangle(std::string id, const Level0Rect& rect);
};

inline Level0Rect Annotation::bounds() const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double left = infinity, top = infinity, right = -infinity, bottom = -infinity;
    const auto add = [&](const AnnotationPath& path) {
        for (const Level0Point p : path) {
            left = std::min(left, p.x);
            top = std::min(top, p.y);
            right = std::max(right, p.x);
            bottom = std::max(bottom, p.y);
        }
    };
    for (const AnnotationPolygon& polygon : polygons)
        add(polygon.outer);
    for (const AnnotationPolygon& polygon : nucleus)
        add(polygon.outer);
    for (const AnnotationPath& line : lines)
        add(line);
    add(points);
    if (left > right) return {};
    return {left, top, right - left, bottom - top};
}

inline Annotation Annotation::rectangle(std::string id, const Level0Rect& rect) {
    Annotation made;
    made.id = std::move(id);
    made.polygons = {
        {{{rect.x, rect.y}, {rect.right(), rect.y}, {rect.right(), rect.bottom()}, {rect.x, rect.bottom()}},
         {}}};
    return made;
}

} // namespace spotglass
