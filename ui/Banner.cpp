#include "ui/Banner.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

namespace spotglass {

Banner::Banner(QWidget* parent) : QFrame(parent), text_(new QLabel(this)), action_(new QToolButton(this)) {
    setObjectName(QStringLiteral("Banner"));
    setStyleSheet(
        QStringLiteral("spotglass--Banner { background: #fff4d6; border-bottom: 1px solid #d9c68a; }"
                       "spotglass--Banner QLabel { color: #3d3310; }"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 6, 8, 6);
    text_->setWordWrap(true);
    row->addWidget(text_, 1);
    action_->setObjectName(QStringLiteral("bannerAction"));
    connect(action_, &QToolButton::clicked, this, &Banner::actionClicked);
    row->addWidget(action_);
    auto* close = new QToolButton(this);
    close->setText(tr("Close"));
    close->setAutoRaise(true);
    connect(close, &QToolButton::clicked, this, &Banner::clear);
    row->addWidget(close);
    hide();
}

void Banner::say(const QString& text, const QString& action) {
    text_->setText(text);
    action_->setText(action);
    action_->setVisible(!action.isEmpty());
    setVisible(!suppressed_);
}

void Banner::clear() {
    text_->clear();
    hide();
}

void Banner::setSuppressed(bool suppressed) {
    suppressed_ = suppressed;
    setVisible(!suppressed && !text().isEmpty());
}

QString Banner::text() const {
    return text_->text();
}

} // namespace spotglass
