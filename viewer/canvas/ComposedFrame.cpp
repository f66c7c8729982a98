#include "viewer/canvas/ComposedFrame.h"

#include <algorithm>
#include <cmath>

#include <QPainter>

namespace spotglass {
namespace {

constexpr double sameplace = 1.0 / 32; ///< device pixels

int wrapped(int value, int side) {
    const int rest = value % side;
    return rest < 0 ? rest + side : rest;
}

QSize deviceSize(const Viewport& view) {
    const double ratio = view.devicePixelRatio();
    return {static_cast<int>(std::ceil(view.size().width() * ratio - 1e-6)),
            static_cast<int>(std::ceil(view.size().height() * ratio - 1e-6))};
}

} // namespace

void ComposedFrame::moveTo(const Viewport& view) {
    const bool comparable = image_.size() == deviceSize(view) && view.scale() == view_.scale() &&
                            view.rotation() == view_.rotation() && view.isMirrored() == view_.isMirrored() &&
                            view.devicePixelRatio() == view_.devicePixelRatio() &&
                            view.size() == view_.size();
    if (comparable) {
        const double ratio = view.devicePixelRatio();
        const ScreenPoint now = view.toScreen(view_.center()), before = view_.toScreen(view_.center());
        const double x = (now.x - before.x) * ratio, y = (now.y - before.y) * ratio;
        const double wholeX = std::round(x), wholeY = std::round(y);
        const bool near = std::abs(wholeX) < image_.width() && std::abs(wholeY) < image_.height();
        if (near && std::abs(x - wholeX) <= sameplace && std::abs(y - wholeY) <= sameplace) {
            const QPoint moved(static_cast<int>(wholeX), static_cast<int>(wholeY));
            if (moved.isNull()) return;
            view_.panBy(moved.x() / ratio, moved.y() / ratio);
            first_ = {wrapped(first_.x() - moved.x(), image_.width()),
                      wrapped(first_.y() - moved.y(), image_.height())};
            stale_.translate(moved);
            stale_ += QRegion(rect()) - QRegion(rect().translated(moved));
            stale_ &= rect();
            return;
        }
    }
    if (image_.size() != deviceSize(view)) image_ = QImage(deviceSize(view), QImage::Format_RGB32);
    view_ = view;
    first_ = {};
    stale_ = rect();
}

QTransform ComposedFrame::level0ToDevice() const {
    const double ratio = view_.devicePixelRatio();
    return view_.level0ToScreen() * QTransform::fromScale(ratio, ratio);
}

void ComposedFrame::forEachPart(const QRect& area,
                                const std::function<void(const QRect&, QPoint)>& use) const {
    const int width = image_.width(), height = image_.height();
    for (int y = area.top(); y <= area.bottom();) {
        const int atY = wrapped(y + first_.y(), height), rows = std::min(height - atY, area.bottom() + 1 - y);
        for (int x = area.left(); x <= area.right();) {
            const int atX = wrapped(x + first_.x(), width),
                      columns = std::min(width - atX, area.right() + 1 - x);
            use(QRect(x, y, columns, rows), {atX, atY});
            x += columns;
        }
        y += rows;
    }
}

void ComposedFrame::update(const QRect& area, const Compose& compose) {
    const QRegion wanted = stale_ & area;
    for (const QRect& each : wanted)
        forEachPart(each, [&](const QRect& part, QPoint at) {
            compose(part, {&image_, part.topLeft() - at});
        });
    stale_ -= wanted;
}

void ComposedFrame::paint(QPainter& painter, const QRect& area) const {
    const double ratio = view_.devicePixelRatio();
    painter.save();
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false); // a pixel is a pixel
    painter.scale(1 / ratio, 1 / ratio);
    forEachPart(area & rect(), [&](const QRect& part, QPoint at) {
        painter.drawImage(part.topLeft(), image_, QRect(at, part.size()));
    });
    painter.restore();
}

} // namespace spotglass
