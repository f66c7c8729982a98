#pragma once

#include "viewer/base/Units.h"
#include "viewer/canvas/Viewport.h"

#include <QImage>
#include <QPainter>
#include <QRect>

namespace spotglass {

/// The device pixels under a painter of screen coordinates: device = screen * ratio + offset along each axis.
/// A layer that works out every device pixel for itself needs them, so that what it draws is not resampled.
/// A value type; GUI thread (it reads a painter).
struct DeviceGrid {
    double ratioX = 1, ratioY = 1, offsetX = 0, offsetY = 0;
    bool exact = false; ///< whether these are the painter's own pixels

    /// The painter's own pixels where it paints into an image or a widget; otherwise (paper, a turned
    /// painter) pixels of the viewport's device pixel ratio, which the painter then scales.
    [[nodiscard]] static DeviceGrid of(const QPainter& painter, const Viewport& viewport);

    /// The device pixels that `screen` touches.
    [[nodiscard]] QRect covering(const QRectF& screen) const;
    [[nodiscard]] ScreenPoint toScreen(double x, double y) const {
        return {(x - offsetX) / ratioX, (y - offsetY) / ratioY};
    }
    [[nodiscard]] QPointF fromScreen(ScreenPoint at) const {
        return {at.x * ratioX + offsetX, at.y * ratioY + offsetY};
    }
    /// Draws `picture`, one of its pixels a device pixel, with its top left at device pixel `at`.
    void draw(QPainter& painter, QPoint at, const QImage& picture) const;
    /// The part of the widget that `painter` wants painted, in screen pixels.
    [[nodiscard]] static QRectF wanted(const QPainter& painter, const Viewport& viewport);
};

} // namespace spotglass
