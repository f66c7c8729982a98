#pragma once

#include "viewer/canvas/DeviceGrid.h"

#include <cstdint>
#include <vector>

#include <QImage>

namespace spotglass {

/// Draws many circles of one physical size into a picture of device pixels. Each pixel is covered by how far
/// its centre lies inside the edge, so that the centre of gravity of a circle is its true centre, and what a
/// circle costs is the pixels it covers. Circles smaller than a pixel are merged: a pixel has the mean colour
/// of its circles, as strong as they cover it. The circles of a slide whose scales along x and y differ, and
/// of a turned view, are the ellipses they should be. GUI thread.
class SpotRaster {
  public:
    /// `area`: device pixels to be drawn; diameters in level-0 pixels.
    SpotRaster(const Viewport& viewport, const DeviceGrid& grid, const QRect& area, double diameterX,
               double diameterY);

    /// A filled circle with a dark rim `rim` screen pixels wide, inside the circle; the later ones on top.
    void disc(Level0Point center, QRgb colour, double rim);
    /// An empty circle with a line `width` screen pixels wide, inside the circle.
    void ring(Level0Point center, QRgb colour, double width);
    /// Draws all of them into the painter that `grid` was made of.
    void draw(QPainter& painter);

  private:
    struct Sum {
        std::uint32_t red = 0, green = 0, blue = 0, count = 0;
    };
    void shape(Level0Point center, QRgb colour, double line, bool filled);
    void merge(QPointF center, QRgb colour);
    void drawMerged();

    const Viewport& viewport_;
    const DeviceGrid& grid_;
    QRect area_;
    QImage picture_;
    double xx_ = 1, xy_ = 0, yx_ = 0, yy_ = 1; ///< device pixels to the circle of radius 1
    double reachX_ = 1, reachY_ = 1;           ///< device pixels from the centre
    double shorter_ = 1;                       ///< half axis of a circle, device pixels
    double share_ = 1; ///< of a device pixel that a circle covers; up to 1 they are merged
    std::vector<Sum> sums_;
};

} // namespace spotglass
