#include "ui/training/wizard/KnowledgePage.h"

#include <QFileDialog>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

namespace spotglass {

KnowledgePage::KnowledgePage(WizardState& state, QWidget* parent)
    : WizardPage(
          state, tr("Knowledge"),
          tr("The model can use what is known about each gene, written in words. Name a table with the "
             "columns \"symbol\" and \"summary\" if you have one; without it genes are known by their "
             "names."),
          parent),
      file_(new QLineEdit), encoder_(new QLabel), said_(new QLabel), gaps_(new QLabel) {
    file_->setObjectName(QStringLiteral("geneTexts"));
    file_->setPlaceholderText(tr("No table: genes are known by their names alone"));
    file_->setClearButtonEnabled(true);
    auto* browse = new QPushButton(tr("&Choose..."));
    auto* line = new QHBoxLayout;
    line->addWidget(file_, 1);
    line->addWidget(browse);
    auto* form = new QFormLayout;
    auto* label = new QLabel(tr("&Table of gene texts:"));
    label->setBuddy(file_);
    form->addRow(label, line);
    encoder_->setText(tr("Built in: words and letters of a text become numbers, without a network."));
    encoder_->setWordWrap(true);
    form->addRow(tr("Text encoder:"), encoder_);
    column().addLayout(form);
    for (auto* text : {said_, gaps_}) {
        text->setWordWrap(true);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        column().addWidget(text);
    }
    said_->setObjectName(QStringLiteral("said"));
    gaps_->setObjectName(QStringLiteral("gaps"));
    column().addStretch(1);
    connect(file_, &QLineEdit::editingFinished, this, [this] { take(file_->text()); });
    connect(browse, &QPushButton::clicked, this, [this] {
        auto* dialog = new QFileDialog(this, tr("Table of gene texts"), file_->text(),
                                       tr("Tables (*.tsv *.txt);;All files (*)"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(dialog, &QFileDialog::fileSelected, this, &KnowledgePage::take);
        dialog->open();
    });
    connect(&state.service, &CohortService::panelChosen, this, &KnowledgePage::showGaps);
    connect(&state.service, &CohortService::failed, this,
            [this](const QString& question, const Error& error) {
                if (question == QLatin1String("panel"))
                    said_->setText(QString::fromStdString(error.sentence()));
            });
}

void KnowledgePage::initializePage() {
    file_->setText(draft().geneTexts);
    showGaps();
}

void KnowledgePage::take(const QString& file) {
    if (file == draft().geneTexts) return;
    file_->setText(file);
    draft().geneTexts = file;
    said_->setText(tr("Looking which genes have a text ..."));
    gaps_->clear();
    state().service.choosePanel(state().config());
    changed();
}

void KnowledgePage::showGaps() {
    const auto& panel = state().panel;
    if (draft().geneTexts.isEmpty()) {
        said_->setText(tr("All %n gene(s) are known by their names alone.", nullptr,
                          static_cast<int>(panel.genes.size())));
        return gaps_->clear();
    }
    QStringList gaps;
    for (const auto& gene : panel.genes)
        if (!panel.described.contains(gene)) gaps << gene;
    said_->setText(
        tr("%1 of %2 genes have a text in this table.").arg(panel.described.size()).arg(panel.genes.size()));
    gaps_->setText(gaps.isEmpty()
                       ? QString()
                       : tr("Known by name alone: %1").arg(gaps.mid(0, 60).join(QStringLiteral(", "))) +
                             (gaps.size() > 60 ? tr(" and %1 more").arg(gaps.size() - 60) : QString()));
}

} // namespace spotglass
