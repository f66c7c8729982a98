#include "viewer/tiles/TileCache.h"

namespace spotglass {
namespace {

qsizetype bytesOf(const TileCache::Tile& tile) {
    return tile.image.sizeInBytes() + tile.half.sizeInBytes();
}

} // namespace

void TileCache::insert(const TileKey& key, Tile tile, bool pinned) {
    if (const auto found = tiles_.find(key); found != tiles_.end()) {
        bytes_ -= bytesOf(found->second->tile);
        pinned = pinned || found->second->pinned;
        entries_.erase(found->second);
        tiles_.erase(found);
    }
    bytes_ += bytesOf(tile);
    entries_.push_front({key, std::move(tile), pinned});
    tiles_.emplace(key, entries_.begin());
    evict();
}

const TileCache::Tile* TileCache::find(const TileKey& key) {
    const auto found = tiles_.find(key);
    if (found == tiles_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->tile;
}

void TileCache::setOnScreen(const std::vector<TileKey>& keys) {
    onScreen_ = {keys.begin(), keys.end()};
    evict();
}

void TileCache::setByteLimit(qsizetype bytes) {
    limit_ = bytes;
    evict();
}

void TileCache::clear() {
    entries_.clear();
    tiles_.clear();
    onScreen_.clear();
    bytes_ = 0;
}

void TileCache::evict() {
    for (auto entry = entries_.end(); bytes_ > limit_ && entry != entries_.begin();) {
        --entry;
        if (entry->pinned || onScreen_.contains(entry->key)) continue;
        bytes_ -= bytesOf(entry->tile);
        tiles_.erase(entry->key);
        entry = entries_.erase(entry);
    }
}

} // namespace spotglass
