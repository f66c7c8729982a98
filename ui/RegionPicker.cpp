#include "ui/RegionPicker.h"

#include "viewer/canvas/SlideView.h"

#include <QKeyEvent>
#include <QMouseEvent>

namespace spotglass {
namespace {

constexpr int least = 4; // screen pixels; less is a click

} // namespace

RegionPicker::RegionPicker(SlideView& view)
    : QObject(&view), view_(view), band_(new QRubberBand(QRubberBand::Rectangle, &view)) {
    view.installEventFilter(this);
    view.setFocus();
    view.setCursor(Qt::CrossCursor);
}

RegionPicker::~RegionPicker() {
    delete band_;
}

bool RegionPicker::eventFilter(QObject* watched, QEvent* event) {
    if (watched != &view_ || done_) return false;
    const auto* mouse = event->isSinglePointEvent() ? dynamic_cast<QMouseEvent*>(event) : nullptr;
    switch (event->type()) {
    case QEvent::MouseButtonPress:
        if (mouse->button() != Qt::LeftButton) return false;
        from_ = mouse->position().toPoint();
        drawing_ = true;
        return true;
    case QEvent::MouseMove:
        if (!drawing_) return false;
        band_->setGeometry(QRect(from_, mouse->position().toPoint()).normalized());
        band_->show();
        return true;
    case QEvent::MouseButtonRelease: {
        if (!drawing_ || mouse->button() != Qt::LeftButton) return false;
        const QRectF drawn = QRectF(QPointF(from_), mouse->position()).normalized();
        const bool meant = drawn.width() >= least && drawn.height() >= least;
        finish(meant ? view_.viewport().toLevel0(drawn) : Level0Rect{});
        return true;
    }
    case QEvent::ShortcutOverride: // before the window takes Escape for itself
    case QEvent::KeyPress:
        if (static_cast<QKeyEvent*>(event)->key() != Qt::Key_Escape) return false;
        event->accept();
        if (event->type() == QEvent::KeyPress) finish({});
        return true;
    default:
        return false;
    }
}

void RegionPicker::finish(const Level0Rect& region) {
    done_ = true;
    view_.removeEventFilter(this);
    view_.unsetCursor();
    Q_EMIT picked(region);
    deleteLater();
}

} // namespace spotglass
