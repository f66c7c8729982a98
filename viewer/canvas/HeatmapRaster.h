#pragma once

#include "viewer/canvas/LatticeSampler.h"
#include "viewer/tiles/ColorMap.h"

#include <cstdint>
#include <optional>
#include <vector>

class QPainter;

namespace spotglass {

/// How values become colours: nothing of it touches the values themselves.
struct Colouring {
    ColorMap map;
    float minimum = 0, maximum = 1; ///< values at and beyond the ends take the end colours
    float gamma = 1;                ///< a value t of the way through the range has the colour of t^gamma
    std::optional<float> threshold; ///< values below are not painted
    bool operator==(const Colouring&) const = default;
};

/// A Colouring as a table, fine enough that no map shows steps. Immutable; any thread.
class ColourTable {
  public:
    ColourTable() : ColourTable(Colouring{}) {}
    explicit ColourTable(const Colouring& colouring);
    /// Premultiplied colours of `count` values; 0 for NaN and for what lies below the threshold.
    void row(const float* values, QRgb* colours, int count) const;

  private:
    std::vector<QRgb> colours_; ///< the first is 0, the others run from low to high
    float minimum_, stepsPerValue_, first_, threshold_;
};

/// Everything that is needed to paint a lattice; what it points to must live longer.
struct HeatmapPicture {
    const FilledLattice& lattice;
    const LatticeAffine& latticeToLevel0;
    const ColourTable& colours;
    LatticeStyle style = LatticeStyle::Blocks;
    double spotDiameter = 0;               ///< level-0 pixels
    const TissueOutline* tissue = nullptr; ///< usable; null: nothing is clipped
    const std::vector<std::uint8_t>* hatched =
        nullptr; ///< by FilledLattice::index(); null: nothing is hatched
};

/// Paints the part of `screen` (device-independent screen pixels) that the lattice covers. GUI thread.
void paintHeatmap(QPainter& painter, const Viewport& viewport, const HeatmapPicture& picture,
                  const QRectF& screen);

} // namespace spotglass
