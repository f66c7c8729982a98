#pragma once

#include <cstdint>
#include <functional>
#include <tuple>

#include <QMetaType>

namespace spotglass {

/// Names one tile of a slide: pyramid level (0 is the finest) and its place in the grid of that level.
struct TileKey {
    int level = 0;
    std::int32_t column = 0, row = 0;
    bool operator==(const TileKey&) const = default;
    /// Any strict order: by level, then column, then row.
    bool operator<(const TileKey& other) const {
        return std::tie(level, column, row) < std::tie(other.level, other.column, other.row);
    }
};

} // namespace spotglass

template <> struct std::hash<spotglass::TileKey> {
    std::size_t operator()(const spotglass::TileKey& key) const noexcept {
        auto mixed = static_cast<std::uint64_t>(static_cast<std::uint32_t>(key.column)) << 32 |
                     static_cast<std::uint32_t>(key.row);
        mixed ^= static_cast<std::uint64_t>(key.level) << 58;
        mixed *= 0x9E3779B97F4A7C15ULL; // spreads neighbouring keys over the buckets
        return static_cast<std::size_t>(mixed ^ mixed >> 29);
    }
};

Q_DECLARE_METATYPE(spotglass::TileKey)
