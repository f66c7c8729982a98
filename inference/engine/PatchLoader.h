#pragma once

#include "inference/engine/PatchReader.h"

#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace spotglass {

/// RGB bytes of a patch, side x side x 3; null where the slide cannot be read.
using PatchPixels = std::shared_ptr<const std::vector<std::uint8_t>>;

/// Reads patches ahead of the computation on threads of its own, and keeps those read last. Bounded: readers
/// pause when a quarter of the memory holds patches that nobody has taken yet. Public functions belong to one
/// thread, and get() blocks. Does not own the reader.
class PatchLoader {
  public:
    /// `bytes` bounds all patches that are kept.
    PatchLoader(const PatchReader& reader, int threads, std::size_t bytes);
    ~PatchLoader(); ///< waits for the patches being read
    PatchLoader(const PatchLoader&) = delete;
    PatchLoader& operator=(const PatchLoader&) = delete;

    /// What will be wanted, in that order; replaces what was scheduled before and is not begun.
    void schedule(const std::vector<PatchKey>& order);
    /// The patch: kept, being read (then waits), or read now. Whether scheduled or not.
    [[nodiscard]] PatchPixels get(PatchKey patch);

    /// Patches read from the slide so far.
    [[nodiscard]] std::size_t reads() const;

  private:
    struct Entry {
        PatchPixels pixels;
        bool ready = false, taken = false;
        std::list<PatchKey>::iterator place; ///< in recent_, once taken
    };
    void readAhead();
    void finish(PatchKey patch, PatchPixels pixels);
    void markTaken(Entry& entry, PatchKey patch);
    void makeRoom();

    const PatchReader& reader_;
    const std::size_t mostKept_, mostAhead_; ///< patches
    mutable std::mutex mutex_;               ///< guards what follows
    std::condition_variable changed_;
    std::deque<PatchKey> queue_;
    std::unordered_map<PatchKey, Entry> entries_; ///< being read, or kept
    std::list<PatchKey> recent_;                  ///< of those taken, the one taken last first
    std::size_t ahead_ = 0;                       ///< begun and not taken
    std::size_t reads_ = 0;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

} // namespace spotglass
