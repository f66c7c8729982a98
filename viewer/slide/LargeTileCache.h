#pragma once

#include "viewer/slide/SlideSource.h"

#include <condition_variable>
#include <functional>
#include <future>
#include <list>
#include <mutex>

namespace spotglass {

/// Decoded tiles that are larger than what is asked for at a time, so that such a tile is decoded once and
/// not for each of its parts. Bounded in bytes: the least recently used go first, and decoding waits while
/// others have the memory; a single tile larger than the bound is let in alone. All functions may be called
/// on any thread.
class LargeTileCache {
  public:
    explicit LargeTileCache(std::size_t byteLimit) : limit_(byteLimit) {}

    struct Key {
        const void* picture = nullptr; ///< only compared
        std::size_t tile = 0;
        int reduction = 0;
        bool operator==(const Key&) const = default;
    };
    using Tile = Result<std::shared_ptr<const Raster>>;

    /// The tile, from memory or by `decode`, which makes `bytes` bytes of pixels. Blocking: of several
    /// threads that want the same tile one decodes and the others wait for it. A failure is told to those and
    /// not kept.
    [[nodiscard]] Tile get(const Key& key, std::size_t bytes, const std::function<Result<Raster>()>& decode);

    /// Bytes of pixels held or being decoded now.
    [[nodiscard]] std::size_t bytes() const;
    /// How many tiles have been decoded.
    [[nodiscard]] std::size_t decoded() const;

  private:
    struct Entry {
        Key key;
        std::size_t bytes = 0;
        std::shared_future<Tile> tile;
        bool ready = false;
    };
    void makeRoom(std::size_t bytes);

    const std::size_t limit_;
    mutable std::mutex mutex_; ///< guards what follows
    std::condition_variable changed_;
    std::list<Entry> entries_; ///< most recently used first
    std::size_t bytes_ = 0, decoded_ = 0;
};

} // namespace spotglass
