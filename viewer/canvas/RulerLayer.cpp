#include "viewer/canvas/RulerLayer.h"

#include <algorithm>
#include <cmath>

#include <QFontMetricsF>
#include <QLocale>
#include <QPainter>

namespace spotglass {
namespace {

// Screen pixels.
constexpr double tickLength = 7, lineWidth = 2, haloWidth = 4.5;
constexpr double plateHeight = 24, platePadding = 9, plateGap = 9, plateMargin = 4;
constexpr double widestPlate = 320; // for the area that needs painting

const QColor ink(245, 245, 245), shade(24, 25, 28, 205);

QFont labelFont() {
    QFont font;
    font.setPixelSize(13);
    font.setWeight(QFont::DemiBold);
    return font;
}

/// The part of a line inside `area`; nothing where it passes by (Liang and Barsky).
std::optional<QLineF> clipped(const QLineF& line, const QRectF& area) {
    double from = 0, to = 1;
    const auto cut = [&from, &to](double towards, double room) {
        if (towards == 0) return room >= 0;
        if (towards < 0)
            from = std::max(from, room / towards);
        else
            to = std::min(to, room / towards);
        return from <= to;
    };
    const bool seen = cut(-line.dx(), line.x1() - area.left()) && cut(line.dx(), area.right() - line.x1()) &&
                      cut(-line.dy(), line.y1() - area.top()) && cut(line.dy(), area.bottom() - line.y1());
    if (!seen) return {};
    return QLineF(line.pointAt(from), line.pointAt(to));
}

QLineF onScreen(const Ruler& ruler, const Viewport& viewport) {
    const ScreenPoint from = viewport.toScreen(ruler.from), to = viewport.toScreen(ruler.to);
    return {from.x, from.y, to.x, to.y};
}

/// A vector of length 1 across the line, upwards on the screen.
QPointF across(const QLineF& line) {
    const double length = line.length();
    if (length < 1e-6) return {0, -1};
    const QPointF normal(line.dy() / length, -line.dx() / length);
    return normal.y() > 0 || (normal.y() == 0 && normal.x() < 0) ? -normal : normal;
}

void drawLine(QPainter& painter, const QLineF& line) {
    const QPointF tick = across(line) * tickLength;
    const QLineF parts[] = {line, {line.p1() - tick, line.p1() + tick}, {line.p2() - tick, line.p2() + tick}};
    // Dark around light: seen on any tissue and on glass.
    for (const auto& [color, width] : {std::pair(shade, haloWidth), std::pair(ink, lineWidth)}) {
        painter.setPen(QPen(color, width, Qt::SolidLine, Qt::FlatCap));
        painter.drawLines(parts, 3);
    }
}

} // namespace

double lengthInMicrometres(Level0Point from, Level0Point to, MicronsPerPixel scale) {
    return std::hypot((to.x - from.x) * scale.x, (to.y - from.y) * scale.y);
}

QString textOfLength(double micrometres) {
    const QLocale locale;
    // The limits are where the rounded number would get another digit.
    if (micrometres < 999.95) {
        const int digits = micrometres < 9.995 ? 2 : 1;
        return RulerLayer::tr("%1 \u00b5m").arg(locale.toString(micrometres, 'f', digits));
    }
    return RulerLayer::tr("%1 mm").arg(locale.toString(micrometres / 1000, 'f', 3));
}

RulerLayer::RulerLayer(QObject* parent) : Layer(parent) {}

void RulerLayer::setMicronsPerPixel(std::optional<MicronsPerPixel> scale) {
    if (scale && !scale->isValid()) scale.reset();
    if (scale == scale_) return;
    scale_ = scale;
    if (!rulers_.empty()) Q_EMIT changed({});
}

int RulerLayer::add(Level0Point from, Level0Point to) {
    rulers_.push_back({++lastId_, from, to});
    changedAround(rulers_.back());
    return lastId_;
}

void RulerLayer::remove(int id) {
    const Ruler* found = find(id);
    if (!found) return;
    const Ruler gone = *found;
    std::erase_if(rulers_, [id](const Ruler& ruler) { return ruler.id == id; });
    changedAround(gone);
}

void RulerLayer::clear() {
    if (rulers_.empty()) return;
    rulers_.clear();
    Q_EMIT changed({});
}

const Ruler* RulerLayer::find(int id) const {
    const auto found =
        std::find_if(rulers_.begin(), rulers_.end(), [id](const Ruler& ruler) { return ruler.id == id; });
    return found == rulers_.end() ? nullptr : &*found;
}

std::optional<RulerEnd> RulerLayer::endAt(Level0Point point, double tolerance) const {
    std::optional<RulerEnd> nearest;
    double least = tolerance;
    for (const Ruler& ruler : rulers_)
        for (const bool isTo : {false, true}) {
            const Level0Point end = isTo ? ruler.to : ruler.from;
            const double distance = std::hypot(end.x - point.x, end.y - point.y);
            if (distance > least) continue; // of equals the last: it is drawn on top
            least = distance;
            nearest = RulerEnd{ruler.id, isTo};
        }
    return nearest;
}

void RulerLayer::moveEnd(RulerEnd end, Level0Point to) {
    for (Ruler& ruler : rulers_) {
        if (ruler.id != end.ruler) continue;
        changedAround(ruler);
        (end.isTo ? ruler.to : ruler.from) = to;
        changedAround(ruler);
    }
}

void RulerLayer::changedAround(const Ruler& ruler) {
    const double margin = widestPlate / lastScale_;
    const double left = std::min(ruler.from.x, ruler.to.x), top = std::min(ruler.from.y, ruler.to.y);
    const double width = std::abs(ruler.to.x - ruler.from.x), height = std::abs(ruler.to.y - ruler.from.y);
    Q_EMIT changed({left - margin, top - margin, width + 2 * margin, height + 2 * margin});
}

QString RulerLayer::label(const Ruler& ruler) const {
    if (scale_) return textOfLength(lengthInMicrometres(ruler.from, ruler.to, *scale_));
    const double pixels = std::hypot(ruler.to.x - ruler.from.x, ruler.to.y - ruler.from.y);
    return tr("%1 pixels (the slide has no scale)")
        .arg(QLocale().toString(pixels, 'f', pixels < 100 ? 1 : 0));
}

QRectF RulerLayer::plate(const Ruler& ruler, const Viewport& viewport) const {
    const QRectF view({0, 0}, viewport.size());
    const QLineF line = onScreen(ruler, viewport);
    const std::optional<QLineF> seen = clipped(line, view);
    if (!seen) return {};
    const double width = QFontMetricsF(labelFont()).horizontalAdvance(label(ruler)) + 2 * platePadding;
    const QPointF normal = across(line);
    const double reach = std::abs(normal.x()) * width / 2 + std::abs(normal.y()) * plateHeight / 2;
    const QPointF middle = seen->pointAt(0.5) + normal * (reach + plateGap);
    QRectF plate(middle.x() - width / 2, middle.y() - plateHeight / 2, width, plateHeight);
    const double right = std::max(view.right() - plateMargin - width, plateMargin);
    const double bottom = std::max(view.bottom() - plateMargin - plateHeight, plateMargin);
    plate.moveTo(std::clamp(plate.x(), plateMargin, right), std::clamp(plate.y(), plateMargin, bottom));
    return plate;
}

void RulerLayer::paint(QPainter& painter, const Viewport& viewport) {
    lastScale_ = viewport.scale();
    if (rulers_.empty()) return;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    // Ends may be far outside; what is drawn of the line need not be.
    const double room = tickLength + haloWidth;
    const QRectF view = QRectF({0, 0}, viewport.size()).adjusted(-room, -room, room, room);
    for (const Ruler& ruler : rulers_)
        if (const auto seen = clipped(onScreen(ruler, viewport), view)) drawLine(painter, *seen);
    painter.setFont(labelFont());
    for (const Ruler& ruler : rulers_) {
        const QRectF area = plate(ruler, viewport);
        if (area.isEmpty()) continue;
        painter.setPen(Qt::NoPen);
        painter.setBrush(shade);
        painter.drawRoundedRect(area, 5, 5);
        painter.setPen(ink);
        painter.drawText(area, Qt::AlignCenter, label(ruler));
    }
    painter.restore();
}

void RulerTool::begin(Level0Point point, double tolerance) {
    finish();
    held_ = tolerance > 0 ? layer_->endAt(point, tolerance) : std::nullopt;
    before_.reset();
    if (!held_) {
        held_ = RulerEnd{layer_->add(point, point), true};
        return;
    }
    const Ruler& ruler = *layer_->find(held_->ruler);
    before_ = held_->isTo ? ruler.to : ruler.from;
}

void RulerTool::moveTo(Level0Point point) {
    if (held_) layer_->moveEnd(*held_, point);
}

void RulerTool::finish() {
    if (!held_) return;
    const Ruler* ruler = layer_->find(held_->ruler);
    if (ruler && ruler->from == ruler->to) layer_->remove(ruler->id);
    held_.reset();
}

void RulerTool::cancel() {
    if (!held_) return;
    if (before_)
        layer_->moveEnd(*held_, *before_);
    else
        layer_->remove(held_->ruler);
    held_.reset();
}

void RulerTool::clear() {
    held_.reset();
    layer_->clear();
}

} // namespace spotglass
