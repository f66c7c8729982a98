#include "viewer/tiles/Stripes.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <QSemaphore>
#include <QThreadPool>

namespace spotglass {
namespace {

constexpr int worthSharing = 120'000; ///< pixels; below, waking another thread takes longer than the work
constexpr int stripesPerThread = 4;   ///< so that a thread that is held up does not hold up the others

/// Threads of their own: the application's pool may be busy with files.
QThreadPool& pool() {
    static QThreadPool threads;
    return threads;
}

} // namespace

void inStripes(const QRect& area, int threads, const std::function<void(const QRect&)>& work) {
    if (area.isEmpty()) return;
    if (threads <= 0) threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 8);
    if (qint64{area.width()} * area.height() < worthSharing) threads = 1;
    const int stripes = std::min(threads == 1 ? 1 : threads * stripesPerThread, area.height());
    std::atomic<int> next{0};
    const auto run = [&] {
        for (int i = next++; i < stripes; i = next++) {
            const int top = area.height() * i / stripes, bottom = area.height() * (i + 1) / stripes;
            work(QRect(area.x(), area.y() + top, area.width(), bottom - top));
        }
    };
    QSemaphore done;
    int helpers = 0;
    for (; helpers < std::min(threads, stripes) - 1; ++helpers)
        if (!pool().tryStart([&] {
                run();
                done.release();
            }))
            break;
    run();
    done.acquire(helpers);
}

} // namespace spotglass
