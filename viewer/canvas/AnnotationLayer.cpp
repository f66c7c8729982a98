#include "viewer/canvas/AnnotationLayer.h"

#include <algorithm>
#include <functional>

#include <QPainter>
#include <QPainterPath>

namespace spotglass {
namespace {

constexpr double hoverWidth = 3.5;     // screen pixels
constexpr double pointRadius = 3.5;    // screen pixels, as AnnotationPicture draws them
constexpr double hoverPointRadius = 6; // screen pixels

struct ScreenOutline {
    QPainterPath all;  ///< every ring and line
    QPainterPath area; ///< the rings that bound the annotation's area
};

/// The annotation's outlines on the screen, as detailed as the screen can show.
ScreenOutline outlineOf(const AnnotationSet& set, std::uint32_t number, const Viewport& viewport) {
    const QTransform transform = viewport.level0ToScreen();
    const Level0Box visible = Level0Box::around(viewport.visible());
    const Level0Box& box = set.box(number);
    ScreenOutline outline;
    set.outlines().visit(number, OutlineLevels::levelFor(viewport.deviceScale()), [&](const auto& path) {
        constexpr bool absolute = std::is_same_v<decltype(path.points), const Level0Point*>;
        const QPointF origin = absolute ? QPointF() : QPointF(box.left, box.top);
        QPolygonF points;
        for (std::uint32_t i = 0; i < path.count; ++i) {
            const bool startsChunk = i % path.chunk == 0;
            const bool seen = !path.boxes || path.boxes[i / path.chunk].touches(visible);
            if (seen || startsChunk || i + 1 == path.count)
                points << transform.map(origin + QPointF(path.points[i].x, path.points[i].y));
        }
        QPainterPath drawn;
        drawn.addPolygon(points);
        if (path.closed) drawn.closeSubpath();
        outline.all.addPath(drawn);
        if (path.filled) outline.area.addPath(drawn);
    });
    return outline;
}

/// Around what is drawn as a mere dot.
QRectF ringAround(const Level0Box& box, const Viewport& viewport) {
    const ScreenPoint at =
        viewport.toScreen(Level0Point{(box.left + box.right) / 2, (box.top + box.bottom) / 2});
    return {at.x - hoverPointRadius, at.y - hoverPointRadius, 2 * hoverPointRadius, 2 * hoverPointRadius};
}

} // namespace

AnnotationLayer::AnnotationLayer(QObject* parent) : Layer(parent) {}

void AnnotationLayer::setAnnotations(std::shared_ptr<const AnnotationSet> annotations) {
    if (annotations == picture_.annotations()) return;
    picture_.setAnnotations(std::move(annotations));
    resolve();
    Q_EMIT changed({});
}

const std::shared_ptr<const AnnotationSet>& AnnotationLayer::annotations() const {
    return picture_.annotations();
}

/// Finds the numbers of what is hovered and selected.
void AnnotationLayer::resolve() {
    const auto& set = picture_.annotations();
    hoveredNumber_ = set && !hovered_.empty() ? set->find(hovered_) : std::nullopt;
    std::vector<std::uint32_t> numbers;
    for (const std::string& id : selected_)
        if (const auto number = set ? set->find(id) : std::nullopt) numbers.push_back(*number);
    picture_.setSelected(numbers);
}

void AnnotationLayer::setHovered(const std::string& id) {
    if (id == hovered_) return;
    hovered_ = id;
    const auto& set = picture_.annotations();
    const auto before = hoveredNumber_;
    hoveredNumber_ = set && !id.empty() ? set->find(id) : std::nullopt;
    hoverChanged(before);
    hoverChanged(hoveredNumber_);
}

void AnnotationLayer::hoverChanged(std::optional<std::uint32_t> number) {
    if (!number) return;
    const Level0Box& box = picture_.annotations()->box(*number);
    const double margin = (hoverPointRadius + hoverWidth) / lastScale_;
    Q_EMIT changed({box.left - margin, box.top - margin, box.right - box.left + 2 * margin,
                    box.bottom - box.top + 2 * margin});
}

void AnnotationLayer::setSelected(std::vector<std::string> ids) {
    if (ids == selected_) return;
    selected_ = std::move(ids);
    resolve();
    Q_EMIT changed({});
}

void AnnotationLayer::setStyle(const AnnotationStyle& style) {
    if (style == picture_.style()) return;
    picture_.setStyle(style);
    Q_EMIT changed({});
}

const Annotation* AnnotationLayer::annotationAt(Level0Point point, double tolerance) const {
    const auto& set = picture_.annotations();
    const auto number = set ? set->at(point, tolerance) : std::nullopt;
    return number ? &set->annotations()[*number] : nullptr;
}

void AnnotationLayer::paint(QPainter& painter, const Viewport& viewport) {
    const auto& set = picture_.annotations();
    if (!set || set->size() == 0) return;
    lastScale_ = viewport.scale();
    const QImage& picture = picture_.update(viewport);
    painter.save();
    const double ratio = viewport.devicePixelRatio();
    painter.scale(1 / ratio, 1 / ratio); // a pixel of the picture is one of the device
    painter.drawImage(QPoint(0, 0), picture);
    painter.restore();
    if (hoveredNumber_) paintHovered(painter, viewport);
}

std::unique_ptr<Layer> AnnotationLayer::snapshot() const {
    auto copy = std::make_unique<AnnotationLayer>();
    copy->appearAs(*this);
    copy->picture_ = picture_;
    copy->selected_ = selected_;
    return copy;
}

bool AnnotationLayer::takeShapes(QPainter& painter, const Viewport& viewport) {
    constexpr std::size_t most = 20'000; // more are handled faster as a picture
    const auto set = picture_.annotations();
    if (!set) return true;
    const Level0Box visible = Level0Box::around(viewport.visible());
    std::vector<std::uint32_t> inView;
    for (std::uint32_t number = 0; number < set->size(); ++number)
        if (set->box(number).touches(visible)) inView.push_back(number);
    if (inView.size() > most) return false;
    const auto isSelected = [&](std::uint32_t number) {
        return std::ranges::find(selected_, set->annotations()[number].id) != selected_.end();
    };
    if (!selected_.empty()) std::ranges::stable_partition(inView, std::not_fn(isSelected));
    const AnnotationStyle& style = picture_.style();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    for (const std::uint32_t number : inView) {
        const Rgb rgb = isSelected(number) ? style.selectedColor : set->look(number).color;
        QColor colour(rgb.red, rgb.green, rgb.blue);
        const ScreenOutline outline = outlineOf(*set, number, viewport);
        painter.strokePath(outline.all, QPen(colour, style.lineWidth));
        for (const Level0Point point : set->annotations()[number].points) {
            const ScreenPoint at = viewport.toScreen(point);
            painter.setPen(Qt::NoPen);
            painter.setBrush(colour);
            painter.drawEllipse(QPointF(at.x, at.y), pointRadius, pointRadius);
        }
        colour.setAlphaF(static_cast<float>(style.fillOpacity));
        if (style.fillOpacity > 0) painter.fillPath(outline.area, colour);
    }
    painter.restore();
    setAnnotations(nullptr);
    return true;
}

void AnnotationLayer::paintHovered(QPainter& painter, const Viewport& viewport) const {
    const AnnotationSet& set = *picture_.annotations();
    const Annotation& annotation = set.annotations()[*hoveredNumber_];
    const Rgb rgb = set.look(*hoveredNumber_).color;
    const QColor color(rgb.red, rgb.green, rgb.blue);
    ScreenOutline outline = outlineOf(set, *hoveredNumber_, viewport);
    if (outline.all.isEmpty() && annotation.points.empty())
        outline.all.addEllipse(ringAround(set.box(*hoveredNumber_), viewport));
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    QColor fill = color;
    fill.setAlpha(50);
    painter.fillPath(outline.area, fill);
    // Light below dark: seen on any tissue, whatever the annotation's own colour.
    painter.strokePath(outline.all, QPen(QColor(255, 255, 255, 200), hoverWidth));
    painter.strokePath(outline.all, QPen(color, hoverWidth / 2));
    painter.setPen(QPen(QColor(255, 255, 255), 1.5));
    painter.setBrush(color);
    for (const Level0Point point : annotation.points) {
        const ScreenPoint at = viewport.toScreen(point);
        painter.drawEllipse(QPointF(at.x, at.y), hoverPointRadius, hoverPointRadius);
    }
    painter.restore();
}

} // namespace spotglass
