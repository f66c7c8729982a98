#pragma once

#include <atomic>
#include <memory>

namespace spotglass {

/// Shared flag by which one thread asks another to stop. Copies share the flag. Never blocks; safe on every
/// thread. cancel() only asks: whoever must know that work has ended waits for the work's own answer.
class CancelToken {
  public:
    CancelToken();
    void cancel() const noexcept;
    [[nodiscard]] bool isCancelled() const noexcept;

  private:
    std::shared_ptr<std::atomic<bool>> flag_;
};

} // namespace spotglass
