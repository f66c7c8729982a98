#pragma once

#include "viewer/base/ExpressionField.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace spotglass {

/// Says which values of a field should not be trusted: those of cells with much glass in them, as at the rim
/// of the tissue and on torn pieces, where a model sees little of what it was trained on. Looks at each cell
/// once, when it gets its value. Belongs to one thread.
class DoubtfulCells {
  public:
    /// Below this share of tissue a cell is doubtful.
    static constexpr double enoughTissue = 0.75;

    /// One flag for each cell of `field` that has a value (HeatmapLayer::setDoubtful); empty where the field
    /// does not say what is tissue.
    [[nodiscard]] const std::vector<std::uint8_t>& flags(const ExpressionField& field);

  private:
    std::shared_ptr<const TissueOutline> tissue_;
    LatticeAffine lattice_;
    std::vector<std::uint8_t> flags_, looked_;
};

} // namespace spotglass
