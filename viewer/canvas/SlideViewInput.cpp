// What mouse, touchpad and keyboard do in SlideView.
#include "viewer/canvas/SlideView.h"

#include <cmath>

#include <QApplication>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QNativeGestureEvent>
#include <QToolTip>
#include <QWheelEvent>

namespace spotglass {
namespace {

constexpr double notch = 120;          // one click of an ordinary wheel (eighths of a degree)
constexpr double pixelsToDouble = 240; // touchpad pixels for a zoom by 2
constexpr double arrowStep = 0.15;     // share of the widget that an arrow key moves

ScreenPoint pointOf(QPointF at) {
    return {at.x(), at.y()};
}

} // namespace

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
    pressed_ = true;
    dragging_ = false;
    pressedAt_ = draggedTo_ = event->position();
}

void SlideView::mouseMoveEvent(QMouseEvent* event) {
    const QPointF at = event->position();
    const bool far = (at - pressedAt_).manhattanLength() >= QApplication::startDragDistance();
    if (pressed_ && !dragging_ && far && event->buttons() & (Qt::LeftButton | Qt::MiddleButton)) {
        dragging_ = true;
        updateCursor();
    }
    if (dragging_) {
        const QPointF moved = at - draggedTo_;
        draggedTo_ = at;
        panBy(moved.x(), moved.y());
    } else if (presentation_) {
        updateCursor();
    }
    Q_EMIT cursorMoved(viewport_.toLevel0(pointOf(at)));
}

void SlideView::mouseReleaseEvent(QMouseEvent* event) {
    if (event->buttons() != Qt::NoButton) return;
    const bool click = pressed_ && !dragging_;
    pressed_ = dragging_ = false;
    updateCursor();
    if (click)
        Q_EMIT clicked(viewport_.toLevel0(pointOf(event->position())), event->button(), event->modifiers());
}

void SlideView::mouseDoubleClickEvent(QMouseEvent* event) {
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
        if (gesture->gestureType() != Qt::ZoomNativeGesture) break;
        zoomTo(target_.scale() * (1 + gesture->value()), pointOf(gesture->position()), false);
        return true;
    }
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
    else
        unsetCursor();
    presentation_ && !dragging_ ? cursorRest_.start() : cursorRest_.stop();
}

} // namespace spotglass
