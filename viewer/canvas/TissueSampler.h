#pragma once

#include "viewer/base/ExpressionField.h"
#include "viewer/canvas/LatticeSampler.h"

#include <array>
#include <cstdint>
#include <vector>

#include <QRgb>

namespace spotglass {

/// Takes paint off glass at the resolution of the tissue outline, one row of device pixels after the other,
/// however the view is turned: bilinear between the outline's cells, which go on beyond its edges. Not
/// thread-safe.
class TissueSampler {
  public:
    /// Whether the outline has as many cells as it says.
    [[nodiscard]] static bool isUsable(const TissueOutline& tissue);
    /// `deviceToLevel0` maps device pixels; `area` are those that will be asked for. `tissue` must be usable
    /// and live longer.
    TissueSampler(const TissueOutline& tissue, const PlaneMap& deviceToLevel0, const QRect& area);

    /// Clips row `y` of the area: `colours`, premultiplied, one for each of its pixels.
    void clip(int y, QRgb* colours);

  private:
    void clipUpright(int y, QRgb* colours);
    void clipFree(int y, QRgb* colours);
    const std::vector<float>& line(int row);

    const TissueOutline& tissue_;
    PlaneMap map_; ///< device pixels to cells of the outline, centres at integers
    QRect area_;
    std::vector<int> left_;                   ///< upright: columns of the outline; otherwise places in it
    std::vector<float> share_;                ///< of the cell right of left_
    std::array<std::vector<float>, 2> lines_; ///< upright: rows of the outline; otherwise coordinates
    std::vector<std::uint8_t> cover_;
    std::array<int, 2> held_{-1, -1};
    std::array<bool, 2> allTissue_{};
};

} // namespace spotglass
