#include "viewer/tiles/TileCache.h"

namespace spotglass {
void TileCache::insert(const TileKey& key, QImage tile, bool pinned) {
    if (const auto found = tiles_.find(key); found != tiles_.end()) {
        bytes_ -= found->second->tile.sizeInBytes();
        pinned = pinned || found->second->pinned;
        entries_.erase(found->second);
        tiles_.erase(found);
    }
    bytes_ += tile.sizeInBytes();
    entries_.push_front({key, std::move(tile), pinned});
    tiles_.emplace(key, entries_.begin());
    evict();
}

const QImage* TileCache::find(const TileKey& key) {
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
        bytes_ -= entry->tile.sizeInBytes();
        tiles_.erase(entry->key);
        entry = entries_.erase(entry);
    }
}

} // namespace spotglass
