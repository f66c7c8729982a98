#pragma once

#include "viewer/base/Annotation.h"
#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Annotations in the GeoJSON that QuPath writes and reads: coordinates are level-0 pixels, y down, without a
/// reference system (QuPath's own sources: QuPathTypeAdapters, ROITypeAdapters). All functions may be called
/// on any thread and block.
namespace spotglass {

struct GeoJsonAnnotations {
    std::vector<Annotation> annotations; ///< in the order of the file; every id is there and unique
    std::size_t withoutGeometry = 0;     ///< features left out because they have nothing to draw
};

/// Reads a FeatureCollection, a Feature, a bare array of features, or a bare geometry. Takes classes as
/// objects, lists of names or plain strings; colours as [r, g, b] or as a signed integer (QuPath before
/// 0.4). An id that is missing, repeated or no identifier (QuPath before 0.3) is replaced by a fresh one.
/// Measurements and metadata are passed over. The text is read once, without a tree of it in memory.
/// BadInput, naming `where` and the feature, for anything that cannot be drawn: broken or truncated JSON,
/// values of the wrong type, coordinates that are not finite or beyond 1e8, rings of fewer than 3 points,
/// nesting deeper than any annotation needs.
[[nodiscard]] Result<GeoJsonAnnotations>
parseGeoJsonAnnotations(std::string_view text, const std::string& where, const CancelToken& cancel = {});

/// The same for a file of at most 4 GiB.
[[nodiscard]] Result<GeoJsonAnnotations> readGeoJsonAnnotations(const std::filesystem::path& file,
                                                                const CancelToken& cancel = {});

/// The annotations as a FeatureCollection that QuPath opens. Coordinates are rounded to 0.01 pixels, as
/// QuPath does; all else comes back from parseGeoJsonAnnotations as it was.
[[nodiscard]] std::string geoJsonOf(const std::vector<Annotation>& annotations);

/// Writes geoJsonOf(annotations) aside and renames it. Kind Device when the disk refuses.
[[nodiscard]] Result<void> writeGeoJsonAnnotations(const std::filesystem::path& file,
                                                   const std::vector<Annotation>& annotations);

} // namespace spotglass
