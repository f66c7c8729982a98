#pragma once

#include "viewer/base/ExpressionField.h"
#include "viewer/canvas/Layer.h"
#include "viewer/canvas/SpotIndex.h"
#include "viewer/tiles/ColorMap.h"

#include <optional>
#include <vector>

namespace spotglass {

/// Single spots (measured expression) as circles of their physical size. What a painting costs depends on the
/// spots in view and the pixels they cover. Spots smaller than a device pixel are merged into the mean
/// colour of each pixel. GUI thread only; nothing blocks.
class SpotLayer : public Layer {
    Q_OBJECT

  public:
    explicit SpotLayer(QObject* parent = nullptr);

    /// Replaces the spots. A spot whose value is NaN is drawn as a thin empty ring.
    void setSpots(std::vector<SpotValue> spots);
    [[nodiscard]] const std::vector<SpotValue>& spots() const { return spots_; }

    /// Spot diameter in micrometres on a slide of that scale. Without a valid scale nothing changes.
    void setDiameter(double micrometres, MicronsPerPixel scale);
    /// Spot diameter in level-0 pixels along x and y, for slides without a scale.
    void setDiameterLevel0(double x, double y);

    void setColorMap(const ColorMap& map);
    [[nodiscard]] const ColorMap& colorMap() const { return map_; }
    void setRange(float minimum, float maximum);
    [[nodiscard]] float minimum() const { return minimum_; }
    [[nodiscard]] float maximum() const { return maximum_; }
    /// A value t of the way through the range takes the colour of t^gamma; only above 0.
    void setGamma(float gamma);
    [[nodiscard]] float gamma() const { return gamma_; }
    /// Spots below are drawn as empty rings; nothing fills every spot.
    void setThreshold(std::optional<float> threshold);
    /// Outlines only, so that the tissue inside stays visible.
    void setOutlineOnly(bool outline);

    /// The spot drawn on top at that point; null where there is none. Valid until setSpots.
    [[nodiscard]] const SpotValue* spotAt(Level0Point point) const;
    /// Its value; nothing where there is no spot or its value is unknown.
    [[nodiscard]] std::optional<float> valueAt(Level0Point point) const;

    void paint(QPainter& painter, const Viewport& viewport) override;
    [[nodiscard]] std::unique_ptr<Layer> snapshot() const override;
    bool takeShapes(QPainter& painter, const Viewport& viewport) override;

  private:
    [[nodiscard]] QRgb colourOf(float value) const;

    std::vector<SpotValue> spots_;
    SpotIndex index_;
    double diameterX_ = 100, diameterY_ = 100; ///< level-0 pixels
    ColorMap map_;
    float minimum_ = 0, maximum_ = 1, gamma_ = 1;
    std::optional<float> threshold_;
    bool outline_ = false;
};

} // namespace spotglass
