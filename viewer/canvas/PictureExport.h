#pragma once

#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"
#include "viewer/canvas/PictureScene.h"

#include <filesystem>
#include <functional>

namespace spotglass {

enum class PictureFormat { Png, Tiff, TiffJpeg, Svg, Pdf };

/// "png", "tif", "svg" or "pdf".
[[nodiscard]] QString pictureSuffix(PictureFormat format);

/// Words that a picture file carries, with a short keyword each ("Slide", "Region" ...).
using PictureTexts = std::vector<std::pair<QString, QString>>;

/// What a picture of that size will be like, before it is made.
struct PictureEstimate {
    double fileBytes = 0;   ///< of H&E tissue; within a factor of about two
    double memoryBytes = 0; ///< while it is written
    QSizeF millimetres;     ///< on paper
};
[[nodiscard]] PictureEstimate estimatePicture(PictureFormat format, QSize pixels, double dotsPerInch);

/// Why a picture of that size cannot be written in that format; Usage with the sentence for the user. Pure.
[[nodiscard]] Result<void> checkPicture(PictureFormat format, QSize pixels);

/// How writing went.
struct PictureOutcome {
    int damagedTiles = 0; ///< hatched in the picture
    QString damage;       ///< the sentence about the first
};

/// Draws `scene` and writes it. PNG and TIFF are written row by row in bounded memory; SVG and PDF hold the
/// tissue, with the layers, as one picture and everything on top as shapes and words. The file is written
/// aside and renamed: after an error or a cancellation there is none, or the one that was there before.
/// `progress` is told 0 to 1, on this thread. Blocking; any thread but the GUI's. Cancelled; Device for
/// folders that cannot be written, full disks and memory; Usage as checkPicture().
[[nodiscard]] Result<PictureOutcome> writePicture(const PictureScene& scene, PictureFormat format,
                                                  const std::filesystem::path& path,
                                                  const PictureTexts& texts, const CancelToken& cancel,
                                                  const std::function<void(double)>& progress = {});

} // namespace spotglass
