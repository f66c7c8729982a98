#pragma once

#include "viewer/slide/SlideSource.h"

#include <opencv2/core/mat.hpp>

namespace spotglass {

/// Separates stained tissue from glass in a picture of a whole slide of about 10 um a pixel: CV_8U,
/// continuous, 255 on tissue. `unreadable` as in TissueMask::fromPicture. Pure; any thread. How: Otsu's
/// threshold (1979) on the optical density against the slide's own glass.
[[nodiscard]] cv::Mat segmentTissue(const Raster& picture, const std::vector<std::uint8_t>& unreadable);

} // namespace spotglass
