#pragma once

#include <cstddef>
#include <deque>

namespace spotglass {

/// How fast a count grows, over the last seconds. Times in seconds of any clock that never goes back. One
/// thread.
class RateMeter {
  public:
    /// Notes that the count was `count` at `now`.
    void add(double now, std::size_t count);
    /// A second; 0 while there is too little to say it from.
    [[nodiscard]] double perSecond() const;
    void clear() { samples_.clear(); }

  private:
    struct Sample {
        double time = 0;
        std::size_t count = 0;
    };
    std::deque<Sample> samples_; ///< the oldest first; a slow engine keeps two whatever their age
};

} // namespace spotglass
