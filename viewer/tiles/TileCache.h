#pragma once

#include "viewer/tiles/TileKey.h"

#include <list>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <QImage>

namespace spotglass {

/// Tiles in memory, bounded in bytes; the least recently used go first. Tiles that are pinned or on the
/// screen never go, so the bound is exceeded only when those alone are larger. GUI thread only; never blocks.
class TileCache {
  public:
    explicit TileCache(qsizetype byteLimit) : limit_(byteLimit) {}

    /// Adds or replaces a tile, and evicts others when the bound is passed. A pinned tile stays until
    /// clear().
    void insert(const TileKey& key, QImage tile, bool pinned = false);
    [[nodiscard]] bool contains(const TileKey& key) const { return tiles_.contains(key); }
    /// The tile, which becomes the most recently used one; null when it is not here. Valid until the next
    /// insert, setByteLimit or clear.
    [[nodiscard]] const QImage* find(const TileKey& key);
    /// These tiles are on the screen now (replaces the former list) and are not evicted.
    void setOnScreen(const std::vector<TileKey>& keys);
    void clear();

    void setByteLimit(qsizetype bytes);
    [[nodiscard]] qsizetype byteLimit() const { return limit_; }
    /// Bytes of pixels held.
    [[nodiscard]] qsizetype bytes() const { return bytes_; }
    [[nodiscard]] std::size_t count() const { return tiles_.size(); }

  private:
    struct Entry {
        TileKey key;
        QImage tile;
        bool pinned = false;
    };
    using Entries = std::list<Entry>;
    void evict();

    Entries entries_; ///< most recently used first
    std::unordered_map<TileKey, Entries::iterator> tiles_;
    std::unordered_set<TileKey> onScreen_;
    qsizetype limit_ = 0, bytes_ = 0;
};

} // namespace spotglass
