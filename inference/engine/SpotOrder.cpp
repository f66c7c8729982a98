#include "inference/engine/SpotOrder.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

std::size_t nextWindow(const std::vector<OpenWindow>& windows, Level0Rect view) {
    const auto eye = view.center();
    const auto score = [&](std::size_t i) {
        const auto& w = windows[i].window.owned;
        const double distance = std::hypot(w.center().x - eye.x, w.center().y - eye.y);
        return std::pair(!view.isEmpty() && w.intersects(view) ? 0 : 1, distance);
    };
    std::size_t best = windows.size();
    for (std::size_t i = 0; i < windows.size(); ++i)
        if (windows[i].left > 0 && (best == windows.size() || score(i) < score(best))) best = i;
    return best;
}

std::vector<std::size_t> centreOut(const OpenWindow& open, Level0Rect view) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < open.done.size(); ++i)
        if (!open.done[i]) order.push_back(i);
    const auto eye = view.isEmpty() ? open.window.owned.center() : view.center();
    const auto key = [&](std::size_t i) {
        const auto& p = open.window.spots[i].center;
        return std::pair(!view.isEmpty() && !view.contains(p), std::hypot(p.x - eye.x, p.y - eye.y));
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    return order;
}

} // namespace spotglass
