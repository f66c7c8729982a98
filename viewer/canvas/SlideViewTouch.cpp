// Fingers on the screen.
#include "viewer/canvas/SlideView.h"

#include <cmath>

#include <QLineF>
#include <QTouchEvent>

namespace spotglass {
namespace {

constexpr double intendedTurn =
    12; // degrees before two fingers turn the picture: zooming alone must not tilt it

} // namespace

void SlideView::touch(QTouchEvent& event) {
    event.accept();
    const auto& points = event.points();
    if (event.type() == QEvent::TouchBegin || points.size() != 1) trace_.clear();
    if (event.type() == QEvent::TouchBegin) {
        if (animation_.isActive()) moveTo(viewport_, Motion::Jump);
        handClock_.start();
        handSince_ = 0;
        pinchTurn_ = 0;
        pressedAt_ = points.front().position();
        dragging_ = false;
        return;
    }
    if (event.type() == QEvent::TouchCancel) return;
    if (event.type() == QEvent::TouchEnd) {
        const QPointF at = points.front().position();
        if (dragging_)
            letGo();
        else if (points.size() == 1)
            Q_EMIT clicked(viewport_.toLevel0(ScreenPoint{at.x(), at.y()}), Qt::LeftButton, {});
        dragging_ = false;
        return;
    }
    if (points.size() == 1) {
        const QPointF at = points.front().position(), before = points.front().lastPosition();
        dragging_ = dragging_ || (at - pressedAt_).manhattanLength() > 8;
        panBy(at.x() - before.x(), at.y() - before.y());
        follow(at);
        return;
    }
    dragging_ = true;
    handSince_ = handClock_.elapsed(); // lifting the second finger is no push
    pinch(points[0].lastPosition(), points[1].lastPosition(), points[0].position(), points[1].position());
}

// What lies under the middle of two fingers stays there.
void SlideView::pinch(QPointF from1, QPointF from2, QPointF to1, QPointF to2) {
    const QLineF before(from1, from2), after(to1, to2);
    const QPointF moved = after.center() - before.center();
    const ScreenPoint middle{after.center().x(), after.center().y()};
    fitted_ = false;
    Viewport next = viewport_;
    next.panBy(moved.x(), moved.y());
    if (before.length() > 1 && after.length() > 1) {
        next.zoomBy(after.length() / before.length(), middle);
        const double turn = std::remainder(before.angle() - after.angle(), 360);
        const bool turns = std::abs(pinchTurn_) >= intendedTurn;
        if (turns)
            next.rotateBy(turn, middle);
        else
            pinchTurn_ += turn;
    }
    moveTo(next, Motion::Jump);
}

} // namespace spotglass
