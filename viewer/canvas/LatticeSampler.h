#pragma once

#include "viewer/canvas/DeviceGrid.h"
#include "viewer/canvas/FilledLattice.h"
#include "viewer/canvas/LatticeStyle.h"

#include <cstdint>
#include <memory>
#include <optional>

#include <QRect>

namespace spotglass {

/// Maps a plane to another: u = ux*x + uy*y + u0, v = vx*x + vy*y + v0.
struct PlaneMap {
    double ux = 1, uy = 0, u0 = 0, vx = 0, vy = 1, v0 = 0;

    /// Level-0 pixels to lattice (column, row); nothing when the affine cannot be inverted.
    [[nodiscard]] static std::optional<PlaneMap> level0ToLattice(const LatticeAffine& affine);
    /// This map after the one from device pixels (pixel corners) to level-0 pixels.
    [[nodiscard]] PlaneMap afterDevice(const Viewport& viewport, const DeviceGrid& grid) const;

    [[nodiscard]] double u(double x, double y) const { return ux * x + uy * y + u0; }
    [[nodiscard]] double v(double x, double y) const { return vx * x + vy * y + v0; }
    /// Whether rows of one plane are rows of the other.
    [[nodiscard]] bool isUpright() const { return uy == 0 && vx == 0; }
};

/// What discs look like from the device.
struct DiscShape {
    /// Lattice to level-0 pixels, without the offset.
    double xx = 1, xy = 0, yx = 0, yy = 1;
    double radius = 0.4;    ///< level-0 pixels
    double deviceScale = 1; ///< device pixels per level-0 pixel
};

/// Values of a lattice at the centres of device pixels, one row of pixels after the other. Each centre is
/// looked up by itself, in numbers that hold a thousandth of a pixel however large the lattice is drawn, so
/// that no cell is off by more than half a device pixel; the painter's own scaling works in 16.16 fixed point
/// and drifts by pixels across a screen.
///
/// Smooth is Catmull-Rom along the columns and then along the rows of the lattice. It meets the value of each
/// cell at the cell's centre, so that colour, legend and the value under the cursor agree there (Mitchell's
/// does not); where it would overshoot it is held between the two cells it lies between. A pixel takes part
/// only if the cell it lies in is known.
///
/// Not thread-safe, but any number of them may work on one lattice on different threads.
class LatticeSampler {
  public:
    static constexpr int spare = 3;
    virtual ~LatticeSampler() = default;

    /// The values of row `y` of the area, one for each of its pixels; NaN where nothing is painted. `values`
    /// has room for `spare` more, which are written over. Where pixels are covered in part, the share covered
    /// (of 255) goes to `cover` and the answer is true; otherwise `cover` is not touched. Rows in ascending
    /// order are the fast way.
    virtual bool row(int y, float* values, std::uint8_t* cover) = 0;

    /// Samples `area`, device pixels of which every point's lattice coordinates are `deviceToLattice`.
    /// `whole` is all that may ever be asked for from this view: the same pixel has the same value whatever
    /// part of it is drawn. `lattice` must live longer.
    [[nodiscard]] static std::unique_ptr<LatticeSampler> make(const FilledLattice& lattice,
                                                              const PlaneMap& deviceToLattice,
                                                              const QRect& whole, const QRect& area,
                                                              LatticeStyle style, const DiscShape& disc = {});
};

/// Which cell each pixel of a row lies in, for any map; as exact as LatticeSampler.
class CellFinder {
  public:
    CellFinder(const FilledLattice& lattice, const PlaneMap& deviceToLattice, const QRect& whole,
               const QRect& area);

    /// Lattice coordinates of the pixel centres of row `y`, counted from cell (baseColumn(), baseRow()) and
    /// never negative; held within a cell and a half of the lattice.
    void coordinates(int y, float* u, float* v) const;
    [[nodiscard]] int baseColumn() const { return baseColumn_; }
    [[nodiscard]] int baseRow() const { return baseRow_; }
    /// FilledLattice::index() of the cell of each such pixel.
    void cells(const float* u, const float* v, int* index) const;
    [[nodiscard]] int width() const { return area_.width(); }

  private:
    const FilledLattice& lattice_;
    PlaneMap map_;
    QRect area_;
    int baseColumn_ = 0, baseRow_ = 0;
};

} // namespace spotglass
