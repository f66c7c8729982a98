#include "viewer/base/GeoJsonAnnotations.h"

#include "viewer/base/Files.h"
#include "viewer/base/GeoJsonReader.h"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace spotglass {
namespace {

std::string_view nameOf(AnnotationRole role) {
    switch (role) {
    case AnnotationRole::Detection:
        return "detection";
    case AnnotationRole::Cell:
        return "cell";
    case AnnotationRole::Tile:
        return "tile";
    case AnnotationRole::TmaCore:
        return "tmaCore";
    case AnnotationRole::Annotation:
        break;
    }
    return "annotation";
}

/// Appends GeoJSON to a text.
class Writer {
  public:
    void feature(const Annotation& annotation) {
        text_ += R"({"type":"Feature","id":)";
        quoted(annotation.id);
        text_ += R"(,"geometry":)";
        geometry(annotation);
        if (!annotation.nucleus.empty()) {
            text_ += R"(,"nucleusGeometry":)";
            polygons(annotation.nucleus, false);
        }
        text_ += R"(,"properties":)";
        properties(annotation);
        text_ += '}';
    }
    void add(std::string_view text) { text_ += text; }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void quoted(const std::string& text) {
        // A file name or label in another encoding must not stop an export.
        text_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    void color(std::string_view key, Rgb color) {
        fmt::format_to(std::back_inserter(text_), R"("{}":[{},{},{}])", key, color.red, color.green,
                       color.blue);
    }
    void point(Level0Point point) {
        const auto rounded = [](double value) { return std::round(value * 100) / 100 + 0.0; };
        fmt::format_to(std::back_inserter(text_), "[{},{}]", rounded(point.x), rounded(point.y));
    }
    template <typename Items, typename Write> void list(const Items& items, Write&& write) {
        text_ += '[';
        bool first = true;
        for (const auto& item : items) {
            if (!first) text_ += ',';
            first = false;
            write(item);
        }
        text_ += ']';
    }
    void path(const AnnotationPath& path, bool closed) {
        list(path, [this](Level0Point p) { point(p); });
        if (!closed) return;
        text_.back() = ',';
        point(path.front());
        text_ += ']';
    }
    void rings(const AnnotationPolygon& polygon) {
        text_ += '[';
        path(polygon.outer, true);
        for (const AnnotationPath& hole : polygon.holes) {
            text_ += ',';
            path(hole, true);
        }
        text_ += ']';
    }
    void polygons(const std::vector<AnnotationPolygon>& all, bool ellipse) {
        text_ += all.size() == 1 ? R"({"type":"Polygon","coordinates":)"
                                 : R"({"type":"MultiPolygon","coordinates":)";
        if (all.size() == 1)
            rings(all.front());
        else
            list(all, [this](const AnnotationPolygon& polygon) { rings(polygon); });
        text_ += ellipse ? R"(,"isEllipse":true})" : "}";
    }
    void lines(const std::vector<AnnotationPath>& all) {
        text_ += all.size() == 1 ? R"({"type":"LineString","coordinates":)"
                                 : R"({"type":"MultiLineString","coordinates":)";
        if (all.size() == 1)
            path(all.front(), false);
        else
            list(all, [this](const AnnotationPath& line) { path(line, false); });
        text_ += '}';
    }
    void points(const std::vector<Level0Point>& all) {
        text_ +=
            all.size() == 1 ? R"({"type":"Point","coordinates":)" : R"({"type":"MultiPoint","coordinates":)";
        if (all.size() == 1)
            point(all.front());
        else
            list(all, [this](Level0Point p) { point(p); });
        text_ += '}';
    }
    void geometry(const Annotation& annotation) {
        const bool area = !annotation.polygons.empty(), line = !annotation.lines.empty(),
                   point = !annotation.points.empty();
        const int kinds = int(area) + int(line) + int(point);
        if (kinds == 0) text_ += "null";
        if (kinds > 1) text_ += R"({"type":"GeometryCollection","geometries":[)";
        if (area) polygons(annotation.polygons, annotation.ellipse);
        if (area && (line || point)) text_ += ',';
        if (line) lines(annotation.lines);
        if (line && point) text_ += ',';
        if (point) points(annotation.points);
        if (kinds > 1) text_ += "]}";
    }
    void properties(const Annotation& annotation) {
        fmt::format_to(std::back_inserter(text_), R"({{"objectType":"{}")", nameOf(annotation.role));
        if (!annotation.name.empty()) {
            text_ += R"(,"name":)";
            quoted(annotation.name);
        }
        if (annotation.color) {
            text_ += ',';
            color("color", *annotation.color);
        }
        if (!annotation.className.empty()) {
            text_ += R"(,"classification":)";
            // QuPath reads a class as an object only with its colour.
            if (annotation.classColor) text_ += R"({"name":)";
            quoted(annotation.className);
            if (annotation.classColor) {
                text_ += ',';
                color("color", *annotation.classColor);
                text_ += '}';
            }
        }
        if (annotation.locked) text_ += R"(,"isLocked":true)";
        text_ += '}';
    }

    std::string text_;
};

} // namespace

Result<GeoJsonAnnotations> parseGeoJsonAnnotations(std::string_view text, const std::string& where,
                                                   const CancelToken& cancel) {
    GeoJsonReader reader(text, cancel);
    const bool good = nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
    if (reader.wasCancelled()) return cancelled();
    if (good) return reader.take();
    return badInput("the annotations cannot be read: " + reader.error(), where,
                    "Export them again as GeoJSON, in pixels of the full resolution");
}

Result<GeoJsonAnnotations> readGeoJsonAnnotations(const std::filesystem::path& file,
                                                  const CancelToken& cancel) {
    constexpr std::uint64_t largest = 4ull << 30;
    const Result<std::string> text = readFile(file, largest);
    if (!text) return tl::unexpected(text.error());
    return parseGeoJsonAnnotations(*text, file.string(), cancel);
}

std::string geoJsonOf(const std::vector<Annotation>& annotations) {
    Writer writer;
    writer.add(R"({"type":"FeatureCollection","features":[)");
    bool first = true;
    for (const Annotation& annotation : annotations) {
        writer.add(first ? "\n" : ",\n");
        first = false;
        writer.feature(annotation);
    }
    writer.add("\n]}\n");
    return writer.take();
}

Result<void> writeGeoJsonAnnotations(const std::filesystem::path& file,
                                     const std::vector<Annotation>& annotations) {
    return writeFileAtomically(file, geoJsonOf(annotations));
}

} // namespace spotglass
