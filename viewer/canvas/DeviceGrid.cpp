#include "viewer/canvas/DeviceGrid.h"

#include <QPaintEngine>

namespace spotglass {

DeviceGrid DeviceGrid::of(const QPainter& painter, const Viewport& viewport) {
    const QTransform device = painter.deviceTransform();
    const bool raster = painter.paintEngine() && painter.paintEngine()->type() == QPaintEngine::Raster;
    if (raster && device.type() <= QTransform::TxScale && device.m11() > 0 && device.m22() > 0)
        return {device.m11(), device.m22(), device.dx(), device.dy(), true};
    const double ratio = viewport.devicePixelRatio();
    return {ratio, ratio, 0, 0, false};
}

QRect DeviceGrid::covering(const QRectF& screen) const {
    const QPointF topLeft = fromScreen({screen.x(), screen.y()});
    return QRectF(topLeft, QSizeF(screen.width() * ratioX, screen.height() * ratioY)).toAlignedRect();
}

void DeviceGrid::draw(QPainter& painter, QPoint at, const QImage& picture) const {
    painter.save();
    if (exact)
        painter.setWorldTransform(painter.deviceTransform().inverted(), true);
    else
        painter.scale(1 / ratioX, 1 / ratioY);
    painter.drawImage(at, picture);
    painter.restore();
}

QRectF DeviceGrid::wanted(const QPainter& painter, const Viewport& viewport) {
    const QRectF whole({0, 0}, viewport.size());
    return painter.hasClipping() ? whole & painter.clipBoundingRect() : whole;
}

} // namespace spotglass
