#pragma once

#include "viewer/base/Units.h"
#include "viewer/canvas/PictureExport.h"

#include <optional>

class QSettings;

namespace spotglass {

/// What somebody wants to be in a picture, and how large.
struct ExportChoice {
    enum class What { View, Slide, Region };
    /// What `amount` counts.
    enum class Measure {
        AsShown, ///< nothing: as many pixels as the screen has
        Times,   ///< magnification as on a microscope
        Microns, ///< micrometres per pixel
        Width,   ///< pixels
        Percent  ///< of full resolution
    };
    What what = What::View;
    Level0Rect region; ///< of What::Region
    Measure measure = Measure::AsShown;
    double amount = 100;
    int dotsPerInch = 150;
    PictureFormat format = PictureFormat::Png;
    LegendPlace legend = LegendPlace::Beside; ///< where it hides no tissue
    bool layers = true, scaleBar = true, footer = true;

    /// What was chosen the last time, without the region; the default where nothing was.
    [[nodiscard]] static ExportChoice remembered(const QSettings& settings);
    void remember(QSettings& settings) const;
};

/// What the choice is made about.
struct ExportSubject {
    Viewport seen;                       ///< what the screen shows
    std::optional<double> magnification; ///< of one pixel per level-0 pixel
    std::optional<MicronsPerPixel> scale;
};

/// The view that the picture gets; nothing where the measure needs a scale that is not known, or the region
/// or the amount is empty. Pure.
[[nodiscard]] std::optional<Viewport> viewFor(const ExportChoice& choice, const ExportSubject& subject);

} // namespace spotglass
