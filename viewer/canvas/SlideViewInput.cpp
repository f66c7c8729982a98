// What mouse, touchpad and keyboard do in SlideView.
#include "viewer/canvas/PointerTool.h"
#include "viewer/canvas/SlideView.h"

#include <cmath>
#include <utility>

#include <QApplication>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLineF>
#include <QMouseEvent>
#include <QNativeGestureEvent>
#include <QToolTip>
#include <QTouchEvent>
#include <QWheelEvent>

namespace spotglass {
namespace {

constexpr double notch = 120;          // one click of an ordinary wheel (eighths of a degree)
constexpr double pixelsToDouble = 240; // touchpad pixels for a zoom by 2
constexpr double arrowStep = 0.15;     // share of the widget that an arrow key moves

constexpr double toolReach = 8; // screen pixels that a hand may miss by

// Letting go of a moving picture; times in milliseconds, speeds in screen pixels a millisecond.
constexpr qint64 traceTime = 80;     // the moments that decide about the speed
constexpr qint64 stillTime = 40;     // a hand that has rested so long does not push
constexpr qint64 shortestPush = 100; // of a whole drag
constexpr double slowestPush = 0.35, fastestPush = 5;
constexpr double pushTime = 160; // how far it glides: the way of so many milliseconds at its first speed

ScreenPoint pointOf(QPointF at) {
    return {at.x(), at.y()};
}

} // namespace

void SlideView::setTool(PointerTool* tool) {
    if (std::exchange(toolBusy_, false)) tool_->cancel();
    tool_ = tool;
    updateCursor();
}

void SlideView::wheelEvent(QWheelEvent* event) {
    event->accept();
    const double angle = event->angleDelta().y();
    const double doublings = angle != 0 ? angle / notch / 2 : event->pixelDelta().y() / pixelsToDouble;
    if (doublings == 0) return;
    updateCursor(); // somebody is there
    // A touchpad or a fine wheel is smooth by itself; gliding would only lag behind it.
    const bool coarse = std::abs(angle) >= notch;
    zoomTo(target_.scale() * std::exp2(doublings), pointOf(event->position()), coarse);
}

void SlideView::mousePressEvent(QMouseEvent* event) {
    if (animation_.isActive() && motion_ == Motion::Glide)
        moveTo(viewport_, Motion::Jump); // a hand on the wheel
    if (tool_ && event->button() == Qt::LeftButton && event->modifiers() == Qt::NoModifier) {
        toolBusy_ = true;
        tool_->begin(viewport_.toLevel0(pointOf(event->position())), toolReach / viewport_.scale());
        return;
    }
    pressed_ = true;
    dragging_ = false;
    turning_ = event->button() == Qt::LeftButton && event->modifiers() & Qt::ControlModifier;
    pressedAt_ = draggedTo_ = event->position();
    trace_.clear();
    handClock_.start();
    handSince_ = 0;
}

// Keeps the last moments of a drag, from which its speed follows when the hand lets go.
void SlideView::follow(QPointF at) {
    const qint64 now = handClock_.elapsed();
    std::erase_if(trace_, [now](const Trace& each) { return now - each.ms > traceTime; });
    trace_.push_back({at, now});
}

// A picture that is let go in motion glides on. A drag too short for a hand is a jump of the pointer.
void SlideView::letGo() {
    const qint64 now = handClock_.elapsed();
    std::erase_if(trace_, [now](const Trace& each) { return now - each.ms > traceTime; });
    if (!animated_ || trace_.size() < 3 || now - handSince_ < shortestPush ||
        now - trace_.back().ms > stillTime)
        return;
    const auto span = static_cast<double>(std::max<qint64>(trace_.back().ms - trace_.front().ms, 1));
    QPointF speed = (trace_.back().at - trace_.front().at) / span; // pixels a millisecond
    const double length = std::hypot(speed.x(), speed.y());
    if (length < slowestPush) return;
    speed *= std::min(length, fastestPush) / length;
    Viewport next = viewport_;
    next.panBy(speed.x() * pushTime, speed.y() * pushTime);
    moveTo(next, Motion::Glide);
}

void SlideView::turnWithHand(QPointF from, QPointF to) {
    const QPointF middle(width() / 2.0, height() / 2.0);
    const QLineF before(middle, from), after(middle, to);
    if (before.length() < 8 || after.length() < 8) return; // no direction
    Viewport next = viewport_;
    next.rotateBy(before.angle() - after.angle(), {middle.x(), middle.y()});
    moveTo(next, Motion::Jump);
}

void SlideView::mouseMoveEvent(QMouseEvent* event) {
    const QPointF at = event->position();
    if (toolBusy_) tool_->moveTo(viewport_.toLevel0(pointOf(at)));
    const bool far = (at - pressedAt_).manhattanLength() >= QApplication::startDragDistance();
    if (pressed_ && !dragging_ && far && event->buttons() & (Qt::LeftButton | Qt::MiddleButton)) {
        dragging_ = true;
        updateCursor();
    }
    if (dragging_) {
        const QPointF before = std::exchange(draggedTo_, at);
        if (turning_)
            turnWithHand(before, at);
        else
            panBy(at.x() - before.x(), at.y() - before.y());
        follow(at);
    } else if (presentation_) {
        updateCursor();
    }
    Q_EMIT cursorMoved(viewport_.toLevel0(pointOf(at)));
}

void SlideView::mouseReleaseEvent(QMouseEvent* event) {
    if (toolBusy_ && event->button() == Qt::LeftButton) {
        toolBusy_ = false;
        return tool_->finish();
    }
    if (event->buttons() != Qt::NoButton) return;
    const bool click = pressed_ && !dragging_, push = dragging_ && !turning_;
    pressed_ = dragging_ = turning_ = false;
    updateCursor();
    if (push) letGo();
    if (click)
        Q_EMIT clicked(viewport_.toLevel0(pointOf(event->position())), event->button(), event->modifiers());
}

void SlideView::mouseDoubleClickEvent(QMouseEvent* event) {
    if (tool_ && event->button() == Qt::LeftButton) return mousePressEvent(event);
    pressed_ = false; // the second press is no click of its own
    if (event->button() == Qt::LeftButton)
        zoomBy(event->modifiers() & Qt::ShiftModifier ? 0.5 : 2.0, pointOf(event->position()));
}

void SlideView::keyPressEvent(QKeyEvent* event) {
    const auto nudge = [this](double x, double y) {
        panBy(x * width() * arrowStep, y * height() * arrowStep);
    };
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        zoomBy(std::sqrt(2.0));
        break;
    case Qt::Key_Minus:
    case Qt::Key_Underscore:
        zoomBy(std::sqrt(0.5));
        break;
    case Qt::Key_Left:
        nudge(1, 0);
        break;
    case Qt::Key_Right:
        nudge(-1, 0);
        break;
    case Qt::Key_Up:
        nudge(0, 1);
        break;
    case Qt::Key_Down:
        nudge(0, -1);
        break;
    case Qt::Key_Home:
    case Qt::Key_F:
        fit();
        break;
    default:
        QWidget::keyPressEvent(event);
        return;
    }
    event->accept();
}

void SlideView::leaveEvent(QEvent* event) {
    QWidget::leaveEvent(event);
    Q_EMIT cursorMoved(std::nullopt);
}

bool SlideView::event(QEvent* event) {
    switch (event->type()) {
    case QEvent::LayoutRequest:
        placeOverlays();
        break;
    case QEvent::NativeGesture: {
        const auto* gesture = static_cast<QNativeGestureEvent*>(event);
        if (gesture->gestureType() == Qt::ZoomNativeGesture) {
            zoomTo(target_.scale() * (1 + gesture->value()), pointOf(gesture->position()), false);
            return true;
        }
        if (gesture->gestureType() == Qt::RotateNativeGesture) {
            Viewport next = viewport_;
            next.rotateBy(gesture->value(), pointOf(gesture->position()));
            moveTo(next, Motion::Jump);
            return true;
        }
        break;
    }
    case QEvent::TouchBegin:
    case QEvent::TouchUpdate:
    case QEvent::TouchEnd:
    case QEvent::TouchCancel:
        touch(*static_cast<QTouchEvent*>(event));
        return true;
    case QEvent::ToolTip: {
        const auto* help = static_cast<QHelpEvent*>(event);
        const QString broken = brokenTileAt(viewport_.toLevel0(pointOf(help->pos())));
        if (broken.isEmpty())
            QToolTip::hideText();
        else
            QToolTip::showText(help->globalPos(),
                               tr("This part of the slide cannot be shown. %1").arg(broken), this);
        return true;
    }
    default:
        break;
    }
    return QWidget::event(event);
}

bool SlideView::eventFilter(QObject* watched, QEvent* event) {
    const bool mayMove = event->type() == QEvent::Show || event->type() == QEvent::Hide;
    if (mayMove) QMetaObject::invokeMethod(this, &SlideView::placeOverlays, Qt::QueuedConnection);
    return QWidget::eventFilter(watched, event);
}

void SlideView::updateCursor() {
    if (dragging_)
        setCursor(Qt::ClosedHandCursor);
    else if (tool_)
        setCursor(Qt::CrossCursor);
    else
        unsetCursor();
    presentation_ && !dragging_ ? cursorRest_.start() : cursorRest_.stop();
}

} // namespace spotglass
