#pragma once

#include "viewer/base/Units.h"

#include <QRectF>
#include <QString>

class QPainter;

namespace spotglass {

/// A bar of a round physical length.
struct ScaleBar {
    double micrometres = 0; ///< 1, 2 or 5 times a power of ten; 0 when there is no scale
    double pixels = 0;      ///< its length on the screen, device-independent pixels

    /// The longest round bar of at most `maxPixels` for a picture with `scale` screen pixels per level-0
    /// pixel.
    [[nodiscard]] static ScaleBar fitting(MicronsPerPixel micronsPerPixel, double scale, double maxPixels);
    /// "200 um" with the proper sign, or "2 mm", "500 nm".
    [[nodiscard]] QString text() const;
    /// The place of the bar with its plate in a widget of `size` (device-independent pixels). `zoom` enlarges
    /// it.
    [[nodiscard]] QRectF plate(QSizeF size, double zoom) const;
    /// The scale along the screen's rows of a slide that is turned clockwise by `degrees`, whose pixels may
    /// be higher than wide.
    [[nodiscard]] static MicronsPerPixel alongTheScreen(MicronsPerPixel micronsPerPixel, double degrees);
    /// Says, in the place of the bar, that there is no scale. GUI thread.
    static void paintUnknown(QPainter& painter, QSizeF size, double zoom);
    /// Draws it at plate(). GUI thread.
    void paint(QPainter& painter, QSizeF size, double zoom) const;
};

} // namespace spotglass
