#include "training/cohort/ArrayGraph.h"

#include <unordered_map>

namespace spotglass {
namespace {

/// One number a place, so that places can be hashed.
std::uint64_t key(std::int64_t row, std::int64_t column) {
    return (static_cast<std::uint64_t>(row) << 32) ^ (static_cast<std::uint64_t>(column) & 0xffffffffu);
}

} // namespace

Result<ArrayGraph> arrayGraph(std::span<const ArrayPlace> places, ArrayGeometry geometry) {
    std::unordered_map<std::uint64_t, std::uint32_t> at;
    at.reserve(places.size());
    for (std::size_t s = 0; s < places.size(); ++s)
        if (!at.emplace(key(places[s][0], places[s][1]), static_cast<std::uint32_t>(s)).second)
            return badInput("two spots lie at row " + std::to_string(places[s][0]) + ", column " +
                                std::to_string(places[s][1]) + " of the array",
                            {}, "Check the array coordinates of the spots");
    ArrayGraph graph;
    graph.offsets.reserve(places.size() + 1);
    graph.neighbours.reserve(places.size() * 8);
    for (const auto& [row, column] : places) {
        for (int dr = -1; dr <= 1; ++dr)
            for (int dc = -1; dc <= 1; ++dc) {
                const bool itself = dr == 0 && dc == 0, farCorner = dr == dc && !itself;
                if (itself || (geometry == ArrayGeometry::Hexagonal && farCorner)) continue;
                const auto neighbour = at.find(key(std::int64_t{row} + dr, std::int64_t{column} + dc));
                if (neighbour != at.end()) graph.neighbours.push_back(neighbour->second);
            }
        graph.offsets.push_back(static_cast<std::uint32_t>(graph.neighbours.size()));
    }
    return graph;
}

std::vector<ArrayPlace> arrayPlaces(const std::vector<CohortSpot>& spots) {
    std::vector<ArrayPlace> places;
    places.reserve(spots.size());
    for (const auto& spot : spots)
        places.push_back({spot.row, spot.column});
    return places;
}

} // namespace spotglass
