#pragma once

#include "inference/engine/RunCache.h"
#include "inference/store/SlideCache.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace spotglass {

/// What the kept numbers of a run depend on; texts that only have to differ where the numbers do.
struct RunNames {
    std::string features;    ///< encoder, patch geometry, scale, precision
    std::string predictions; ///< model, lattice, context, and the above; empty: predictions are not kept
    std::string description; ///< JSON, for whoever lists runs
    int featureWidth = 0;
    std::size_t genes = 0;
};

/// A run's features and predictions in the slide's cache. Writing happens on a thread of its own; saving
/// waits only when that is far behind. What cannot be kept is told once, and the run goes on. One owner
/// thread.
class StoredRun final : public RunCache {
  public:
    /// Blocks on disk.
    [[nodiscard]] static Result<std::unique_ptr<StoredRun>>
    open(const SlideCacheSettings& settings, const std::string& fingerprint, RunNames names);
    ~StoredRun() override; ///< writes what is waiting

    void load(const std::vector<PatchKey>& wanted,
              const std::function<void(PatchKey, const std::uint16_t*)>& take) override;
    void save(const std::vector<PatchKey>& patches, const std::uint16_t* rows) override;
    void loadPredictions(const std::function<void(std::int64_t, const float*)>& take) override;
    void savePredictions(const std::vector<std::int64_t>& cells, const float* values) override;
    void begin(std::size_t spots) override;
    void complete() override;
    void waitUntilWritten() override;
    [[nodiscard]] std::vector<std::string> takeNotes() override;

    /// The user has stopped the run: it is not continued by itself. Its values stay.
    void forget();

  private:
    using Write = std::function<Result<void>(SlideCache&)>;
    StoredRun(std::unique_ptr<SlideCache> reader, std::unique_ptr<SlideCache> writer, RunNames names);
    void post(std::size_t bytes, Write write);
    void writeAll();
    void tell(const Error& error);

    RunNames names_;
    std::unique_ptr<SlideCache> reader_; ///< of the owner thread
    std::unique_ptr<SlideCache> writer_; ///< of thread_
    std::mutex mutex_;                   ///< guards what follows
    std::condition_variable changed_;
    std::deque<std::pair<std::size_t, Write>> waiting_;
    std::size_t waitingBytes_ = 0;
    std::vector<std::string> notes_;
    bool toldLimit_ = false, toldError_ = false, writing_ = false, ending_ = false;
    std::thread thread_; // last: uses the others
};

} // namespace spotglass
