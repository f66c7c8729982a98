#include "ui/StartPage.h"

#include "ui/RecentCard.h"

#include <algorithm>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace spotglass {
namespace {

constexpr qsizetype shownRecent = 6, columns = 3;

QLabel* line(const QString& text, double size, bool bold, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    QFont font = label->font();
    font.setPointSizeF(font.pointSizeF() * size);
    font.setBold(bold);
    label->setFont(font);
    label->setAlignment(Qt::AlignCenter);
    return label;
}

} // namespace

StartPage::StartPage(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("StartPage"));
    auto* column = new QVBoxLayout(this);
    column->addStretch(2);
    column->addWidget(line(QStringLiteral("Spotglass"), 2.4, true, this));
    column->addWidget(line(tr("Gene expression, predicted from H&E slides"), 1.15, false, this));
    column->addSpacing(24);
    auto* open = new QPushButton(tr("Open a slide..."), this);
    open->setObjectName(QStringLiteral("openSlide"));
    open->setMinimumSize(220, 44);
    open->setDefault(true);
    connect(open, &QPushButton::clicked, this, &StartPage::openWanted);
    column->addWidget(open, 0, Qt::AlignHCenter);
    hint_ = line({}, 1, false, this);
    hint_->setForegroundRole(QPalette::PlaceholderText);
    column->addWidget(hint_);
    column->addSpacing(24);
    recentTitle_ = line(tr("Recent slides"), 1, true, this);
    column->addWidget(recentTitle_);
    recent_ = new QGridLayout;
    recent_->setSpacing(12);
    recent_->setColumnStretch(0, 1);
    recent_->setColumnStretch(columns + 1, 1);
    column->addLayout(recent_);
    column->addStretch(3);
    column->addWidget(line(tr("Research use only. Not for diagnosis."), 1, false, this));
    column->addSpacing(12);
    setRecentSlides({});
    showOpening({});
}

void StartPage::setRecentSlides(const QList<RecentSlide>& slides) {
    while (QLayoutItem* item = recent_->takeAt(0)) {
        // Not at once: the list may change because one of these buttons was clicked.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    const qsizetype shown = std::min(shownRecent, slides.size());
    for (qsizetype i = 0; i < shown; ++i) {
        auto* card = new RecentCard(slides[i], this);
        connect(card, &QPushButton::clicked, this,
                [this, file = slides[i].file] { Q_EMIT slideChosen(file); });
        recent_->addWidget(card, static_cast<int>(i / columns), static_cast<int>(i % columns) + 1);
    }
    recentTitle_->setVisible(shown > 0);
}

void StartPage::showOpening(const QString& name) {
    hint_->setText(name.isEmpty() ? tr("or drop a slide file on this window")
                                  : tr("Opening %1...").arg(name));
}

} // namespace spotglass
