#include "ui/RecentCard.h"

#include <QFileInfo>
#include <QPainter>
#include <QPainterPath>

namespace spotglass {

RecentCard::RecentCard(const RecentSlide& slide, QWidget* parent)
    : QPushButton(parent), picture_(slide.picture), name_(QFileInfo(slide.file).fileName()),
      missing_(slide.missing) {
    setText(QString(name_).replace(u'&', QStringLiteral("&&")));
    setCursor(Qt::PointingHandCursor);
    setToolTip(missing_
                   ? tr("%1\nThis file is not there at present: it was moved, or its drive is not connected.")
                         .arg(slide.file)
                   : slide.file);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred); // smaller in a small window
    setMaximumSize(sizeHint());
    setAttribute(Qt::WA_Hover);
}

void RecentCard::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    QPainterPath frame;
    frame.addRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 6, 6);
    const bool hot = underMouse() || hasFocus();
    painter.fillPath(frame, palette().color(isDown() ? QPalette::Midlight : QPalette::Base));
    painter.setPen(hot ? QPen(palette().color(QPalette::Highlight), 2)
                       : QPen(palette().color(QPalette::Mid), 1));
    painter.drawPath(frame);
    const QFontMetrics metrics = fontMetrics();
    const QRect inner = rect().adjusted(9, 9, -9, -8);
    QRect line(inner.left(), inner.bottom() - metrics.height() + 1, inner.width(), metrics.height());
    if (missing_) {
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(line, Qt::AlignCenter, tr("File not found"));
        line.translate(0, -metrics.height());
    }
    painter.setPen(palette().color(missing_ ? QPalette::PlaceholderText : QPalette::Text));
    painter.drawText(line, Qt::AlignCenter, metrics.elidedText(name_, Qt::ElideMiddle, line.width()));
    QRectF place = inner;
    place.setBottom(line.top() - 6);
    if (missing_) painter.setOpacity(0.35);
    if (picture_.isNull()) {
        painter.fillRect(place, palette().color(QPalette::Window));
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(place, Qt::AlignCenter, tr("No picture yet"));
        return;
    }
    QRectF area({0, 0}, QSizeF(picture_.size()).scaled(place.size(), Qt::KeepAspectRatio));
    area.moveCenter(place.center());
    painter.drawImage(area, missing_ ? picture_.convertToFormat(QImage::Format_Grayscale8) : picture_);
}

} // namespace spotglass
