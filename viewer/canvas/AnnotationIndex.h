#pragma once

#include "viewer/base/Units.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace spotglass {

/// A rectangle by its edges, all of which belong to it; level-0 pixels. A point has no extent.
struct Level0Box {
    double left = 0, top = 0, right = 0, bottom = 0;
    [[nodiscard]] static Level0Box around(const Level0Rect& rect) {
        return {rect.x, rect.y, rect.right(), rect.bottom()};
    }
    [[nodiscard]] static Level0Box around(Level0Point point, double margin = 0) {
        return {point.x - margin, point.y - margin, point.x + margin, point.y + margin};
    }
    [[nodiscard]] bool touches(const Level0Box& o) const {
        return left <= o.right && o.left <= right && top <= o.bottom && o.top <= bottom;
    }
    void include(const Level0Box& o) {
        left = std::min(left, o.left);
        top = std::min(top, o.top);
        right = std::max(right, o.right);
        bottom = std::max(bottom, o.bottom);
    }
};

/// Finds boxes by place: an R-tree that is packed once, along a Hilbert curve (Kamel and Faloutsos, "On
/// packing R-trees", 1993), and never changed. Immutable and pure: any thread, any number at once.
class AnnotationIndex {
  public:
    AnnotationIndex() = default;
    /// Takes finite boxes; they are known by their place in `boxes`. n log n.
    explicit AnnotationIndex(const std::vector<Level0Box>& boxes);

    [[nodiscard]] std::size_t size() const { return count_; }
    /// The boxes' numbers in the order of the tree, in which neighbours on the slide are mostly neighbours.
    [[nodiscard]] std::vector<std::uint32_t> order() const;

    /// Calls visit(number, box) for each box that touches `area`, edges included, in the order of the tree.
    template <typename Visit> void query(const Level0Box& area, Visit&& visit) const;
    /// The numbers of the boxes that touch `area`, in the order of the tree.
    [[nodiscard]] std::vector<std::uint32_t> find(const Level0Box& area) const;

  private:
    static constexpr std::size_t fanOut = 16;
    static constexpr std::size_t deepest = 9; ///< 16^9 exceeds what 32 bits can number
    /// A box with its number (in the lowest level) or its first child's place.
    struct Node {
        Level0Box box;
        std::uint32_t target = 0;
    };
    void pack(std::size_t first);

    std::vector<Node> nodes_;         ///< level by level, the lowest first, the root last
    std::vector<std::size_t> levels_; ///< where each level begins
    std::size_t count_ = 0;
};

template <typename Visit> void AnnotationIndex::query(const Level0Box& area, Visit&& visit) const {
    if (nodes_.empty() || !nodes_.back().box.touches(area)) return;
    struct Range {
        std::size_t next, end, level;
    };
    std::array<Range, deepest + 1> stack; // one open range of siblings a level
    std::size_t depth = 0;
    stack[0] = {nodes_.size() - 1, nodes_.size(), levels_.size() - 1};
    while (true) {
        Range& range = stack[depth];
        if (range.next == range.end) {
            if (depth-- == 0) return;
            continue;
        }
        const Node& node = nodes_[range.next++];
        if (!node.box.touches(area)) continue;
        if (range.level == 0) {
            visit(node.target, node.box);
            continue;
        }
        const std::size_t below = range.level - 1, first = node.target;
        const std::size_t end = std::min(first + fanOut, levels_[below + 1]);
        stack[++depth] = {first, end, below};
    }
}

} // namespace spotglass
