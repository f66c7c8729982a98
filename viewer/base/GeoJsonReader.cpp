#include "viewer/base/GeoJsonReader.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace spotglass {
namespace {

constexpr std::size_t deepest = 64; // of the whole file; QuPath's need 9

std::optional<AnnotationRole> roleOf(std::string_view text) {
    if (text == "annotation" || text == "PathAnnotationObject") return AnnotationRole::Annotation;
    if (text == "detection" || text == "PathDetectionObject") return AnnotationRole::Detection;
    if (text == "cell" || text == "PathCellObject") return AnnotationRole::Cell;
    if (text == "tile" || text == "PathTileObject") return AnnotationRole::Tile;
    if (text == "tmaCore" || text == "tma_core" || text == "TMACoreObject") return AnnotationRole::TmaCore;
    return {};
}

/// Members whose value must be right, because without it nothing can be drawn.
bool isStructural(std::string_view key) {
    return key == "type" || key == "geometry" || key == "features" || key == "geometries" ||
           key == "coordinates" || key == "properties";
}

template <typename T> void append(std::vector<T>& to, std::vector<T>&& from) {
    if (to.empty())
        to = std::move(from);
    else
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

} // namespace

GeoJsonReader::GeoJsonReader(std::string_view text, const CancelToken& cancel)
    : text_(text), cancel_(cancel), random_(std::random_device{}()) {}

bool GeoJsonReader::fail(const std::string& what) {
    if (error_.empty()) error_ = feature_ ? fmt::format("feature {} {}", feature_, what) : "it " + what;
    return false;
}

bool GeoJsonReader::value(std::string_view kind) {
    if (inside_.empty()) return fail("holds a single value instead of annotations");
    switch (inside_.back()) {
    case In::Coordinates:
        return fail("has a coordinate that is not a number");
    case In::Features:
        ++feature_;
        return fail("is not an object");
    case In::Geometries:
        return fail("has a geometry that is not an object");
    case In::Color:
        return fail("has a colour that is not made of numbers");
    case In::Thing:
        // null stands for "none" where an object may be left out
        if (isStructural(key_) && !(kind.empty() && (keyIs("geometry") || keyIs("properties"))))
            return fail(fmt::format("has \"{}\" of the wrong type", key_));
        return true;
    case In::Properties:
    case In::Class:
    case In::ClassNames:
    case In::Skipped:
        break;
    }
    return true;
}

bool GeoJsonReader::boolean(bool value) {
    if (!inside_.empty() && inside_.back() == In::Properties && keyIs("isLocked")) {
        current().locked = value;
        return true;
    }
    if (!inside_.empty() && inside_.back() == In::Thing && keyIs("isEllipse")) {
        current().ellipse = value;
        return true;
    }
    return this->value("boolean");
}

bool GeoJsonReader::number_integer(std::int64_t value) {
    return number(static_cast<double>(value));
}

bool GeoJsonReader::number_unsigned(std::uint64_t value) {
    return number(static_cast<double>(value));
}

bool GeoJsonReader::number_float(double value, const std::string& /*text*/) {
    return number(value);
}

bool GeoJsonReader::number(double value) {
    if (inside_.empty()) return this->value("number");
    switch (inside_.back()) {
    case In::Coordinates:
        if (!things_.back().coordinates.number(value)) return fail(things_.back().coordinates.error());
        return true;
    case In::Color:
        color_.push_back(value);
        return true;
    case In::Properties:
    case In::Class:
        colorOfClass_ = inside_.back() == In::Class;
        if ((keyIs("colorRGB") || keyIs("color")) && std::abs(value) < 4294967296.0) {
            const auto argb = static_cast<std::uint32_t>(static_cast<std::int64_t>(value)); // Java's int
            setColor({static_cast<std::uint8_t>(argb >> 16), static_cast<std::uint8_t>(argb >> 8),
                      static_cast<std::uint8_t>(argb)});
        }
        return true;
    case In::Thing:
        if (keyIs("id")) {
            current().id = fmt::format("{}", value);
            return true;
        }
        break;
    default:
        break;
    }
    return this->value("number");
}

bool GeoJsonReader::string(std::string& value) {
    if (inside_.empty()) return this->value("text");
    switch (inside_.back()) {
    case In::Thing:
        if (!keyIs("type") && !keyIs("id")) break;
        textInThing(value);
        return true;
    case In::Properties:
        textInProperties(value);
        return true;
    case In::Class:
        if (keyIs("name")) current().className = std::move(value);
        return true;
    case In::ClassNames: {
        std::string& name = current().className;
        name += (name.empty() ? "" : ": ") + value; // as QuPath shows derived classes
        return true;
    }
    default:
        break;
    }
    return this->value("text");
}

void GeoJsonReader::textInThing(std::string& text) {
    if (keyIs("type")) {
        things_.back().type = std::move(text);
    } else if (const auto role = text.ends_with("Object") ? roleOf(text) : std::nullopt) {
        current().role = *role; // QuPath before 0.3 wrote the type there
    } else {
        current().id = std::move(text);
    }
}

void GeoJsonReader::textInProperties(std::string& text) {
    if (keyIs("name"))
        current().name = std::move(text);
    else if (keyIs("classification"))
        current().className = std::move(text);
    else if (keyIs("objectType") || keyIs("object_type"))
        current().role = roleOf(text).value_or(AnnotationRole::Annotation);
}

bool GeoJsonReader::binary(nlohmann::json::binary_t& /*value*/) {
    return value("binary");
}

bool GeoJsonReader::open(In in) {
    if (inside_.size() >= deepest) return fail(fmt::format("is nested more than {} deep", deepest));
    inside_.push_back(in);
    return true;
}

bool GeoJsonReader::openThing(Place place) {
    Thing thing;
    thing.place = place;
    if (place != Place::Root && place != Place::Feature) std::swap(thing.coordinates, spare_);
    thing.coordinates.clear();
    things_.push_back(std::move(thing));
    return open(In::Thing);
}

bool GeoJsonReader::start_object(std::size_t /*count*/) {
    if (inside_.empty()) return openThing(Place::Root);
    switch (inside_.back()) {
    case In::Features:
        ++feature_;
        return openThing(Place::Feature);
    case In::Geometries:
        return openThing(Place::Member);
    case In::Thing:
        if (keyIs("geometry")) return openThing(Place::Geometry);
        if (keyIs("nucleusGeometry")) return openThing(Place::Nucleus);
        if (keyIs("properties")) return open(In::Properties);
        return isStructural(key_) ? value("object") : open(In::Skipped);
    case In::Properties:
        return open(keyIs("classification") ? In::Class : In::Skipped);
    case In::Coordinates:
    case In::Color:
        return value("object");
    case In::Class:
    case In::ClassNames:
    case In::Skipped:
        break;
    }
    return open(In::Skipped);
}

bool GeoJsonReader::start_array(std::size_t /*count*/) {
    if (inside_.empty()) return open(In::Features);
    switch (inside_.back()) {
    case In::Coordinates:
        if (!things_.back().coordinates.open()) return fail(things_.back().coordinates.error());
        return open(In::Coordinates);
    case In::Thing:
        if (keyIs("features")) {
            things_.back().hasFeatures = true;
            return things_.back().place == Place::Root ? open(In::Features)
                                                       : fail("holds a collection of its own");
        }
        if (keyIs("geometries")) return open(In::Geometries);
        if (keyIs("coordinates")) {
            things_.back().coordinates.clear();
            (void)things_.back().coordinates.open(); // the first of its levels
            return open(In::Coordinates);
        }
        return isStructural(key_) ? value("array") : open(In::Skipped);
    case In::Properties:
    case In::Class:
        colorOfClass_ = inside_.back() == In::Class;
        color_.clear();
        if (keyIs("color")) return open(In::Color);
        return open(colorOfClass_ && keyIs("names") ? In::ClassNames : In::Skipped);
    case In::Features:
    case In::Geometries:
    case In::Color:
        return value("array");
    case In::ClassNames:
    case In::Skipped:
        break;
    }
    return open(In::Skipped);
}

bool GeoJsonReader::key(std::string& name) {
    key_ = std::move(name);
    return true;
}

bool GeoJsonReader::end_array() {
    const In ended = inside_.back();
    inside_.pop_back();
    if (ended == In::Coordinates && !things_.back().coordinates.close())
        return fail(things_.back().coordinates.error());
    if (ended == In::Color) return closeColor();
    if (ended == In::Features) feature_ = 0; // what follows belongs to the whole file
    return true;
}

bool GeoJsonReader::end_object() {
    const In ended = inside_.back();
    inside_.pop_back();
    return ended != In::Thing || closeThing();
}

bool GeoJsonReader::closeColor() {
    const auto isByte = [](double part) { return part >= 0 && part <= 255; };
    if (color_.size() < 3 || color_.size() > 4 || !std::all_of(color_.begin(), color_.end(), isByte))
        return fail("has a colour that is not three numbers from 0 to 255");
    setColor({static_cast<std::uint8_t>(color_[0]), static_cast<std::uint8_t>(color_[1]),
              static_cast<std::uint8_t>(color_[2])});
    return true;
}

void GeoJsonReader::setColor(Rgb color) {
    (colorOfClass_ ? current().classColor : current().color) = color;
}

bool GeoJsonReader::closeThing() {
    Thing thing = std::move(things_.back());
    things_.pop_back();
    const bool standsAlone = thing.place == Place::Root || thing.place == Place::Feature;
    if (thing.type.empty())
        return fail(thing.place == Place::Root ? "is JSON, but not GeoJSON" : "has no type");
    if (thing.type == "FeatureCollection") {
        if (thing.place != Place::Root) return fail("holds a collection of its own");
        return thing.hasFeatures || fail("is a collection without a list of features");
    }
    if (thing.type == "Feature")
        return standsAlone ? emit(std::move(thing.annotation))
                           : fail("has a feature where a geometry belongs");
    if (thing.hasFeatures) return fail("has features, but is no collection of them");
    return closeGeometry(thing);
}

bool GeoJsonReader::closeGeometry(Thing& thing) {
    if (thing.type != "GeometryCollection") { // whose members are there already
        const std::string wrong = thing.coordinates.addTo(thing.annotation, thing.type);
        if (!wrong.empty()) return fail(wrong);
    }
    std::swap(spare_, thing.coordinates);
    if (thing.place == Place::Root || thing.place == Place::Feature) return emit(std::move(thing.annotation));
    if (thing.place == Place::Nucleus) {
        append(current().nucleus, std::move(thing.annotation.polygons));
        return true;
    }
    append(current().polygons, std::move(thing.annotation.polygons));
    append(current().lines, std::move(thing.annotation.lines));
    append(current().points, std::move(thing.annotation.points));
    current().ellipse = current().ellipse || thing.annotation.ellipse;
    return true;
}

bool GeoJsonReader::emit(Annotation annotation) {
    if (cancel_.isCancelled()) {
        cancelled_ = true;
        return false;
    }
    if (annotation.isEmpty()) {
        ++made_.withoutGeometry;
        return true;
    }
    while (annotation.id.empty() || !ids_.insert(annotation.id).second)
        annotation.id = freshId();
    made_.annotations.push_back(std::move(annotation));
    return true;
}

/// A random UUID (RFC 9562, version 4).
std::string GeoJsonReader::freshId() {
    const std::uint64_t a = random_(), b = random_();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff,
                       0x8000 | ((b >> 48) & 0x3fff), b & 0xffffffffffff);
}

bool GeoJsonReader::parse_error(std::size_t position, const std::string& /*token*/,
                                const nlohmann::detail::exception& exception) {
    constexpr int numberOutOfRange = 406;
    const std::size_t at = std::min(position, text_.size());
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    if (exception.id == numberOutOfRange)
        return fail(fmt::format("has a number that is too large, on line {}", line));
    const std::string_view reason = exception.what();
    if (reason.find("unexpected end of input") != reason.npos ||
        reason.find("missing closing") != reason.npos) {
        error_ = "it ends in the middle, as if it had been cut off";
        return false;
    }
    error_ = fmt::format("it is not valid JSON on line {}", line);
    if (feature_) error_ += fmt::format(", in feature {}", feature_);
    return false;
}

} // namespace spotglass
