#pragma once

namespace spotglass {

/// Seconds; a cancel or a moved view waits so long at most, unless a single item takes longer. (A ViT-L on
/// two cores needs about 4 s for the 8 patches that it is fastest with.)
constexpr double kLongestBatch = 6;

/// Finds how many items a device should be given at a time, by trying with the work at hand: doubles as long
/// as items get cheaper by a twentieth (one size without a gain may be chance or an awkward size, two in a
/// row are not) and a batch stays short, so that a cancel or a moved view is answered soon. Not thread-safe.
class BatchSize {
  public:
    /// `fixed` > 0 is used as it is (memory permitting); trials begin with `first`.
    explicit BatchSize(int largest, int fixed = 0, double longestSeconds = kLongestBatch, int first = 1);

    /// How many items the next batch should have.
    [[nodiscard]] int next() const { return current_; }
    /// False while it is still trying: then a batch should be timed alone.
    [[nodiscard]] bool isSettled() const { return settled_; }
    /// A batch took so long. Smaller batches than next(), such as a rest, are not judged.
    void took(int items, double seconds);
    /// The work goes to another device (`generation` counts them): what was found on the one before is void.
    void onDevice(int generation, int first);
    /// A batch did not fit: at most half of it from now on. False when that was a single item.
    [[nodiscard]] bool doesNotFit(int items);

  private:
    void settle(int size);
    void startSampling();

    const int most_;
    const bool fixed_;
    int largest_, current_, best_;
    double longest_;
    double bestRate_ = 0, rate_ = 0; ///< items a second: of best_, of current_
    int samples_ = 0;                ///< of current_
    double sampled_ = 0;             ///< seconds of those
    int disappointments_ = 0;
    bool settled_ = false;
    int generation_ = 0;
};

} // namespace spotglass
