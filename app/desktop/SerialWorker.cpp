#include "app/desktop/SerialWorker.h"

#include <utility>

namespace spotglass {

SerialWorker::SerialWorker() : thread_([this] { loop(); }) {}

SerialWorker::~SerialWorker() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        queue_.clear();
    }
    wake_.notify_one();
    thread_.join();
}

void SerialWorker::post(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(work));
    }
    wake_.notify_one();
}

void SerialWorker::clear() {
    const std::lock_guard lock(mutex_);
    queue_.clear();
}

void SerialWorker::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (stopping_) return;
        auto work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work();
        work =
            nullptr; // what it holds is released here, before the next piece begins, and not under the lock
        lock.lock();
    }
}

} // namespace spotglass
