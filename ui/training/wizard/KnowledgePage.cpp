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
    connect(file_, &QLineEdit::textChanged, this, [this](const QString& text) {
        if (text.isEmpty()) take(text); // by its button too, which does not end the editing
    });
    connect(file_, &QLineEdit::returnPressed, this, [this] { // again, after it could not be read
        if (file_->text() == draft().geneTexts && !isAsking()) ask();
    });
    connect(browse, &QPushButton::clicked, this, [this] {
        auto* dialog = new QFileDialog(this, tr("Table of gene texts"), file_->text(),
                                       tr("Tables (*.tsv *.txt);;All files (*)"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(dialog, &QFileDialog::fileSelected, this, &KnowledgePage::take);
        dialog->open();
    });
    const auto answered = [this] {
        showGaps();
        Q_EMIT completeChanged();
    };
    connect(&state.service, &CohortService::panelChosen, this, answered);
    connect(&state.service, &CohortService::failed, this, [answered](const QString& question) {
        if (question == QLatin1String("panel")) answered();
    });
}

void KnowledgePage::initializePage() {
    file_->setText(draft().geneTexts);
    ask();
}

/// After Back too: another page may have had another panel picked. Later, because the wizard is in the middle
/// of its buttons.
void KnowledgePage::showEvent(QShowEvent* event) {
    WizardPage::showEvent(event);
    QMetaObject::invokeMethod(this, &KnowledgePage::ask, Qt::QueuedConnection);
}

bool KnowledgePage::isComplete() const {
    const auto& texts = state().draft.geneTexts;
    return texts.isEmpty() || (!isAsking() && state().textsProblem.isEmpty() && state().panelTexts == texts);
}

bool KnowledgePage::isAsking() const {
    return state().asked.contains(QStringLiteral("gene_texts"));
}

void KnowledgePage::take(const QString& file) {
    if (file == draft().geneTexts) return;
    file_->setText(file);
    draft().geneTexts = file;
    if (isAsking()) state().asked = {};
    state().panelTexts.clear();
    state().panel.described.clear();
    state().textsProblem.clear();
    ask();
    changed();
}

/// Which genes have a text, unless that is known or there is no table.
void KnowledgePage::ask() {
    const auto& texts = draft().geneTexts;
    if (!texts.isEmpty() && !isAsking() && (state().panelTexts != texts || !state().panelIsCurrent()))
        state().askTexts();
    showGaps();
    Q_EMIT completeChanged();
}

void KnowledgePage::showGaps() {
    const auto& panel = state().panel;
    gaps_->clear();
    if (isAsking()) return said_->setText(tr("Looking which genes have a text ..."));
    if (draft().geneTexts.isEmpty()) {
        said_->setText(tr("All %n gene(s) are known by their names alone.", nullptr,
                          static_cast<int>(panel.genes.size())));
        return;
    }
    if (!state().textsProblem.isEmpty())
        return said_->setText(tr("%1 Choose another table, or empty the field.").arg(state().textsProblem));
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
