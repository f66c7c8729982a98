#include "viewer/canvas/OverviewWidget.h"

#include "viewer/canvas/SlideLayer.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/slide/SlidePyramid.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QWheelEvent>

namespace spotglass {
namespace {

constexpr double longSide = 208, shortSide = 40; // of the slide on the widget
constexpr int margin = 6;
constexpr double smallestOutline = 9; // a smaller one would be overlooked
constexpr double largestLevel = 64e6; // pixels; a coarsest level beyond that takes seconds to read
constexpr std::size_t keptMaps = 64;  // slides; a map takes up to 256 KiB

const QColor plate(24, 25, 28, 222), nothingYet(232, 232, 234), ink(224, 48, 34);
const QRgb wash = qRgba(20, 110, 230, 46);

/// The level to make the picture from, among those that are there already; nothing while none is small
/// enough.
std::optional<int> levelFor(const SlideInfo& info, double downsample) {
    for (int level = bestLevelForDownsample(info, downsample); level >= 0; --level) {
        const SlideLevel& from = info.levels[static_cast<std::size_t>(level)];
        if (static_cast<double>(from.width) * static_cast<double>(from.height) > largestLevel) break;
        if (from.ready) return level;
    }
    return std::nullopt;
}

QImage thumbnailOf(const SlideSource& slide) {
    const auto info = slide.info();
    const Level0Rect all = level0Bounds(*info);
    if (all.isEmpty()) return {};
    const double step = std::max(std::max(all.width, all.height) / OverviewWidget::thumbnailSide, 1.0);
    const auto level = levelFor(*info, step);
    if (!level) return {};
    const auto side = [step](double length) {
        return std::max(1, static_cast<int>(std::lround(length / step)));
    };
    const auto raster = resampleLevel(slide, *level, all, side(all.width), side(all.height));
    if (!raster) return {};
    QImage image(raster->width, raster->height, QImage::Format_RGB32);
    for (int y = 0; y < image.height(); ++y)
        std::memcpy(image.scanLine(y), raster->pixels.data() + static_cast<std::ptrdiff_t>(y) * image.width(),
                    static_cast<std::size_t>(image.width()) * 4);
    return image;
}

} // namespace

struct OverviewWidget::Read {
    std::string fingerprint;
    QImage image;
};

OverviewWidget::OverviewWidget(SlideView& view) : QWidget(&view), view_(view) {
    setObjectName(QStringLiteral("Overview"));
    setAttribute(Qt::WA_NoSystemBackground);
    setCursor(Qt::ArrowCursor);
    setAccessibleName(tr("Overview"));
    setToolTip(tr("Click or drag to move the view. Blue: looked at, at %1\u00d7 or more.").arg(visitedFrom));
    view.addOverlay(this, Qt::BottomRightCorner);
    connect(&view, &SlideView::viewportChanged, this, &OverviewWidget::viewChanged);
    connect(&view, &SlideView::becameSharp, this, [this] {
        followSlide();
        noteVisited();
        if (!tried_) readThumbnail(); // not before: the tiles of the first picture go first
    });
    connect(&view.slideLayer(), &Layer::changed, this, &OverviewWidget::followSlide);
    connect(&view.slideLayer(), &SlideLayer::infoChanged, this, &OverviewWidget::slideImproved);
    connect(&view, &SlideView::colorsChanged, this, [this] {
        scaled_ = {};
        update();
    });
    viewChanged();
    updateVisibility();
}

void OverviewWidget::viewChanged() {
    followSlide();
    updateMap();
    noteVisited();
    updateVisibility();
    update();
}

void OverviewWidget::followSlide() {
    const auto slide = view_.slide();
    if (!slide.owner_before(shown_) && !shown_.owner_before(slide)) return;
    if (!fingerprint_.empty() && !visited_.isEmpty()) {
        if (former_.size() >= keptMaps) former_.erase(former_.begin());
        former_[fingerprint_] = visited_;
    }
    reader_.forget();
    shown_ = slide;
    fingerprint_.clear();
    thumbnail_ = {};
    scaled_ = {};
    tried_ = false;
    grabbed_.reset();
    visited_ = VisitedMap(view_.slideLayer().extent());
    visited_.setColor(wash);
    updateMap();
    updateVisibility();
    update();
}

void OverviewWidget::slideImproved() {
    followSlide();
    if (tried_) readThumbnail();
}

void OverviewWidget::readThumbnail() {
    auto slide = view_.slide();
    if (!slide) return;
    tried_ = true;
    reader_.forget();
    reader_.read(
        [slide = std::move(slide)] {
            return Read{slide->fingerprint(), thumbnailOf(*slide)};
        },
        [this](const Read& read) { thumbnailArrived(read); });
}

void OverviewWidget::thumbnailArrived(const Read& read) {
    if (fingerprint_.empty())
        if (const auto known = former_.find(read.fingerprint); known != former_.end())
            visited_.add(known->second);
    fingerprint_ = read.fingerprint;
    if (!read.image.isNull()) {
        thumbnail_ = read.image;
        scaled_ = {};
    }
    update();
    if (!read.image.isNull()) Q_EMIT thumbnailRead(thumbnail_);
    Q_EMIT completed();
}

bool OverviewWidget::isComplete() const {
    return !isVisible() || (tried_ && !reader_.isBusy());
}

void OverviewWidget::noteVisited() {
    const auto info = view_.slideLayer().info();
    if (!info || !view_.isSharp()) return;
    const Viewport& viewport = view_.viewport();
    if (visitedMagnification(viewport.scale(), info->objectivePower, view_.micronsPerPixel()) <
        visitedFrom * 0.99)
        return;
    if (visited_.note(viewport)) update();
}

void OverviewWidget::clearVisited() {
    visited_.clear();
    former_.erase(fingerprint_);
    update();
}

void OverviewWidget::setSwitchedOn(bool on) {
    on_ = on;
    updateVisibility();
}

void OverviewWidget::setSuppressed(bool suppressed) {
    suppressed_ = suppressed;
    updateVisibility();
}

void OverviewWidget::setVisitedShown(bool shown) {
    visitedShown_ = shown;
    update();
}

bool OverviewWidget::showsWholeSlide() const {
    const Viewport& viewport = view_.viewport();
    const QRectF window = QRectF({0, 0}, viewport.size()).adjusted(-1, -1, 1, 1);
    return window.contains(viewport.toScreen(viewport.slideRect()));
}

void OverviewWidget::updateVisibility() {
    const bool wanted = on_ && !suppressed_ && view_.slide() && !showsWholeSlide();
    if (wanted == isVisibleTo(&view_)) return;
    setVisible(wanted);
    if (!wanted) grabbed_.reset();
}

QSize OverviewWidget::sizeHint() const {
    const QSizeF size = map_.size();
    return {static_cast<int>(std::ceil(size.width())), static_cast<int>(std::ceil(size.height()))};
}

/// The slide in the widget: as it lies in the view, to the nearest quarter turn.
void OverviewWidget::updateMap() {
    const Viewport& viewport = view_.viewport();
    const Level0Rect slide = viewport.slideRect();
    if (slide.isEmpty()) return;
    const double turn = std::fmod(std::round(viewport.rotation() / 90), 4) * 90;
    const double scale = longSide / std::max(slide.width, slide.height);
    QSizeF size(std::max(slide.width * scale, shortSide), std::max(slide.height * scale, shortSide));
    if (turn == 90 || turn == 270) size.transpose();
    Viewport map;
    map.setSize(size + QSizeF(2 * margin, 2 * margin), devicePixelRatioF());
    map.setSlideRect(slide);
    map.setRotation(turn);
    map.setMirrored(viewport.isMirrored());
    map.setView(slide.center(), scale);
    if (map == map_) return;
    const bool resized = map.size() != map_.size();
    map_ = map;
    scaled_ = {};
    if (resized) updateGeometry();
}

QPolygonF OverviewWidget::outline() const {
    const Viewport& viewport = view_.viewport();
    const double width = viewport.size().width(), height = viewport.size().height();
    QPolygonF corners;
    for (const ScreenPoint corner :
         {ScreenPoint{0, 0}, ScreenPoint{width, 0}, ScreenPoint{width, height}, ScreenPoint{0, height}}) {
        const ScreenPoint at = map_.toScreen(viewport.toLevel0(corner));
        corners << QPointF(at.x, at.y);
    }
    return corners;
}

void OverviewWidget::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath rounded;
    rounded.addRoundedRect(rect(), 6, 6);
    painter.fillPath(rounded, plate);
    const Level0Rect slide = map_.slideRect();
    const QRectF slideArea(slide.x, slide.y, slide.width, slide.height);
    const auto paintUpright = [&](QPainter& on, const QImage& image) {
        on.setRenderHint(QPainter::SmoothPixmapTransform);
        on.setTransform(map_.level0ToScreen(), true);
        on.drawImage(slideArea, image);
    };
    if (thumbnail_.isNull()) {
        painter.fillRect(map_.toScreen(slide), nothingYet);
    } else {
        if (scaled_.isNull() || scaled_.devicePixelRatio() != devicePixelRatioF()) {
            scaled_ = QPixmap(size() * devicePixelRatioF());
            scaled_.setDevicePixelRatio(devicePixelRatioF());
            scaled_.fill(Qt::transparent);
            QPainter once(&scaled_);
            QImage shown = thumbnail_.convertToFormat(QImage::Format_RGB32);
            for (int y = 0; y < shown.height(); ++y)
                view_.slideLayer().colorCorrection().apply(
                    reinterpret_cast<std::uint32_t*>(shown.scanLine(y)),
                    static_cast<std::size_t>(shown.width()));
            paintUpright(once, shown);
        }
        painter.drawPixmap(0, 0, scaled_);
    }
    if (visitedShown_ && !visited_.isEmpty()) {
        painter.save();
        paintUpright(painter, visited_.image());
        painter.restore();
    }
    painter.setClipRect(rect().adjusted(2, 2, -2, -2));
    QPolygonF corners = outline();
    const QPointF middle = corners.boundingRect().center();
    const QSizeF size = corners.boundingRect().size();
    if (std::max(size.width(), size.height()) < smallestOutline) { // a ring is seen where a speck is not
        painter.setPen(QPen(Qt::white, 4));
        painter.drawEllipse(middle, smallestOutline / 2, smallestOutline / 2);
        painter.setPen(QPen(ink, 2));
        painter.drawEllipse(middle, smallestOutline / 2, smallestOutline / 2);
        return;
    }
    painter.setPen(QPen(QColor(255, 255, 255, 220), 3.5, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawPolygon(corners);
    painter.setPen(QPen(ink, 1.8, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawPolygon(corners);
}

void OverviewWidget::moveViewTo(QPointF at) {
    const Level0Point center = map_.toLevel0(ScreenPoint{at.x(), at.y()});
    view_.setView(center, view_.targetViewport().scale());
}

void OverviewWidget::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const QPolygonF corners = outline();
    const QPointF middle = corners.boundingRect().center();
    // Taken hold of where it is, the outline does not jump.
    const bool held = corners.containsPoint(event->position(), Qt::OddEvenFill);
    grabbed_ = held ? event->position() - middle : QPointF();
    if (!held) moveViewTo(event->position());
}

void OverviewWidget::mouseMoveEvent(QMouseEvent* event) {
    if (grabbed_ && event->buttons() & Qt::LeftButton) moveViewTo(event->position() - *grabbed_);
}

void OverviewWidget::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) grabbed_.reset();
}

// Else the view beneath would zoom.
void OverviewWidget::mouseDoubleClickEvent(QMouseEvent* event) {
    mousePressEvent(event);
}

void OverviewWidget::wheelEvent(QWheelEvent* event) {
    event->accept();
    const double notches = event->angleDelta().y() / 120.0;
    if (notches != 0) view_.zoomBy(std::exp2(notches / 2));
}

} // namespace spotglass
