#include "viewer/canvas/SpotLayer.h"

#include <algorithm>
#include <cmath>

#include <QPainter>

namespace spotglass {

SpotLayer::SpotLayer(QObject* parent) : Layer(parent) {}

void SpotLayer::setSpots(std::vector<SpotValue> spots) {
    spots_ = std::move(spots);
    Q_EMIT changed({});
}

void SpotLayer::setDiameter(double micrometres, MicronsPerPixel scale) {
    if (scale.isValid()) setDiameterLevel0(micrometres / scale.x, micrometres / scale.y);
}

void SpotLayer::setDiameterLevel0(double x, double y) {
    if (!(x > 0 && y > 0) || (x == diameterX_ && y == diameterY_)) return;
    diameterX_ = x;
    diameterY_ = y;
    Q_EMIT changed({});
}

void SpotLayer::setColorMap(const ColorMap& map) {
    map_ = map;
    Q_EMIT changed({});
}

void SpotLayer::setRange(float minimum, float maximum) {
    minimum_ = minimum;
    maximum_ = maximum;
    Q_EMIT changed({});
}

void SpotLayer::setThreshold(std::optional<float> threshold) {
    threshold_ = threshold;
    Q_EMIT changed({});
}

void SpotLayer::setOutlineOnly(bool outline) {
    outline_ = outline;
    Q_EMIT changed({});
}

const SpotValue* SpotLayer::spotAt(Level0Point point) const {
    const auto covers = [this, point](const SpotValue& spot) {
        const double x = (point.x - spot.center.x) * 2 / diameterX_,
                     y = (point.y - spot.center.y) * 2 / diameterY_;
        return x * x + y * y <= 1;
    };
    const auto found = std::find_if(spots_.rbegin(), spots_.rend(), covers); // the last one is on top
    return found == spots_.rend() ? nullptr : &*found;
}

std::optional<float> SpotLayer::valueAt(Level0Point point) const {
    const SpotValue* spot = spotAt(point);
    return spot && !std::isnan(spot->value) ? std::optional(spot->value) : std::nullopt;
}

void SpotLayer::paint(QPainter& painter, const Viewport& viewport) {
    const QRectF whole({0, 0}, viewport.size());
    const QRectF clip = painter.hasClipping() ? painter.clipBoundingRect() & whole : whole;
    const double radiusX = diameterX_ * viewport.scale() / 2, radiusY = diameterY_ * viewport.scale() / 2;
    const QRectF reach = clip.adjusted(-radiusX - 2, -radiusY - 2, radiusX + 2, radiusY + 2);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const double line = std::clamp(radiusX / 8, 1.0, 3.0);
    for (const SpotValue& spot : spots_) {
        const ScreenPoint center = viewport.toScreen(spot.center);
        if (!reach.contains(center.x, center.y)) continue;
        const bool known = !std::isnan(spot.value) && !(threshold_ && spot.value < *threshold_);
        const QColor colour = known ? QColor(map_.at(spot.value, minimum_, maximum_)) : QColor(90, 90, 96);
        const bool ring = outline_ || !known;
        if (ring)
            painter.setPen(QPen(colour, known ? line : 1));
        else
            painter.setPen(radiusX > 4 ? QPen(QColor(20, 20, 24, 150), 1) : QPen(Qt::NoPen));
        painter.setBrush(ring ? QBrush(Qt::NoBrush) : QBrush(colour));
        // The pen's outer edge lies on the circle, so that the spot covers its physical size and no more.
        const double inset = painter.pen().style() == Qt::NoPen ? 0 : painter.pen().widthF() / 2;
        painter.drawEllipse(QPointF(center.x, center.y), std::max(radiusX - inset, 0.5),
                            std::max(radiusY - inset, 0.5));
    }
    painter.restore();
}

} // namespace spotglass
