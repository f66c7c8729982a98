#include "viewer/canvas/AnnotationIndex.h"

#include <numeric>

namespace spotglass {
namespace {

constexpr std::uint32_t hilbertSide = 1u << 16;

/// The place of cell (x, y) along the Hilbert curve through 2^16 x 2^16 cells.
std::uint32_t alongHilbertCurve(std::uint32_t x, std::uint32_t y) {
    std::uint32_t place = 0;
    for (std::uint32_t side = hilbertSide / 2; side > 0; side /= 2) {
        const std::uint32_t right = (x & side) ? 1 : 0, lower = (y & side) ? 1 : 0;
        place += side * side * ((3 * right) ^ lower);
        if (lower == 0) { // turn the quarter so that its curve starts and ends where it should
            if (right == 1) {
                x = hilbertSide - 1 - x;
                y = hilbertSide - 1 - y;
            }
            std::swap(x, y);
        }
    }
    return place;
}

std::uint32_t cellOf(double value, double from, double to) {
    if (!(to > from)) return 0;
    const double cell = (value - from) / (to - from) * hilbertSide;
    return static_cast<std::uint32_t>(std::clamp(cell, 0.0, hilbertSide - 1.0));
}

} // namespace

AnnotationIndex::AnnotationIndex(const std::vector<Level0Box>& boxes) : count_(boxes.size()) {
    if (boxes.empty()) return;
    Level0Box all = boxes.front();
    for (const Level0Box& box : boxes)
        all.include(box);
    std::vector<std::uint32_t> places(boxes.size()), sorted(boxes.size());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const Level0Box& box = boxes[i];
        places[i] = alongHilbertCurve(cellOf((box.left + box.right) / 2, all.left, all.right),
                                      cellOf((box.top + box.bottom) / 2, all.top, all.bottom));
    }
    std::iota(sorted.begin(), sorted.end(), 0u);
    std::sort(sorted.begin(), sorted.end(), [&places](std::uint32_t a, std::uint32_t b) {
        return places[a] != places[b] ? places[a] < places[b] : a < b;
    });
    nodes_.reserve(boxes.size() + boxes.size() / (fanOut - 1) + deepest);
    for (const std::uint32_t number : sorted)
        nodes_.push_back({boxes[number], number});
    levels_.push_back(0);
    do
        pack(levels_.back());
    while (nodes_.size() - levels_.back() > 1);
}

/// Adds the level above the last one, which begins at `first`.
void AnnotationIndex::pack(std::size_t first) {
    const std::size_t end = nodes_.size();
    levels_.push_back(end);
    for (std::size_t child = first; child < end; child += fanOut) {
        Node node{nodes_[child].box, static_cast<std::uint32_t>(child)};
        for (std::size_t i = child + 1; i < std::min(child + fanOut, end); ++i)
            node.box.include(nodes_[i].box);
        nodes_.push_back(node);
    }
}

std::vector<std::uint32_t> AnnotationIndex::order() const {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(count_);
    for (std::size_t i = 0; i < count_; ++i)
        numbers.push_back(nodes_[i].target);
    return numbers;
}

std::vector<std::uint32_t> AnnotationIndex::find(const Level0Box& area) const {
    std::vector<std::uint32_t> found;
    query(area, [&found](std::uint32_t number, const Level0Box&) { found.push_back(number); });
    return found;
}

} // namespace spotglass
