#include "viewer/base/GeoJsonReader.h"

#include <cmath>

namespace spotglass {
namespace {

constexpr std::size_t mostLevels = 4; // a MultiPolygon's
constexpr double farthest = 1e8;      // slides measure some 1e5 pixels

} // namespace

void GeoJsonCoordinates::clear() {
    points_.clear();
    pathEnds_.clear();
    groupEnds_.clear();
    nesting_.clear();
    height_ = nothing;
    gap_ = false;
    error_.clear();
}

bool GeoJsonCoordinates::open() {
    if (nesting_.size() >= mostLevels) {
        error_ = "has coordinates that are nested too deeply";
        return false;
    }
    if (!nesting_.empty() && nesting_.back().inside == numbersInside) {
        error_ = "mixes numbers and lists in its coordinates";
        return false;
    }
    nesting_.emplace_back();
    return true;
}

bool GeoJsonCoordinates::number(double value) {
    Open& array = nesting_.back();
    if (array.inside != nothing && array.inside != numbersInside) {
        error_ = "mixes numbers and lists in its coordinates";
        return false;
    }
    if (!(std::abs(value) <= farthest)) {
        error_ = "has a coordinate that lies far outside any slide";
        return false;
    }
    array.inside = numbersInside;
    if (array.numbers == 0) array.x = value;
    if (array.numbers == 1) array.y = value;
    ++array.numbers; // a third is the height above the slide, of which we know nothing
    return true;
}

bool GeoJsonCoordinates::close() {
    const Open array = nesting_.back();
    nesting_.pop_back();
    if (array.inside == nothing) {
        gap_ = true;
        return true;
    }
    const int height = array.inside + 1;
    if (height == 0) {
        if (array.numbers < 2) {
            error_ = "has a point of one coordinate";
            return false;
        }
        points_.push_back({array.x, array.y});
    } else if (height == 1) {
        pathEnds_.push_back(points_.size());
    } else if (height == 2) {
        groupEnds_.push_back(pathEnds_.size());
    }
    if (nesting_.empty()) {
        height_ = height;
    } else if (int& around = nesting_.back().inside; around == nothing) {
        around = height;
    } else if (around != height) {
        error_ = "has coordinates that are not nested evenly";
        return false;
    }
    return true;
}

AnnotationPath GeoJsonCoordinates::path(std::size_t index, bool closed) const {
    std::size_t first = pathStart(index), end = pathEnds_[index];
    while (closed && end - first > 1 && points_[end - 1] == points_[first])
        --end;
    return {points_.begin() + static_cast<std::ptrdiff_t>(first),
            points_.begin() + static_cast<std::ptrdiff_t>(end)};
}

std::string GeoJsonCoordinates::addPolygons(Annotation& annotation) const {
    std::size_t ring = 0;
    for (const std::size_t end : groupEnds_) {
        AnnotationPolygon polygon;
        for (const std::size_t first = ring; ring < end; ++ring) {
            AnnotationPath path = this->path(ring, true);
            if (path.size() < 3) return "has a ring of fewer than 3 different points";
            if (ring == first)
                polygon.outer = std::move(path);
            else
                polygon.holes.push_back(std::move(path));
        }
        annotation.polygons.push_back(std::move(polygon));
    }
    return {};
}

std::string GeoJsonCoordinates::addTo(Annotation& annotation, std::string_view type) const {
    const bool point = type == "Point", points = type == "MultiPoint", line = type == "LineString",
               lines = type == "MultiLineString", polygon = type == "Polygon",
               polygons = type == "MultiPolygon";
    if (!(point || points || line || lines || polygon || polygons))
        return "has the type \"" + std::string(type.substr(0, 40)) + "\", which is not known";
    if (height_ == nothing) return {}; // nothing to draw
    if (gap_) return "has an empty list among its coordinates";
    const int expected = point ? 0 : points || line ? 1 : lines || polygon ? 2 : 3;
    if (height_ != expected) return "has coordinates that do not fit its type, " + std::string(type);
    if (point || points) {
        annotation.points.insert(annotation.points.end(), points_.begin(), points_.end());
        return {};
    }
    if (polygon || polygons) return addPolygons(annotation);
    for (std::size_t i = 0; i < pathEnds_.size(); ++i) {
        if (pathEnds_[i] - pathStart(i) < 2) return "has a line of fewer than 2 points";
        annotation.lines.push_back(path(i, false));
    }
    return {};
}

} // namespace spotglass
