#pragma once

#include "viewer/base/ExpressionField.h"

#include <map>
#include <vector>

#include <QPolygonF>
#include <QRectF>

namespace spotglass {

/// A piece of a level line, in lattice coordinates (cell centres are integers).
struct ContourLine {
    QPolygonF points;
    QRectF box;
};

/// The lines along which a field has one value: marching squares between the centres of four known cells
/// (Lorensen and Cline 1987, in the plane), the value taken as linear along their sides, saddles decided by
/// the mean of the four. Lines end where a cell is missing. Pure; any thread; linear in the number of cells.
[[nodiscard]] std::vector<ContourLine> traceContour(const ExpressionField& field, float level);

/// `count` values inside the range, equally far from each other and from its ends; none for an empty range.
[[nodiscard]] std::vector<float> contourLevels(float minimum, float maximum, int count);

/// The contour lines of one field, traced when they are first asked for and kept. For views in which cells
/// are tiny they are traced on means of 2 x 2, 4 x 4 ... cells, so that a large lattice stays quick. GUI
/// thread.
class ContourCache {
  public:
    /// One for each level.
    using Lines = std::vector<std::vector<ContourLine>>;

    /// Forgets everything: the field or the levels are other ones.
    void clear() { kept_.clear(), coarse_.clear(); }
    /// Lines for a view in which a cell measures about `cellPixels` device pixels.
    [[nodiscard]] const Lines& at(const ExpressionField& field, const std::vector<float>& levels,
                                  double cellPixels);

  private:
    std::map<int, Lines> kept_; ///< by how often the lattice was halved
    std::map<int, ExpressionField> coarse_;
};

} // namespace spotglass
