#pragma once

#include "viewer/base/Units.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace spotglass {

/// Where tissue is, for leaving glass unpainted: width x height cells of cellWidth x cellHeight level-0
/// pixels, row-major from the slide's top-left corner, 255 tissue and 0 glass. Immutable; shared between
/// threads.
struct TissueOutline {
    int width = 0, height = 0;
    double cellWidth = 1, cellHeight = 1;
    std::vector<std::uint8_t> cells;
};

/// Expression of one gene on a lattice, row-major, one float a cell; NaN where nothing is known (glass, not
/// yet predicted). A value type: copy it across threads.
struct ExpressionField {
    std::string gene;
    std::string unit; ///< for the legend, e.g. "log10(1 + counts per 10,000 of the panel), 3 x 3 smoothed"
    int columns = 0, rows = 0;
    LatticeAffine latticeToLevel0;
    std::vector<float> values; ///< rows x columns
    std::shared_ptr<const TissueOutline> tissue =
        nullptr; ///< null: every cell with a value is painted as a whole

    static constexpr float missing = std::numeric_limits<float>::quiet_NaN();
    [[nodiscard]] bool isEmpty() const { return values.empty(); }
    [[nodiscard]] float at(int column, int row) const {
        return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                      static_cast<std::size_t>(column)];
    }
};

/// One spot of a section with the expression of one gene, for layers that draw single spots.
struct SpotValue {
    std::string id;     ///< e.g. "25x13" (legacy ST array coordinates) or a Visium barcode
    Level0Point center; ///< spot centre in level-0 pixels
    float value = ExpressionField::missing;
};

} // namespace spotglass
