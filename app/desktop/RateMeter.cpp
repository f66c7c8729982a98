#include "app/desktop/RateMeter.h"

namespace spotglass {
namespace {

constexpr double span = 10;    ///< seconds that are looked back
constexpr double shortest = 1; ///< seconds: before, the number would jump about

} // namespace

void RateMeter::add(double now, std::size_t count) {
    if (!samples_.empty() && samples_.back().count == count) return;
    samples_.push_back({now, count});
    while (samples_.size() > 2 && samples_.front().time < now - span)
        samples_.pop_front();
}

double RateMeter::perSecond() const {
    if (samples_.size() < 2) return 0;
    const double time = samples_.back().time - samples_.front().time;
    if (time < shortest) return 0;
    return static_cast<double>(samples_.back().count - samples_.front().count) / time;
}

} // namespace spotglass
