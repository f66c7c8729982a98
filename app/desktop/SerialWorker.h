#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace spotglass {

/// One thread that does what it is handed, in order. Owns the thread.
class SerialWorker {
  public:
    SerialWorker();
    /// Drops what has not begun, waits for what runs (ask it to stop before, where that can take long).
    ~SerialWorker();
    SerialWorker(const SerialWorker&) = delete;
    SerialWorker& operator=(const SerialWorker&) = delete;

    /// Hands over one piece of work. Any thread; does not block. The work must not throw.
    void post(std::function<void()> work);

    /// Drops the work that has not begun. Any thread; does not block.
    void clear();

  private:
    void loop();

    std::mutex mutex_; // guards queue_ and stopping_
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::thread thread_; // last: starts when everything else is there
};

} // namespace spotglass
