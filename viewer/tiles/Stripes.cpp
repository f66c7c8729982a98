#include "viewer/tiles/Stripes.h"
#include "viewer/base/Processors.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace spotglass {
namespace {

constexpr int worthSharing = 120'000; ///< pixels; below, starting another thread takes longer than the work
constexpr int stripesPerThread = 4;   ///< so that a thread that is held up does not hold up the others

} // namespace

void inStripes(const QRect& area, int threads, const std::function<void(const QRect&)>& work) {
    if (area.isEmpty()) return;
    if (threads <= 0) threads = std::min(availableProcessors(), 8);
    if (qint64{area.width()} * area.height() < worthSharing) threads = 1;
    const int stripes = std::min(threads == 1 ? 1 : threads * stripesPerThread, area.height());
    std::atomic<int> next{0};
    const auto run = [&] {
        for (int i = next++; i < stripes; i = next++) {
            const int top = area.height() * i / stripes, bottom = area.height() * (i + 1) / stripes;
            work(QRect(area.x(), area.y() + top, area.width(), bottom - top));
        }
    };
    // Started anew each time: that takes some hundredths of a millisecond, and several callers need no
    // agreement.
    std::vector<std::jthread> helpers;
    for (int i = 1; i < std::min(threads, stripes); ++i)
        helpers.emplace_back(run);
    run();
}

} // namespace spotglass
