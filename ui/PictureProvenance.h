#pragma once

#include "viewer/base/Units.h"
#include "viewer/canvas/PictureExport.h"
#include "viewer/canvas/Viewport.h"

#include <optional>

#include <QDateTime>
#include <QString>

namespace spotglass {

/// The prediction that a picture shows.
struct ShownPrediction {
    QString model;       ///< its name
    QString fingerprint; ///< of the model file; empty while it is not known
    QString gene, unit;
    QString notice; ///< "Predicted - research use only"
};

/// Where a picture comes from.
struct PictureProvenance {
    QString slide;                        ///< file name without its folder, which may name people
    QString fingerprint;                  ///< of the slide
    Viewport view;                        ///< of the picture
    std::optional<MicronsPerPixel> scale; ///< of level 0
    std::optional<double> magnification;  ///< as on a microscope
    std::optional<ShownPrediction> prediction;
    QString version; ///< of the program
    QDateTime when;

    /// For programs to find in the file: plain numbers, English, ASCII as far as names are.
    [[nodiscard]] PictureTexts texts() const;
    /// For people, by their locale: one paragraph.
    [[nodiscard]] QString footer() const;
};

} // namespace spotglass
