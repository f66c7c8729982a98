#include "ui/PictureTab.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>
#include <QTransform>

namespace spotglass {

PictureTab::PictureTab(QWidget* parent) : QWidget(parent), turn_(new QToolButton(this)) {
    turn_->setObjectName(QStringLiteral("turnPicture"));
    turn_->setText(tr("Turn"));
    turn_->setToolTip(tr("Turn the picture by a quarter"));
    connect(turn_, &QToolButton::clicked, this, &PictureTab::turn);
    auto* column = new QVBoxLayout(this);
    column->addStretch(1);
    column->addWidget(turn_, 0, Qt::AlignHCenter);
    showSentence(tr("Reading..."));
}

void PictureTab::showPicture(const QImage& picture) {
    picture_ = picture;
    sentence_.clear();
    update();
}

void PictureTab::showSentence(const QString& sentence) {
    picture_ = {};
    sentence_ = sentence;
    update();
}

void PictureTab::hideBehind(const QString& sentence) {
    cover_ = sentence;
    update();
}

void PictureTab::turn() {
    picture_ = picture_.transformed(QTransform().rotate(90));
    update();
}

void PictureTab::update() {
    turn_->setVisible(!picture_.isNull() && cover_.isEmpty());
    QWidget::update();
}

void PictureTab::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    const QRect place = rect().adjusted(12, 12, -12, -24 - turn_->sizeHint().height());
    if (picture_.isNull() || !cover_.isEmpty()) {
        painter.drawText(place, Qt::AlignCenter | Qt::TextWordWrap, sentence());
        return;
    }
    QSizeF size = QSizeF(picture_.size()).scaled(place.size(), Qt::KeepAspectRatio);
    if (size.width() > 3.0 * picture_.width()) size = QSizeF(picture_.size()) * 3; // larger would only blur
    QRectF area({0, 0}, size);
    area.moveCenter(QRectF(place).center());
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.drawImage(area, picture_);
}

} // namespace spotglass
