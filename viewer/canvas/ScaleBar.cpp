#include "viewer/canvas/ScaleBar.h"

#include "viewer/canvas/NiceNumbers.h"

#include <cmath>
#include <numbers>

#include <QCoreApplication>
#include <QFontMetricsF>
#include <QLocale>
#include <QPainter>
#include <QPainterPath>

namespace spotglass {

ScaleBar ScaleBar::fitting(MicronsPerPixel micronsPerPixel, double scale, double maxPixels) {
    if (!micronsPerPixel.isValid() || scale <= 0) return {};
    const double micrometresPerPixel = micronsPerPixel.x / scale;
    const double length = niceLengthBelow(maxPixels * micrometresPerPixel);
    return {length, length / micrometresPerPixel};
}

QString ScaleBar::text() const {
    const QLocale locale;
    const auto number = [&locale](double value) { return locale.toString(value, 'g', 6); };
    if (micrometres >= 1000)
        return QCoreApplication::translate("ScaleBar", "%1 mm").arg(number(micrometres / 1000));
    if (micrometres >= 1)
        return QCoreApplication::translate("ScaleBar", "%1 \u00b5m").arg(number(micrometres));
    return QCoreApplication::translate("ScaleBar", "%1 nm").arg(number(micrometres * 1000));
}

QRectF ScaleBar::plate(QSizeF size, double zoom) const {
    const double margin = 14, width = pixels + 24 * zoom, height = 38 * zoom;
    return {margin, size.height() - margin - height, width, height};
}

MicronsPerPixel ScaleBar::alongTheScreen(MicronsPerPixel micronsPerPixel, double degrees) {
    const double turn = degrees * std::numbers::pi / 180;
    const double along = std::hypot(micronsPerPixel.x * std::cos(turn), micronsPerPixel.y * std::sin(turn));
    return {along, along};
}

void ScaleBar::paintUnknown(QPainter& painter, QSizeF size, double zoom) {
    const QString words = QCoreApplication::translate("ScaleBar", "Scale not known");
    painter.save();
    QFont font = painter.font();
    font.setPixelSize(qRound(13 * zoom));
    font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    const double width = QFontMetricsF(font).horizontalAdvance(words);
    const QRectF area = ScaleBar{0, width}.plate(size, zoom);
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath rounded;
    rounded.addRoundedRect(area, 6, 6);
    painter.fillPath(rounded, QColor(150, 84, 12, 225));
    painter.setPen(Qt::white);
    painter.drawText(area, Qt::AlignCenter, words);
    painter.restore();
}

void ScaleBar::paint(QPainter& painter, QSizeF size, double zoom) const {
    if (pixels <= 0) return;
    const QRectF area = plate(size, zoom);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath rounded;
    rounded.addRoundedRect(area, 6, 6);
    painter.fillPath(rounded, QColor(24, 25, 28, 205));

    QFont font = painter.font();
    font.setPixelSize(qRound(13 * zoom));
    font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(QColor(245, 245, 245));
    painter.drawText(area.adjusted(0, 5 * zoom, 0, -15 * zoom), Qt::AlignCenter, text());

    painter.setRenderHint(QPainter::Antialiasing, false);
    const double left = area.left() + 12 * zoom, bottom = area.bottom() - 9 * zoom, thick = 2 * zoom,
                 tick = 6 * zoom;
    const QColor ink(245, 245, 245);
    painter.fillRect(QRectF(left, bottom - thick, pixels, thick), ink);
    painter.fillRect(QRectF(left, bottom - tick, thick, tick), ink);
    painter.fillRect(QRectF(left + pixels - thick, bottom - tick, thick, tick), ink);
    painter.restore();
}

} // namespace spotglass
