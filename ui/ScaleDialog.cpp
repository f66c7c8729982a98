#include "ui/ScaleDialog.h"

#include <algorithm>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QVBoxLayout>

namespace spotglass {

ScaleDialog::ScaleDialog(const QString& slideName, const ScaleProposals& proposals, QWidget* parent)
    : QDialog(parent) {
    setObjectName(QStringLiteral("ScaleDialog"));
    setWindowTitle(tr("Scale of the slide"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(12);
    auto* text = new QLabel(
        tr("<p><b>%1</b></p><p>%2</p>"
           "<p>Predictions need the true size of the tissue: with a wrong scale they are wrong. The "
           "microscope's or scanner's records give it. A scanner's 40\u00d7 is about 0.25, 20\u00d7 "
           "about 0.5 \u00b5m per pixel.</p>")
            .arg(slideName.toHtmlEscaped(), proposals.contradiction.isEmpty()
                                                ? tr("This slide does not say how large its pixels are.")
                                                : proposals.contradiction.toHtmlEscaped()),
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
    value_->setValue(proposals.known);
    value_->setSuffix(tr(" \u00b5m per pixel"));
    auto* form = new QFormLayout;
    form->addRow(tr("&Scale"), value_);
    if (proposals.objectivePower && *proposals.objectivePower > 0)
        addObjective(form, *proposals.objectivePower);
    if (proposals.spotPitch) addSpotPitch(form, *proposals.spotPitch);
    addKnownLength(form, proposals.measuredPixels);
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

// Scanners' objectives and pixels belong together: 10x is about 1 um per pixel.
void ScaleDialog::addObjective(QFormLayout* form, double power) {
    const double proposed = std::clamp(10 / power, least, largest);
    auto* use =
        new QPushButton(tr("About %1 \u00b5m per pixel, as usual for %2\u00d7")
                            .arg(QLocale().toString(proposed, 'g', 3), QLocale().toString(power, 'g', 3)),
                        this);
    use->setObjectName(QStringLiteral("useObjective"));
    use->setAutoDefault(false);
    use->setToolTip(tr("The file names this objective. Scanners differ by a tenth or so."));
    connect(use, &QPushButton::clicked, this, [this, proposed] { value_->setValue(proposed); });
    form->addRow(tr("From the objective"), use);
}

void ScaleDialog::addSpotPitch(QFormLayout* form, ScaleProposals::Pitch pitch) {
    const double proposed = std::clamp(pitch.microns / pitch.pixels, least, largest);
    auto* use = new QPushButton(
        tr("%1 \u00b5m per pixel, as the spots are %2 \u00b5m apart")
            .arg(QLocale().toString(proposed, 'g', 4), QLocale().toString(pitch.microns, 'g', 3)),
        this);
    use->setObjectName(QStringLiteral("useSpotPitch"));
    use->setAutoDefault(false);
    use->setToolTip(tr("From the measured spots on this slide: the array's pitch is exact"));
    connect(use, &QPushButton::clicked, this, [this, proposed] { value_->setValue(proposed); });
    form->addRow(tr("From the spots"), use);
}

void ScaleDialog::addKnownLength(QFormLayout* form, std::optional<double> measuredPixels) {
    const auto field = [this](const char* name, double value, const QString& suffix, const QString& help) {
        auto* box = new QDoubleSpinBox(this);
        box->setObjectName(QLatin1String(name));
        box->setRange(0, 1e6);
        box->setDecimals(1);
        box->setSpecialValueText(QStringLiteral("\u2013"));
        box->setValue(value);
        box->setSuffix(suffix);
        box->setToolTip(help);
        return box;
    };
    auto* length =
        field("knownLength", 0, tr(" \u00b5m"),
              tr("A length you know: the pitch of the spots (200 for the older arrays, 100 for Visium), "
                 "a stage micrometer, the frame of the array"));
    auto* pixels = field("knownPixels", measuredPixels.value_or(0), tr(" pixels"),
                         tr("The same length in pixels of the full resolution; the ruler measures it"));
    const auto work = [this, length, pixels] {
        if (length->value() > 0 && pixels->value() > 0) value_->setValue(length->value() / pixels->value());
    };
    connect(length, &QDoubleSpinBox::valueChanged, this, work);
    connect(pixels, &QDoubleSpinBox::valueChanged, this, work);
    auto* row = new QHBoxLayout;
    row->addWidget(length, 1);
    row->addWidget(new QLabel(tr("are"), this));
    row->addWidget(pixels, 1);
    form->addRow(tr("From a known length"), row);
}

double ScaleDialog::micronsPerPixel() const {
    return value_->value();
}

} // namespace spotglass
