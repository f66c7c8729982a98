#include "viewer/canvas/VisitedMap.h"

#include <algorithm>
#include <cmath>

namespace spotglass {

VisitedMap::VisitedMap(const Level0Rect& slide) : slide_(slide) {
    if (slide.isEmpty()) return;
    const double cell = std::max(std::max(slide.width, slide.height) / longestSide, 1.0);
    const auto side = [cell](double length) {
        return std::max(1, static_cast<int>(std::lround(length / cell)));
    };
    cells_ = QImage(side(slide.width), side(slide.height), QImage::Format_Indexed8);
    cells_.setColorTable({qRgba(0, 0, 0, 0), qRgba(0, 0, 0, 255)});
    clear();
}

bool VisitedMap::note(const Viewport& viewport) {
    if (cells_.isNull()) return false;
    const double cellWidth = slide_.width / cells_.width(), cellHeight = slide_.height / cells_.height();
    const Level0Rect around = viewport.visible();
    const auto first = [](double at, int count) {
        return std::clamp(static_cast<int>(std::floor(at)), 0, count);
    };
    const auto last = [](double at, int count) {
        return std::clamp(static_cast<int>(std::ceil(at)), 0, count);
    };
    const int left = first((around.x - slide_.x) / cellWidth, cells_.width()),
              right = last((around.right() - slide_.x) / cellWidth, cells_.width()),
              top = first((around.y - slide_.y) / cellHeight, cells_.height()),
              bottom = last((around.bottom() - slide_.y) / cellHeight, cells_.height());
    const QSizeF size = viewport.size();
    const qsizetype before = seen_;
    for (int row = top; row < bottom; ++row) {
        uchar* line = cells_.scanLine(row);
        for (int column = left; column < right; ++column) {
            if (line[column]) continue;
            const ScreenPoint at = viewport.toScreen(
                Level0Point{slide_.x + (column + 0.5) * cellWidth, slide_.y + (row + 0.5) * cellHeight});
            if (at.x < 0 || at.y < 0 || at.x > size.width() || at.y > size.height()) continue;
            line[column] = 1;
            ++seen_;
        }
    }
    return seen_ != before;
}

void VisitedMap::add(const VisitedMap& other) {
    if (other.isEmpty() || other.cells_.size() != cells_.size()) return;
    for (int row = 0; row < cells_.height(); ++row) {
        const uchar* from = other.cells_.constScanLine(row);
        uchar* line = cells_.scanLine(row);
        for (int column = 0; column < cells_.width(); ++column) {
            if (line[column] || !from[column]) continue;
            line[column] = 1;
            ++seen_;
        }
    }
}

void VisitedMap::clear() {
    if (!cells_.isNull()) cells_.fill(0);
    seen_ = 0;
}

bool VisitedMap::contains(Level0Point point) const {
    if (cells_.isNull() || !slide_.contains(point)) return false;
    const auto cell = [](double share, int count) {
        return std::clamp(static_cast<int>(share * count), 0, count - 1);
    };
    return cells_.pixelIndex(cell((point.x - slide_.x) / slide_.width, cells_.width()),
                             cell((point.y - slide_.y) / slide_.height, cells_.height())) == 1;
}

double VisitedMap::share() const {
    const double all = static_cast<double>(cells_.width()) * cells_.height();
    return all > 0 ? static_cast<double>(seen_) / all : 0;
}

void VisitedMap::setColor(QRgb color) {
    if (!cells_.isNull()) cells_.setColor(1, color);
}

double visitedMagnification(double screenScale, std::optional<double> objectivePower,
                            std::optional<MicronsPerPixel> scale) {
    double objective = 40;
    if (objectivePower && *objectivePower > 0)
        objective = *objectivePower;
    else if (scale && scale->isValid())
        objective = 10 / scale->mean();
    return objective * screenScale;
}

} // namespace spotglass
