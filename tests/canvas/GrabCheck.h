#pragma once

#include "tiles/GradientSlide.h"
#include "viewer/canvas/SlideView.h"

#include <cmath>

#include <QImage>
#include <QString>

namespace spotglass::test {

inline QImage grabbed(SlideView& view) {
    return view.grab().toImage().convertToFormat(QImage::Format_RGB32);
}

/// Compares every pixel inside the slide with the function of level-0 coordinates that the slide is made of.
/// Returns what is wrong with the first one that differs; empty when all agree. Blue is the same everywhere,
/// so a seam of one pixel cannot hide. `downsample`: of the level shown; the middle of a pixel may be half
/// such a pixel off.
inline QString firstDifference(const QImage& image, const SlideView& view, const GradientSlide& slide,
                               double downsample) {
    const Viewport& viewport = view.viewport();
    const double ratio = image.devicePixelRatio();
    const Level0Rect all = viewport.slideRect();
    const double off = std::max(downsample, 1 / viewport.deviceScale());
    const double slackX = off * 255 / all.width + 1.6, slackY = off * 255 / all.height + 1.6;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            const Level0Point at = viewport.toLevel0(ScreenPoint{(x + 0.5) / ratio, (y + 0.5) / ratio});
            if (at.x < off || at.y < off || at.x > all.width - off * 2 || at.y > all.height - off * 2)
                continue;
            const QRgb pixel = image.pixel(x, y);
            if (std::abs(qBlue(pixel) - GradientSlide::blue) <= 1 &&
                std::abs(qRed(pixel) - slide.red(at.x)) <= slackX &&
                std::abs(qGreen(pixel) - slide.green(at.y)) <= slackY)
                continue;
            return QStringLiteral("pixel %1, %2 is %3 but should be %4, %5, 128 (scale %6)")
                .arg(x)
                .arg(y)
                .arg(pixel, 0, 16)
                .arg(slide.red(at.x))
                .arg(slide.green(at.y))
                .arg(viewport.scale());
        }
    }
    return {};
}

} // namespace spotglass::test
