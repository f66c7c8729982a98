#include "ui/StartPage.h"

#include <algorithm>
#include <QFileInfo>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace spotglass {
namespace {

constexpr qsizetype shownRecent = 6;

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
    recent_ = new QVBoxLayout;
    recent_->setSpacing(2);
    column->addLayout(recent_);
    column->addStretch(3);
    column->addWidget(line(tr("Research use only. Not for diagnosis."), 1, false, this));
    column->addSpacing(12);
    setRecentSlides({});
    showOpening({});
}

void StartPage::setRecentSlides(const QStringList& files) {
    while (QLayoutItem* item = recent_->takeAt(0)) {
        // Not at once: the list may change because one of these buttons was clicked.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    for (const QString& file : files.first(std::min(shownRecent, files.size()))) {
        auto* button = new QPushButton(QFileInfo(file).fileName().replace(u'&', QStringLiteral("&&")), this);
        button->setFlat(true);
        button->setToolTip(file);
        button->setCursor(Qt::PointingHandCursor);
        connect(button, &QPushButton::clicked, this, [this, file] { Q_EMIT slideChosen(file); });
        recent_->addWidget(button, 0, Qt::AlignHCenter);
    }
    recentTitle_->setVisible(!files.isEmpty());
}

void StartPage::showOpening(const QString& name) {
    hint_->setText(name.isEmpty() ? tr("or drop a slide file on this window")
                                  : tr("Opening %1...").arg(name));
}

} // namespace spotglass
