#pragma once

#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spotglass {

/// One spot of a spatial-transcriptomics array.
struct CohortSpot {
    std::string id; ///< "<column>x<row>" of the rounded array coordinates (legacy ST), or the barcode
    int column = 0, row = 0; ///< array coordinates, rounded; axial ones of a hexagonal array
    Level0Point center;      ///< exact centre, level-0 pixels, as the file gives it
    bool operator==(const CohortSpot&) const = default;
};

/// Reads a spot file of the legacy layout (NAME_selection.tsv; plain or gzip): columns x and y (array
/// coordinates), pixel_x and pixel_y (level-0 pixels of the section's image), optionally selected; rows with
/// selected 0 are left out. A table of three columns, id ("10x12"), X and Y (pixels), is read too. Order as
/// in the file. Blocking. BadInput, naming the file and the line: missing columns, rows of another length,
/// cells that are not numbers, two spots at the same array place, no spot at all.
[[nodiscard]] Result<std::vector<CohortSpot>> readSpotFile(const std::filesystem::path& path);

/// What is said of spots that are in one of a section's two tables only: they are left out. Empty when there
/// are none.
[[nodiscard]] std::string leftOutSentence(const std::string& section, std::size_t withoutPosition,
                                          std::size_t withoutCounts);

/// Least squares fit of the spots' centres (level-0 pixels) on their array coordinates. Nothing when the
/// spots are fewer than three or lie on one line.
[[nodiscard]] std::optional<LatticeAffine> fitLattice(const std::vector<CohortSpot>& spots);

/// Distance of neighbouring spots of a square array in level-0 pixels, as the geometric mean over the two
/// array axes (HexagonalArray.h has arrayPitch() for others).
[[nodiscard]] double latticePitch(const LatticeAffine& latticeToLevel0);

/// "<x>x<y>" (either may have decimals) as rounded array coordinates, halves to the even number as in the
/// published tables. Nothing when the text is of another form.
[[nodiscard]] std::optional<std::pair<int, int>> parseSpotId(std::string_view id);

/// The id of an array place: "<column>x<row>".
[[nodiscard]] std::string spotId(int column, int row);

} // namespace spotglass
