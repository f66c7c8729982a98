#pragma once

#include "viewer/base/Result.h"

#include <filesystem>

namespace spotglass {

struct ViewerBenchOptions {
    std::filesystem::path slide;
    int threads = 2;
    double seconds = 1; ///< of each measurement
    int rounds = 5;     ///< of which the median is told
};

/// Measures how fast tiles of a slide become pictures for the screen, beside the floor (the same bytes read
/// and decoded with nothing else around) and beside OpenSlide, in turns within one run; and how long
/// composing a frame of them takes. Prints one JSON document on standard output. Needs a QCoreApplication.
/// BadInput when the slide cannot be opened.
[[nodiscard]] Result<void> runViewerBench(const ViewerBenchOptions& options);

} // namespace spotglass
