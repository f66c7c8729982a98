#pragma once

#include "viewer/base/Units.h"
#include "viewer/canvas/Viewport.h"

#include <optional>

#include <QImage>
#include <QRect>

namespace spotglass {

/// Maps a plane to another: u = ux*x + uy*y + u0, v = vx*x + vy*y + v0.
struct PlaneMap {
    double ux = 1, uy = 0, u0 = 0, vx = 0, vy = 1, v0 = 0;

    /// Level-0 pixels to lattice (column, row); nothing when the affine cannot be inverted.
    [[nodiscard]] static std::optional<PlaneMap> level0ToLattice(const LatticeAffine& affine);
    /// Device pixels of the widget (pixel corners) to lattice.
    [[nodiscard]] PlaneMap afterScreen(const Viewport& viewport) const;
};

/// Draws a lattice-sized picture (Format_ARGB32_Premultiplied, every pixel opaque or 0) for the device pixels
/// `area`, one lattice unit a pixel, pixel centres at integer lattice coordinates. Each device pixel is
/// looked up at its own centre in double precision, so no cell is off by more than half a device pixel
/// however large it is drawn; the painter's own scaling works in 16.16 fixed point and drifts by pixels
/// across a screen.
///
/// Smooth: bilinear between the colours of cells that have one. A device pixel takes part only if the cell it
/// lies in has a colour, so nothing bleeds into missing cells, and those that are missing do not darken their
/// neighbours. Pure; any thread.
[[nodiscard]] QImage sampleLattice(const QImage& colours, const PlaneMap& deviceToLattice, const QRect& area,
                                   bool smooth);

} // namespace spotglass
