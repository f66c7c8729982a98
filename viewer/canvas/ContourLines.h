#pragma once

#include "viewer/base/ExpressionField.h"
#include "viewer/canvas/FilledLattice.h"

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
/// the mean of the four. Lines end where a cell is missing, and come in pieces of at most `longestPiece`
/// points. Pure; any thread; linear in the number of cells.
[[nodiscard]] std::vector<ContourLine> traceContour(const ExpressionField& field, float level,
                                                    qsizetype longestPiece = 64);

/// `count` values inside the range, equally far from each other and from its ends; none for an empty range.
[[nodiscard]] std::vector<float> contourLevels(float minimum, float maximum, int count);

/// The contour lines of one field, traced when they are first asked for and kept. For views in which cells
/// are tiny they are traced on means of 2 x 2, 4 x 4 ... cells, so that a large lattice stays quick; for
/// views in which they are large and painted smoothly, on the values between them, so that lines follow the
/// colours. GUI thread.
class ContourCache {
  public:
    /// One for each level.
    using Lines = std::vector<std::vector<ContourLine>>;

    /// Forgets everything: the field or the levels are other ones.
    void clear();
    /// Lines for a view in which a cell measures about `cellPixels` device pixels.
    [[nodiscard]] const Lines& at(const ExpressionField& field, const std::vector<float>& levels,
                                  double cellPixels);
    /// Whether cells are so large that smoothAt() is worth while.
    [[nodiscard]] static bool areLarge(double cellPixels);
    /// Lines of LatticeStyle::Smooth over `visible` (lattice coordinates) and some way beyond. `lattice`
    /// holds the same field.
    [[nodiscard]] const Lines& smoothAt(const FilledLattice& lattice, const std::vector<float>& levels,
                                        double cellPixels, const QRectF& visible);

  private:
    /// What smoothAt() traced last.
    struct Window {
        QRectF cells;
        int finer = 0; ///< samples to a cell, along each side
        Lines lines;
    };
    std::map<int, Lines> kept_; ///< by how often the lattice was halved
    std::map<int, ExpressionField> coarse_;
    Window window_;
};

} // namespace spotglass
