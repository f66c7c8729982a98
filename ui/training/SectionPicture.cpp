#include "ui/training/SectionPicture.h"

#include "viewer/tiles/ColorMap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <QMouseEvent>
#include <QPainter>

namespace spotglass {
namespace {

constexpr double kSpotShare = 0.8;  ///< of the pitch that a coloured spot takes
constexpr double kRingShare = 0.55; ///< the same of one that is only marked
const QColor kSpot(20, 90, 200);    // on pink tissue and on white glass
const QColor kMarked(215, 60, 0);
const QColor kNoValue(150, 150, 150);

} // namespace

SectionPicture::SectionPicture(QWidget* parent) : QWidget(parent) {
    setMinimumSize(120, 100);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void SectionPicture::setSection(const QImage& picture, QSizeF size, const std::vector<QPointF>& places,
                                double pitch) {
    picture_ = picture;
    places_ = places;
    pitch_ = pitch;
    size_ = size;
    marked_.clear();
    values_.clear();
    if (size_.isEmpty()) // half a pitch around the spots, seen from the origin of what they span
        if (const auto [left, right] = std::minmax_element(places.begin(), places.end(),
                                                           [](auto& a, auto& b) { return a.x() < b.x(); });
            left != places.end()) {
            const auto [top, bottom] = std::minmax_element(places.begin(), places.end(),
                                                           [](auto& a, auto& b) { return a.y() < b.y(); });
            const QPointF origin(left->x() - pitch, top->y() - pitch);
            size_ = QSizeF(right->x() - left->x() + 2 * pitch, bottom->y() - top->y() + 2 * pitch);
            for (auto& place : places_)
                place -= origin;
        }
    update();
}

void SectionPicture::setMarked(const std::vector<bool>& marked) {
    marked_ = marked;
    update();
}

void SectionPicture::setValues(const std::vector<float>& values, double low, double high) {
    values_ = values;
    low_ = low;
    high_ = high;
    update();
}

void SectionPicture::setEmptyText(const QString& text) {
    emptyText_ = text;
    update();
}

QColor SectionPicture::colorOf(std::size_t spot) const {
    static const ColorMap colors;
    if (spot >= values_.size() || std::isnan(values_[spot])) return kNoValue;
    return QColor::fromRgb(colors.at(values_[spot], static_cast<float>(low_), static_cast<float>(high_)));
}

void SectionPicture::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    if (places_.empty() && picture_.isNull()) {
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(rect().adjusted(8, 8, -8, -8), Qt::AlignCenter | Qt::TextWordWrap, emptyText_);
        return;
    }
    const QSizeF whole = size_.isEmpty() ? QSizeF(picture_.size()) : size_;
    const double scale = std::min(width() / whole.width(), height() / whole.height());
    const QRectF area((width() - whole.width() * scale) / 2, (height() - whole.height() * scale) / 2,
                      whole.width() * scale, whole.height() * scale);
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    if (!picture_.isNull()) painter.drawImage(area, picture_);
    const bool colored = !values_.empty();
    const double radius = std::max(1.5, pitch_ * scale * (colored ? kSpotShare : kRingShare) / 2);
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const QPointF at = area.topLeft() + places_[i] * scale;
        const bool marked = i < marked_.size() && marked_[i];
        if (colored) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(colorOf(i));
        } else {
            painter.setPen(QPen(marked ? kMarked : kSpot, marked ? 2 : 1.2));
            painter.setBrush(Qt::NoBrush);
        }
        painter.drawEllipse(at, radius, radius);
    }
}

void SectionPicture::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && rect().contains(event->position().toPoint())) Q_EMIT clicked();
}

std::pair<double, double> rangeOf(std::initializer_list<const std::vector<float>*> lists) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const auto* list : lists)
        for (const float value : *list)
            if (std::isfinite(value)) {
                low = std::min<double>(low, value);
                high = std::max<double>(high, value);
            }
    return low <= high ? std::pair{low, high} : std::pair{0.0, 1.0};
}

} // namespace spotglass
