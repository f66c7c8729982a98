#pragma once

#include "viewer/base/ExpressionField.h"
#include "viewer/canvas/ContourLines.h"
#include "viewer/canvas/FilledLattice.h"
#include "viewer/canvas/HeatmapRaster.h"
#include "viewer/canvas/Layer.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace spotglass {

/// One new value of a lattice; NaN takes the cell away.
struct LatticeCell {
    int column = 0, row = 0;
    float value = ExpressionField::missing;
};

/// The predicted expression of one gene over the slide. Cell (column, row) is centred at latticeToLevel0 and
/// covers half a lattice unit to each side; cells without a value are not painted at all, nor is what lies
/// below the threshold, nor glass where the field says what is tissue.
///
/// Values are kept as floats and become colours while they are painted, at the device pixels that need it:
/// a change of colour map, range, gamma or threshold costs one painting of the view, however large the slide
/// is. GUI thread only; nothing blocks.
class HeatmapLayer : public Layer {
    Q_OBJECT

  public:
    explicit HeatmapLayer(QObject* parent = nullptr);

    /// Replaces the field; an empty one shows nothing. How it is painted stays; the flags of doubtful cells
    /// stay if the new lattice has the same size.
    void setField(ExpressionField field);
    [[nodiscard]] const ExpressionField& field() const { return field_; }
    /// Writes some cells of the present field and repaints the rectangle they change alone. Cells outside the
    /// lattice are ignored.
    void updateCells(const std::vector<LatticeCell>& cells);
    /// Cells to be hatched, with or without a value: one flag for each cell of the present field, row-major,
    /// 0 for none. Flags for a lattice of another size are not taken; empty takes them all away.
    void setDoubtful(std::vector<std::uint8_t> flags);
    /// Whether they are hatched (as at first) or only known to isDoubtfulAt().
    void setHatching(bool hatching);

    void setColorMap(const ColorMap& map);
    [[nodiscard]] const ColorMap& colorMap() const { return colouring_.map; }
    /// Values at and beyond the ends take the end colours.
    void setRange(float minimum, float maximum);
    [[nodiscard]] float minimum() const { return colouring_.minimum; }
    [[nodiscard]] float maximum() const { return colouring_.maximum; }
    /// A value t of the way through the range takes the colour of t^gamma; only above 0, 1 at first.
    void setGamma(float gamma);
    [[nodiscard]] float gamma() const { return colouring_.gamma; }
    /// Values below are not painted; nothing paints every value. Between cell centres the interpolated value
    /// counts.
    void setThreshold(std::optional<float> threshold);
    [[nodiscard]] std::optional<float> threshold() const { return colouring_.threshold; }
    void setStyle(LatticeStyle style);
    [[nodiscard]] LatticeStyle style() const { return style_; }
    /// Diameter of the discs of LatticeStyle::Spots in level-0 pixels; 0, as at first: about half the pitch.
    void setSpotDiameter(double level0);
    [[nodiscard]] double spotDiameter() const;
    /// Draws a line where the field has each of these values, in full strength whatever the opacity; not
    /// below the threshold. Empty: none.
    void setContourLevels(std::vector<float> levels);
    [[nodiscard]] const std::vector<float>& contourLevels() const { return levels_; }

    /// The value of the cell that covers the point; nothing outside the lattice and where no value is known.
    /// The threshold does not matter.
    [[nodiscard]] std::optional<float> valueAt(Level0Point point) const;
    /// Whether the cell that covers the point is flagged.
    [[nodiscard]] bool isDoubtfulAt(Level0Point point) const;
    /// Level-0 bounding box of the lattice; empty without a field.
    [[nodiscard]] Level0Rect extent() const;

    void paint(QPainter& painter, const Viewport& viewport) override;
    [[nodiscard]] std::unique_ptr<Layer> snapshot() const override;
    bool takeShapes(QPainter& painter, const Viewport& viewport) override;

  private:
    /// Index of the cell that covers the point.
    [[nodiscard]] std::optional<std::size_t> cellAt(Level0Point point) const;
    [[nodiscard]] Level0Rect cellsToLevel0(int column, int row, int columns, int rows) const;
    void prepare();
    void recolour();
    void paintContours(QPainter& painter, const Viewport& viewport, const QRectF& part);
    [[nodiscard]] QColor contourColour(float level) const;

    ExpressionField field_;
    Colouring colouring_;
    LatticeStyle style_ = LatticeStyle::Blocks;
    double spotDiameter_ = 0;
    bool hatching_ = true;
    std::vector<float> levels_;
    std::vector<std::uint8_t> doubtful_; ///< row-major; empty: none

    // Made from the above when next painted.
    bool stale_ = true;
    FilledLattice lattice_;
    std::vector<std::uint8_t> hatched_; ///< doubtful_ in the lattice's frame
    std::optional<ColourTable> table_;
    ContourCache contours_;
};

} // namespace spotglass
