#include "viewer/slide/LargeTileCache.h"

#include <algorithm>
#include <new>

namespace spotglass {

/// Drops what is not in use for `bytes` more. Call with the mutex held.
void LargeTileCache::makeRoom(std::size_t bytes) {
    for (auto each = entries_.end(); each != entries_.begin() && bytes_ + bytes > limit_;) {
        --each;
        if (!each->ready) continue;
        bytes_ -= each->bytes;
        each = entries_.erase(each);
    }
}

LargeTileCache::Tile LargeTileCache::get(const Key& key, std::size_t bytes,
                                         const std::function<Result<Raster>()>& decode) {
    std::unique_lock lock(mutex_);
    auto mine = entries_.end();
    for (;;) {
        const auto found = std::ranges::find(entries_, key, &Entry::key);
        if (found != entries_.end()) {
            entries_.splice(entries_.begin(), entries_, found);
            const auto tile = found->tile;
            lock.unlock();
            return tile.get();
        }
        makeRoom(bytes);
        if (bytes_ == 0 || bytes_ + bytes <= limit_) break;
        changed_.wait(lock); // all that is left is being decoded
    }
    std::promise<Tile> promise;
    mine = entries_.insert(entries_.begin(), {key, bytes, promise.get_future().share(), false});
    bytes_ += bytes;
    ++decoded_;
    lock.unlock();
    Tile tile = fail(ErrorKind::Device, "there is not enough memory for a tile of this slide");
    try {
        Result<Raster> raster = decode();
        if (raster)
            tile = std::make_shared<const Raster>(std::move(*raster));
        else
            tile = Failure(raster.error());
    } catch (const std::bad_alloc&) { // the failure says so
    }
    promise.set_value(tile);
    lock.lock();
    mine->ready = true;
    if (!tile) {
        bytes_ -= bytes;
        entries_.erase(mine);
    }
    lock.unlock();
    changed_.notify_all();
    return tile;
}

std::size_t LargeTileCache::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

std::size_t LargeTileCache::decoded() const {
    const std::lock_guard lock(mutex_);
    return decoded_;
}

} // namespace spotglass
