#pragma once

#include "viewer/base/Annotation.h"
#include "viewer/base/CancelToken.h"
#include "viewer/base/GeoJsonAnnotations.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

namespace spotglass {

/// The coordinates of one GeoJSON geometry, before its type is known (members of an object have no order).
/// Pure.
class GeoJsonCoordinates {
  public:
    /// One '[', one ']' or one number further. False when the nesting fits no geometry; then error() says so.
    [[nodiscard]] bool open();
    [[nodiscard]] bool close();
    [[nodiscard]] bool number(double value);
    /// Every '[' has met its ']'.
    [[nodiscard]] bool isComplete() const { return nesting_.empty(); }
    void clear();

    /// Adds the geometry named `type` to `annotation`. An empty text, or what is wrong.
    [[nodiscard]] std::string addTo(Annotation& annotation, std::string_view type) const;
    [[nodiscard]] const std::string& error() const { return error_; }

  private:
    /// What stands in an array whose ']' has not come yet.
    struct Open {
        int inside = nothing; ///< height of its elements
        int numbers = 0;
        double x = 0, y = 0;
    };
    static constexpr int nothing = -2, numbersInside = -1;

    [[nodiscard]] std::string addPolygons(Annotation& annotation) const;
    [[nodiscard]] AnnotationPath path(std::size_t index, bool closed) const;
    [[nodiscard]] std::size_t pathStart(std::size_t index) const { return index ? pathEnds_[index - 1] : 0; }

    std::vector<Level0Point> points_;
    std::vector<std::size_t> pathEnds_;  ///< into points_
    std::vector<std::size_t> groupEnds_; ///< into pathEnds_
    std::vector<Open> nesting_;
    int height_ = nothing; ///< of the whole: 0 a point, 1 points, 2 lists of points, 3 lists of those
    bool gap_ = false;     ///< an empty array among others
    std::string error_;
};

/// Follows nlohmann::json::sax_parse and collects annotations as their features end. One use, one thread.
class GeoJsonReader : public nlohmann::json_sax<nlohmann::json> {
  public:
    GeoJsonReader(std::string_view text, const CancelToken& cancel);

    [[nodiscard]] GeoJsonAnnotations take() { return std::move(made_); }
    /// What was wrong, after sax_parse has returned false.
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] bool wasCancelled() const { return cancelled_; }

    bool null() override { return value({}); }
    bool boolean(bool value) override;
    bool number_integer(std::int64_t value) override;
    bool number_unsigned(std::uint64_t value) override;
    bool number_float(double value, const std::string& text) override;
    bool string(std::string& value) override;
    bool binary(nlohmann::json::binary_t& value) override;
    bool start_object(std::size_t count) override;
    bool key(std::string& name) override;
    bool end_object() override;
    bool start_array(std::size_t count) override;
    bool end_array() override;
    bool parse_error(std::size_t position, const std::string& token,
                     const nlohmann::detail::exception& exception) override;

  private:
    /// What the innermost object or array is.
    enum class In : std::uint8_t {
        Thing,    ///< a feature, a collection or a geometry
        Features, ///< or the bare array of the whole file
        Geometries,
        Coordinates,
        Properties,
        Class,
        Color,
        ClassNames,
        Skipped
    };
    /// Where a thing stands in what is around it.
    enum class Place : std::uint8_t { Root, Feature, Geometry, Nucleus, Member };
    struct Thing {
        Place place = Place::Root;
        std::string type;
        GeoJsonCoordinates coordinates;
        bool hasFeatures = false;
        Annotation annotation;
    };

    bool fail(const std::string& what);
    /// A value that is no object and no array, unless one of the functions above knows what to do with it.
    bool value(std::string_view kind);
    bool number(double value);
    bool open(In in);
    bool openThing(Place place);
    bool closeThing();
    bool closeGeometry(Thing& thing);
    bool closeColor();
    bool emit(Annotation annotation);
    void textInThing(std::string& text);
    void textInProperties(std::string& text);
    void setColor(Rgb color);
    [[nodiscard]] bool keyIs(std::string_view name) const { return key_ == name; }
    [[nodiscard]] Annotation& current() { return things_.back().annotation; }
    [[nodiscard]] std::string freshId();

    std::string_view text_;
    CancelToken cancel_;
    GeoJsonAnnotations made_;
    std::unordered_set<std::string> ids_;
    std::mt19937_64 random_;
    std::vector<In> inside_;
    std::vector<Thing> things_;
    GeoJsonCoordinates spare_; ///< keeps its memory from one geometry to the next
    std::string key_;
    std::vector<double> color_;
    bool colorOfClass_ = false;
    std::size_t feature_ = 0; ///< number of the feature being read, from 1
    std::string error_;
    bool cancelled_ = false;
};

} // namespace spotglass
