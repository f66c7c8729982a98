#include "inference/engine/BatchSize.h"

#include <algorithm>
#include <utility>

namespace spotglass {
namespace {
constexpr int kSamples = 2; ///< the first of a size may pay for memory and for kernels that are made then
constexpr int kManySamples = 8;
constexpr double kSampledSeconds = 0.1; ///< short batches are tried oftener: other programs disturb them
constexpr double kGain = 1.05;
constexpr int kDisappointments = 2; ///< sizes in a row that gain nothing
} // namespace

BatchSize::BatchSize(int largest, int fixed, double longestSeconds, int first)
    : most_(std::max(1, fixed > 0 ? fixed : largest)), fixed_(fixed > 0), largest_(most_),
      current_(fixed > 0 ? fixed : std::clamp(first, 1, largest_)), best_(current_), longest_(longestSeconds),
      settled_(fixed > 0) {}

void BatchSize::settle(int size) {
    current_ = size;
    settled_ = true;
}

void BatchSize::startSampling() {
    rate_ = sampled_ = 0;
    samples_ = 0;
}

void BatchSize::took(int items, double seconds) {
    if (settled_ || items != current_ || !(seconds > 0)) return;
    rate_ = std::max(rate_, items / seconds);
    sampled_ += seconds;
    if (++samples_ < kSamples || (samples_ < kManySamples && sampled_ < kSampledSeconds)) return;
    if (rate_ > bestRate_ * kGain) {
        best_ = current_;
        bestRate_ = rate_;
        disappointments_ = 0;
    } else if (++disappointments_ == kDisappointments) {
        return settle(best_);
    }
    const bool tooLong = 2 * current_ / rate_ > longest_;
    if (2 * current_ > largest_ || tooLong) return settle(best_);
    current_ *= 2;
    startSampling();
}

void BatchSize::onDevice(int generation, int first) {
    if (std::exchange(generation_, generation) == generation) return;
    largest_ = most_;
    current_ = best_ = fixed_ ? most_ : std::clamp(first, 1, largest_);
    bestRate_ = 0;
    disappointments_ = 0;
    startSampling();
    settled_ = fixed_;
}

bool BatchSize::doesNotFit(int items) {
    if (items <= 1) return false;
    largest_ = items / 2;
    best_ = std::min(best_, largest_);
    settle(std::min(current_, largest_));
    return true;
}

} // namespace spotglass
