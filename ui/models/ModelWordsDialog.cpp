#include "ui/models/ModelWordsDialog.h"

#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>

namespace spotglass {

ModelWordsDialog::ModelWordsDialog(const QString& title, const Words& words, QWidget* parent)
    : QDialog(parent), name_(new QLineEdit(words.name)), licence_(new QLineEdit(words.licence)),
      note_(new QPlainTextEdit(words.note)) {
    setWindowTitle(title);
    setAttribute(Qt::WA_DeleteOnClose);
    name_->setObjectName(QStringLiteral("name"));
    note_->setObjectName(QStringLiteral("note"));
    note_->setTabChangesFocus(true);
    licence_->setObjectName(QStringLiteral("licence"));
    licence_->setPlaceholderText(tr("Who may use the model, and for what"));
    auto* form = new QFormLayout(this);
    form->addRow(tr("&Name:"), name_);
    form->addRow(tr("N&ote:"), note_);
    form->addRow(tr("&Licence:"), licence_);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
    form->addRow(buttons);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* ok = buttons->button(QDialogButtonBox::Ok);
    const auto update = [this, ok] { ok->setEnabled(!name_->text().trimmed().isEmpty()); };
    connect(name_, &QLineEdit::textChanged, this, update);
    update();
    resize(480, 260);
}

ModelWordsDialog::Words ModelWordsDialog::words() const {
    return {name_->text().trimmed(), note_->toPlainText().trimmed(), licence_->text().trimmed()};
}

} // namespace spotglass
