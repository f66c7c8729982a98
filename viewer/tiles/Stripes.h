#pragma once

#include <functional>

#include <QRect>

namespace spotglass {

/// Cuts `area` into stripes of whole rows and calls `work` for each, on up to `threads` threads (this one
/// among them; 0: as many as there are processors, at most 8). Returns when all are done. Small areas are
/// done at once on this thread. `work` must not throw.
void inStripes(const QRect& area, int threads, const std::function<void(const QRect&)>& work);

} // namespace spotglass
