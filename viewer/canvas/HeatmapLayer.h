#pragma once

#include "viewer/base/ExpressionField.h"
#include "viewer/canvas/Layer.h"
#include "viewer/tiles/ColorMap.h"

#include <optional>
#include <vector>

#include <QImage>

namespace spotglass {

/// One new value of a lattice; NaN takes the cell away.
struct LatticeCell {
    int column = 0, row = 0;
    float value = ExpressionField::missing;
};

/// The predicted expression of one gene over the slide. Cell (column, row) is centred at latticeToLevel0 and
/// covers half a lattice unit to each side; cells without a value, or below the threshold, are not painted at
/// all, nor is glass where the field says what is tissue.
///
/// Values are kept as floats; a change of colour map, range or threshold recolours one lattice-sized picture
/// and never touches the slide. GUI thread only; nothing blocks.
class HeatmapLayer : public Layer {
    Q_OBJECT

  public:
    enum class Interpolation { Nearest, Smooth };

    explicit HeatmapLayer(QObject* parent = nullptr);

    /// Replaces the field; an empty one shows nothing. Range, map and threshold stay.
    void setField(ExpressionField field);
    [[nodiscard]] const ExpressionField& field() const { return field_; }
    /// Writes some cells of the present field and repaints their bounding rectangle alone. Cells outside the
    /// lattice are ignored.
    void updateCells(const std::vector<LatticeCell>& cells);

    void setColorMap(const ColorMap& map);
    [[nodiscard]] const ColorMap& colorMap() const { return map_; }
    /// Values at and beyond the ends take the end colours.
    void setRange(float minimum, float maximum);
    [[nodiscard]] float minimum() const { return minimum_; }
    [[nodiscard]] float maximum() const { return maximum_; }
    /// Values below are not painted; nothing paints every value.
    void setThreshold(std::optional<float> threshold);
    [[nodiscard]] std::optional<float> threshold() const { return threshold_; }
    void setInterpolation(Interpolation interpolation);
    [[nodiscard]] Interpolation interpolation() const { return interpolation_; }

    /// The value of the cell that covers the point; nothing outside the lattice and where no value is known.
    /// The threshold does not matter.
    [[nodiscard]] std::optional<float> valueAt(Level0Point point) const;
    /// Level-0 bounding box of the lattice; empty without a field.
    [[nodiscard]] Level0Rect extent() const;

    void paint(QPainter& painter, const Viewport& viewport) override;

  private:
    [[nodiscard]] QRgb colorOf(float value) const;
    [[nodiscard]] Level0Rect cellsToLevel0(int column, int row, int columns, int rows) const;
    void recolour();
    /// Takes the paint off glass: `picture` begins at `origin`, both in device pixels.
    void clipToTissue(QImage& picture, const Viewport& viewport, QPoint origin) const;

    ExpressionField field_;
    ColorMap map_;
    float minimum_ = 0, maximum_ = 1;
    std::optional<float> threshold_;
    Interpolation interpolation_ = Interpolation::Nearest;
    QImage colours_; ///< lattice-sized, premultiplied; 0 where nothing is painted
    QImage outline_; ///< the field's tissue as alpha, sharing its memory; null: nothing is clipped
};

} // namespace spotglass
