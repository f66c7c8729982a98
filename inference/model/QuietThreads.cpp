#include "inference/model/QuietThreads.h"
#include "viewer/base/Processors.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace spotglass {

void keepComputingThreadsFromSpinning() {
    static std::once_flag once;
    std::call_once(once, [] {
        std::mutex mutex;
        std::condition_variable changed;
        bool there = false;
        std::thread([&] {
            const int threads = availableProcessors() + 2;
            // Not empty: the compiler leaves out a team that does nothing.
            std::atomic<int> started{0};
#pragma omp parallel num_threads(threads)
            { started.fetch_add(1); }
            {
                const std::lock_guard lock(mutex);
                there = true;
                changed.notify_all();
            }
            for (;;) // the threads belong to this one, and go when it goes
                std::this_thread::sleep_for(std::chrono::hours(24));
        }).detach();
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return there; });
    });
}

} // namespace spotglass
