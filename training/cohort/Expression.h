#pragma once

#include "training/cohort/Cohort.h"

#include <string>
#include <vector>

namespace spotglass {

/// Expression of the panel in the spots of one section: spots x genes, row-major. A value type.
struct ExpressionMatrix {
    std::size_t spots = 0, genes = 0;
    std::vector<float> values;
    [[nodiscard]] float at(std::size_t spot, std::size_t gene) const { return values[spot * genes + gene]; }
};

enum class Smoothing : std::uint8_t { None, ThreeByThree };

/// The unit of smoothed expression, as model cards and legends say it.
inline constexpr const char* expressionUnit = "log10(1 + counts per 10,000 of the panel), 3 x 3 smoothed";

/// What the model is trained on (spec section 3): the panel's counts of a spot scaled to 10,000 in total (a
/// spot without counts stays zero), log10(1 + x), then, unless `smoothing` is None, the mean with those of
/// its eight lattice neighbours that exist (of a hexagonal array, its six). Computed in double, rows as
/// section.spots, columns as `panel`. Does not block on disk. BadInput when the section lacks a gene of the
/// panel, or the panel is empty or names a gene twice.
[[nodiscard]] Result<ExpressionMatrix> panelExpression(const Section& section,
                                                       const std::vector<std::string>& panel,
                                                       Smoothing smoothing = Smoothing::ThreeByThree);

} // namespace spotglass
