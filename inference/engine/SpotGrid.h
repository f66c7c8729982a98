#pragma once

#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace spotglass {

/// One cell of the output lattice.
struct GridSpot {
    int column = 0, row = 0; ///< of the output lattice
    Level0Point center;
};

/// One unit of work: the spots that attend to each other, and those of them that get their values here.
struct GridWindow {
    Level0Rect owned; ///< the place whose nearest window this is, level-0 pixels
    std::vector<GridSpot>
        context; ///< tokens on one lattice at the model's pitch; `column`, `row` of that lattice
    std::vector<GridSpot> spots;      ///< the owned ones; `column`, `row` of the output lattice
    std::vector<std::size_t> tokenOf; ///< for each of `spots`, its index in `context`
};

struct GridSettings {
    double width = 0, height = 0;  ///< of the slide, level-0 pixels
    MicronsPerPixel scale;         ///< of level 0
    double spotPitchMicrons = 200; ///< the model's
    double contextMicrons = 6500;  ///< the model's: about one training section
    double pitchMicrons = 0; ///< of the output; 0: the model's, otherwise that divided by a whole number
    bool hexagonal = false;  ///< the model's array: six neighbours at the same distance
};

/// Plans a whole-slide prediction (design section 4). Spots lie on a lattice anchored at the slide's origin
/// (cell centres at (column + 0.5) * pitch); windows overlap by half, lie on a fixed grid, and a spot belongs
/// to the window whose centre is nearest. A finer output is made of shifted lattices in the same windows. So
/// a value depends on its window alone. A hexagonal lattice is one of axial coordinates, as in training (the
/// neighbours of a spot are (0, +-1), (+-1, 0), (+1, -1) and (-1, +1)): each row lies half a pitch further to
/// the right than the one above, so it has cells outside the slide, which are never predicted.
class SpotGrid {
  public:
    /// Usage error when the output pitch is not the model's divided by a whole number (2 % tolerance), or the
    /// lattice would have more than 100 million cells.
    [[nodiscard]] static Result<SpotGrid> plan(const GridSettings& settings);

    [[nodiscard]] int columns() const { return columns_; }
    [[nodiscard]] int rows() const { return rows_; }
    [[nodiscard]] LatticeAffine latticeToLevel0() const { return affine_; }
    /// How many shifted lattices make up the output, squared: 1 at the model's own pitch.
    [[nodiscard]] int refinement() const { return refinement_; }

    /// All windows that own at least one spot for which `isTissue` (level-0 centre) holds, by rows.
    [[nodiscard]] std::vector<GridWindow> windows(const std::function<bool(Level0Point)>& isTissue) const;

  private:
    GridSettings settings_;
    LatticeAffine affine_; ///< of the output lattice
    int refinement_ = 1;
    int columns_ = 0, rows_ = 0; ///< of the output lattice
    int block_ = 1, margin_ = 0; ///< of a window, in cells of the model's lattice
    void layOut(const GridSettings& settings);
    [[nodiscard]] Level0Rect boundsOf(int column, int row, int side) const;
    void addWindow(std::vector<GridWindow>& out, int blockColumn, int blockRow, int shiftX, int shiftY,
                   const std::vector<bool>& tissue) const;
};

} // namespace spotglass
