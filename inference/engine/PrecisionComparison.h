#pragma once

#include "inference/engine/PredictionEngine.h"

namespace spotglass {

/// EngineFactory::comparePrecisions().
[[nodiscard]] Result<std::vector<PrecisionReport>> comparePrecisions(const std::filesystem::path& model,
                                                                     const EngineSettings& settings,
                                                                     std::shared_ptr<const SlideSource> slide,
                                                                     MicronsPerPixel micronsPerPixel,
                                                                     CancelToken cancel);

} // namespace spotglass
