#include "viewer/canvas/SlideView.h"

#include "viewer/canvas/ScaleBar.h"
#include "viewer/canvas/SlideLayer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <QPainter>
#include <QPaintEvent>

namespace spotglass {
namespace {

using namespace std::chrono_literals;
constexpr auto frameTime = 16ms;        // arriving tiles are drawn together, once a frame
constexpr auto restTime = 120ms;        // the view counts as settled
constexpr auto cursorRestTime = 2000ms; // presentation: the cursor hides
constexpr double easeTime = 120;        // milliseconds of a zoom or turn
constexpr double frictionTime = 160; // milliseconds in which a gliding picture loses two thirds of its speed
constexpr int overlayMargin = 14;

const QColor surround(43, 44, 48), presentationSurround(0, 0, 0);

QPainter::CompositionMode compositionMode(Layer::Blending blending) {
    switch (blending) {
    case Layer::Blending::Multiply:
        return QPainter::CompositionMode_Multiply;
    case Layer::Blending::Screen:
        return QPainter::CompositionMode_Screen;
    case Layer::Blending::Normal:
        break;
    }
    return QPainter::CompositionMode_SourceOver;
}

} // namespace

SlideView::SlideView(QWidget* parent) : QWidget(parent), slideLayer_(new SlideLayer(this)) {
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAttribute(Qt::WA_AcceptTouchEvents);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Slide"));
    slideLayer_->setSurround(surround);
    connect(slideLayer_, &Layer::changed, this, &SlideView::layerChanged);
    connect(slideLayer_, &SlideLayer::tileFailed, this, &SlideView::tileFailed);
    connect(slideLayer_, &SlideLayer::tilesDelivered, this, &SlideView::showDelivered);
    connect(slideLayer_, &SlideLayer::infoChanged, this, &SlideView::requestTiles);
    animation_.setInterval(frameTime);
    animation_.setTimerType(Qt::PreciseTimer);
    connect(&animation_, &QTimer::timeout, this, &SlideView::advanceAnimation);
    settle_.setSingleShot(true);
    settle_.setInterval(restTime);
    connect(&settle_, &QTimer::timeout, this, &SlideView::settled);
    frame_.setSingleShot(true);
    frame_.setInterval(frameTime);
    connect(&frame_, &QTimer::timeout, this, &SlideView::flushDirty);
    cursorRest_.setSingleShot(true);
    cursorRest_.setInterval(cursorRestTime);
    connect(&cursorRest_, &QTimer::timeout, this, [this] { setCursor(Qt::BlankCursor); });
}

SlideView::~SlideView() = default;

void SlideView::setSlide(std::shared_ptr<const SlideSource> slide) {
    if (slide == slideLayer_->slide()) return;
    animation_.stop();
    wasSharp_ = false;
    slideLayer_->setSlide(std::move(slide));
    setMicronsPerPixel(slideLayer_->info() ? slideLayer_->info()->micronsPerPixel : std::nullopt);
    Viewport fresh = viewport_;
    fresh.setMirrored(false);
    fresh.setRotation(0);
    fresh.setSlideRect(slideLayer_->extent());
    fresh.fit();
    fitted_ = true;
    target_ = fresh;
    showViewport(fresh);
    requestTiles();
}

std::shared_ptr<const SlideSource> SlideView::slide() const {
    return slideLayer_->slide();
}

void SlideView::reloadSlide() {
    wasSharp_ = false;
    slideLayer_->reload();
    viewport_.setSlideRect(slideLayer_->extent());
    target_.setSlideRect(slideLayer_->extent());
    update();
    requestTiles();
}

// Every change of the view passes here: tiles are asked for where it will end, and it glides or jumps there.
void SlideView::moveTo(const Viewport& target, Motion motion) {
    if (target == target_ && (animation_.isActive() || target == viewport_)) return;
    target_ = target;
    if (motion != Motion::Jump && animated_ && isVisible()) {
        motion_ = motion;
        start_ = viewport_;
        animationClock_.start();
        animation_.start();
        settle_.stop();
    } else {
        animation_.stop();
        showViewport(target);
    }
    requestTiles();
}

void SlideView::advanceAnimation() {
    const auto elapsed = static_cast<double>(animationClock_.elapsed());
    if (motion_ == Motion::Glide) {
        // Of whole device pixels, so that what is already painted can be used again.
        const double ratio = viewport_.devicePixelRatio();
        const ScreenPoint from = start_.toScreen(start_.center()), to = start_.toScreen(target_.center());
        const double share = 1 - std::exp(-elapsed / frictionTime);
        const double x = std::round((from.x - to.x) * share * ratio) / ratio,
                     y = std::round((from.y - to.y) * share * ratio) / ratio;
        const bool over = std::hypot(from.x - to.x, from.y - to.y) * (1 - share) < 1;
        if (over) {
            animation_.stop();
            target_ = start_;
            target_.panBy(x, y);
        }
        Viewport view = start_;
        view.panBy(x, y);
        showViewport(view);
        return;
    }
    const double progress = std::min(elapsed / easeTime, 1.0), left = 1 - progress;
    if (progress >= 1) animation_.stop();
    showViewport(Viewport::between(start_, target_, 1 - left * left * left));
}

void SlideView::showViewport(const Viewport& viewport) {
    const bool same = viewport == viewport_;
    viewport_ = viewport;
    if (!animation_.isActive()) settle_.start();
    if (same) {
        checkSharp();
        return;
    }
    update();
    wasSharp_ = false;
    Q_EMIT viewportChanged();
    if (underMouse() && !dragging_) {
        const QPointF at = mapFromGlobal(QCursor::pos());
        Q_EMIT cursorMoved(viewport_.toLevel0(ScreenPoint{at.x(), at.y()}));
    }
    checkSharp();
}

void SlideView::requestTiles() {
    slideLayer_->request(target_);
    checkSharp();
}

void SlideView::setView(Level0Point center, double scale) {
    fitted_ = false;
    Viewport next = target_;
    next.setView(center, scale);
    moveTo(next, Motion::Jump);
}

void SlideView::setView(Level0Point center, double scale, double rotation, bool mirrored) {
    fitted_ = false;
    Viewport next = target_;
    next.setMirrored(mirrored);
    next.setRotation(rotation);
    next.setView(center, scale);
    moveTo(next, Motion::Jump);
}

void SlideView::showRect(const Level0Rect& rect) {
    fitted_ = false;
    Viewport next = target_;
    next.fit(rect);
    moveTo(next, Motion::Jump);
}

void SlideView::fit() {
    fitted_ = true;
    Viewport next = target_;
    next.fit();
    moveTo(next, Motion::Ease);
}

void SlideView::zoomToScale(double scale) {
    zoomTo(scale, {width() / 2.0, height() / 2.0}, true);
}

void SlideView::setRotation(double degrees) {
    Viewport next = target_;
    next.setRotation(degrees);
    if (fitted_) next.fit();
    moveTo(next, Motion::Ease);
}

void SlideView::rotateBy(double degrees) {
    setRotation(target_.rotation() + degrees);
}

void SlideView::flipHorizontally() {
    Viewport next = target_;
    next.flipHorizontally();
    moveTo(next, Motion::Jump);
}

void SlideView::flipVertically() {
    Viewport next = target_;
    next.flipVertically();
    moveTo(next, Motion::Jump);
}

void SlideView::setUpright() {
    Viewport next = target_;
    next.setMirrored(false);
    next.setRotation(0);
    if (fitted_) next.fit();
    moveTo(next, Motion::Jump);
}

void SlideView::setColorCorrection(const ColorCorrection& correction) {
    slideLayer_->setColorCorrection(correction);
    Q_EMIT colorsChanged();
}

void SlideView::zoomBy(double factor) {
    zoomBy(factor, {width() / 2.0, height() / 2.0});
}

void SlideView::zoomBy(double factor, ScreenPoint anchor) {
    zoomTo(target_.scale() * factor, anchor, true);
}

void SlideView::zoomTo(double scale, ScreenPoint anchor, bool animate) {
    fitted_ = false;
    Viewport next = viewport_; // what the user sees under the cursor now is what stays there
    next.zoomBy(scale / viewport_.scale(), anchor);
    moveTo(next, animate ? Motion::Ease : Motion::Jump);
}

void SlideView::panBy(double screenX, double screenY) {
    fitted_ = false;
    Viewport next = target_;
    next.panBy(screenX, screenY);
    moveTo(next, Motion::Jump);
}

void SlideView::addLayer(Layer* layer) {
    layer->setParent(this);
    layers_.push_back(layer);
    connect(layer, &Layer::changed, this, &SlideView::layerChanged);
    update();
    Q_EMIT layersChanged();
}

void SlideView::removeLayer(Layer* layer) {
    if (std::erase(layers_, layer) == 0) return;
    delete layer;
    update();
    Q_EMIT layersChanged();
}

void SlideView::moveLayer(Layer* layer, std::size_t place) {
    const auto from = std::ranges::find(layers_, layer);
    if (from == layers_.end()) return;
    const auto to = layers_.begin() + static_cast<std::ptrdiff_t>(std::min(place, layers_.size() - 1));
    if (from == to) return;
    if (from < to)
        std::rotate(from, from + 1, to + 1);
    else
        std::rotate(to, from, from + 1);
    update();
    Q_EMIT layersChanged();
}

void SlideView::addOverlay(QWidget* overlay, Qt::Corner corner) {
    overlay->setParent(this);
    overlay->installEventFilter(this);
    overlays_.push_back({overlay, corner});
    overlay->show();
    placeOverlays();
}

void SlideView::placeOverlays() {
    std::erase_if(overlays_, [](const Overlay& overlay) { return overlay.widget.isNull(); });
    int used[4] = {overlayMargin, overlayMargin, overlayMargin, overlayMargin};
    // The scale bar lives in the lower left corner.
    if (scaleBar_) used[Qt::BottomLeftCorner] += presentation_ ? 76 : 48;
    for (const Overlay& overlay : overlays_) {
        if (overlay.widget->isHidden()) continue;
        const QSize size = overlay.widget->sizeHint().expandedTo(overlay.widget->minimumSize());
        const bool right = overlay.corner == Qt::TopRightCorner || overlay.corner == Qt::BottomRightCorner;
        const bool bottom = overlay.corner == Qt::BottomLeftCorner || overlay.corner == Qt::BottomRightCorner;
        int& offset = used[overlay.corner];
        overlay.widget->setGeometry(right ? width() - size.width() - overlayMargin : overlayMargin,
                                    bottom ? height() - size.height() - offset : offset, size.width(),
                                    size.height());
        offset += size.height() + overlayMargin / 2;
    }
}

void SlideView::setMicronsPerPixel(std::optional<MicronsPerPixel> scale) {
    if (scale && !scale->isValid()) scale.reset();
    micronsPerPixel_ = scale;
    placeOverlays();
    update();
}

void SlideView::setScaleBarVisible(bool visible) {
    scaleBar_ = visible;
    placeOverlays();
    update();
}

void SlideView::setPresentation(bool presentation) {
    presentation_ = presentation;
    slideLayer_->setSurround(presentation ? presentationSurround : surround);
    updateCursor();
    if (presentation) setCursor(Qt::BlankCursor); // until it is moved
    placeOverlays();
    update();
}

bool SlideView::isSharp() const {
    return !animation_.isActive() && viewport_ == target_ && slideLayer_->isSharp(viewport_);
}

QString SlideView::brokenTileAt(Level0Point point) const {
    return slideLayer_->brokenTileAt(viewport_, point);
}

void SlideView::layerChanged(const Level0Rect& area) {
    if (area.isEmpty()) {
        dirty_ = rect();
    } else {
        const QRect touched = viewport_.toScreen(area).adjusted(-1, -1, 1, 1).toAlignedRect() & rect();
        if (!touched.isEmpty()) dirty_ += touched;
    }
    if (!frame_.isActive()) frame_.start();
}

void SlideView::flushDirty() {
    if (!dirty_.isEmpty()) update(dirty_);
    dirty_ = {};
    checkSharp();
}

// The last tile of a view is not kept waiting for the next frame.
void SlideView::showDelivered() {
    if (dirty_.isEmpty()) return checkSharp();
    if (!slideLayer_->isSharp(viewport_)) return;
    frame_.stop();
    flushDirty();
}

void SlideView::checkSharp() {
    const bool sharp = !wasSharp_ && isSharp();
    if (!sharp) return;
    wasSharp_ = true;
    Q_EMIT becameSharp();
}

void SlideView::paintEvent(QPaintEvent* event) {
    if (viewport_.devicePixelRatio() != devicePixelRatioF()) { // moved to another screen
        viewport_.setSize(size(), devicePixelRatioF());
        target_.setSize(size(), devicePixelRatioF());
        QMetaObject::invokeMethod(this, &SlideView::requestTiles, Qt::QueuedConnection);
    }
    QPainter painter(this);
    painter.setClipRect(event->rect()); // tells the layers what needs painting
    if (slideLayer_->extent().isEmpty())
        painter.fillRect(event->rect(), presentation_ ? presentationSurround : surround);
    const auto paintLayer = [this, &painter](Layer& layer) {
        if (!layer.isVisible() || layer.opacity() <= 0) return;
        painter.setOpacity(layer.opacity());
        painter.setCompositionMode(compositionMode(layer.blending()));
        layer.paint(painter, viewport_);
    };
    paintLayer(*slideLayer_);
    for (Layer* layer : layers_)
        paintLayer(*layer);
    painter.setOpacity(1);
    painter.setCompositionMode(QPainter::CompositionMode_SourceOver);
    if (!scaleBar_ || !slide()) return;
    const double zoom = presentation_ ? 1.7 : 1;
    if (micronsPerPixel_)
        ScaleBar::fitting(ScaleBar::alongTheScreen(*micronsPerPixel_, viewport_.rotation()),
                          viewport_.scale(), 160 * zoom)
            .paint(painter, size(), zoom);
    else
        ScaleBar::paintUnknown(painter, size(), zoom);
}

void SlideView::resizeEvent(QResizeEvent* /*event*/) {
    Viewport next = target_;
    next.setSize(size(), devicePixelRatioF());
    if (fitted_)
        next.fit();
    else
        next.setView(next.center(), next.scale());
    moveTo(next, Motion::Jump);
    placeOverlays();
}

} // namespace spotglass
