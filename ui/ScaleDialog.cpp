#include "ui/ScaleDialog.h"

#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace spotglass {

ScaleDialog::ScaleDialog(const QString& slideName, double known, QWidget* parent) : QDialog(parent) {
    setObjectName(QStringLiteral("ScaleDialog"));
    setWindowTitle(tr("Scale of the slide"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(12);
    auto* text = new QLabel(
        tr("<p><b>%1</b> does not say how large its pixels are.</p>"
           "<p>Predictions need the true size of the tissue: with a wrong scale they are wrong. The "
           "microscope's or scanner's records give it. A scanner's 40\u00d7 is about 0.25, 20\u00d7 "
           "about 0.5 \u00b5m per pixel. Spatial transcriptomics sections whose spots lie 200 \u00b5m "
           "or 290 pixels apart have 0.69.</p>")
            .arg(slideName.toHtmlEscaped()),
        this);
    text->setWordWrap(true);
    text->setMinimumWidth(440);
    column->addWidget(text);

    value_ = new QDoubleSpinBox(this);
    value_->setObjectName(QStringLiteral("micronsPerPixel"));
    // Starts empty: a number that is already there would be taken for the right one.
    value_->setRange(0, largest);
    value_->setSpecialValueText(tr("not known yet"));
    value_->setDecimals(4);
    value_->setSingleStep(0.01);
    value_->setValue(known);
    value_->setSuffix(tr(" \u00b5m per pixel"));
    auto* form = new QFormLayout;
    form->addRow(tr("&Scale"), value_);
    column->addLayout(form);
    auto* note = new QLabel(tr("It is remembered for this slide."), this);
    note->setForegroundRole(QPalette::PlaceholderText);
    column->addWidget(note);

    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    auto* use = buttons->button(QDialogButtonBox::Ok);
    use->setText(tr("Use this scale"));
    const auto check = [this, use] { use->setEnabled(value_->value() >= least); };
    connect(value_, &QDoubleSpinBox::valueChanged, this, check);
    check();
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    column->addWidget(buttons);
    value_->setFocus();
    value_->selectAll();
}

double ScaleDialog::micronsPerPixel() const {
    return value_->value();
}

} // namespace spotglass
