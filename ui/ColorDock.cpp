#include "ui/ColorDock.h"

#include <cmath>
#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QPushButton>
#include <QSettings>
#include <QSlider>

namespace spotglass {
namespace {

constexpr int steps = 100; ///< of a slider, to either side of the middle, where nothing is changed

/// A factor from 1/4 to 4, equal steps of the slider being equal ratios.
double factorOf(int step) {
    return std::exp2(2.0 * step / steps);
}

} // namespace

ColorDock::ColorDock(QWidget* parent) : QDockWidget(tr("Colours of the slide"), parent) {
    setObjectName(QStringLiteral("colorDock"));
    auto* content = new QWidget(this);
    auto* form = new QFormLayout(content);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    setWidget(content);
    brightness_ = addSlider(tr("&Brightness"), "brightness", tr("Makes the whole picture lighter or darker"));
    contrast_ = addSlider(tr("&Contrast"), "contrast", tr("Pulls light and dark apart, or together"));
    gamma_ =
        addSlider(tr("&Gamma"), "gamma", tr("Lightens or darkens the middle and leaves black and white"));
    stain_ = new QComboBox(content);
    stain_->setObjectName(QStringLiteral("stain"));
    stain_->addItems(
        {tr("As stained"), tr("Haematoxylin alone"), tr("Eosin alone"), tr("What neither explains")});
    stain_->setToolTip(tr("Separates the two stains by their usual colours and shows one of them"));
    form->addRow(tr("&Show"), stain_);
    balance_ = addCheck(tr("&White balance from the glass"), "balance",
                        tr("The colour of bare glass on this slide becomes white"));
    whiteBackground_ = addCheck(tr("White bac&kground"), "whiteBackground",
                                tr("Paints bare glass plain white; tissue stays as it is"));
    profile_ = addCheck(tr("Scanner's colour &profile"), "profile",
                        tr("Shows the colours as the scanner's profile (ICC) in the file says"));
    profile_->setChecked(true);
    auto* resetButton = new QPushButton(tr("&As scanned"), content);
    resetButton->setObjectName(QStringLiteral("resetColors"));
    resetButton->setToolTip(tr("Takes back every change but the colour profile"));
    form->addRow(resetButton);
    connect(resetButton, &QPushButton::clicked, this, &ColorDock::reset);
    connect(stain_, &QComboBox::currentIndexChanged, this, &ColorDock::read);
    setProfileAvailable(false);
    settings_.useIccProfile = true;
}

QSlider* ColorDock::addSlider(const QString& text, const char* name, const QString& help) {
    auto* slider = new QSlider(Qt::Horizontal, widget());
    slider->setObjectName(QLatin1String(name));
    slider->setRange(-steps, steps);
    slider->setTickPosition(QSlider::TicksBelow);
    slider->setTickInterval(steps);
    slider->setToolTip(help);
    slider->setMinimumWidth(140);
    qobject_cast<QFormLayout*>(widget()->layout())->addRow(text, slider);
    connect(slider, &QSlider::valueChanged, this, &ColorDock::read);
    return slider;
}

QCheckBox* ColorDock::addCheck(const QString& text, const char* name, const QString& help) {
    auto* box = new QCheckBox(text, widget());
    box->setObjectName(QLatin1String(name));
    box->setToolTip(help);
    qobject_cast<QFormLayout*>(widget()->layout())->addRow(box);
    connect(box, &QCheckBox::toggled, this, &ColorDock::read);
    return box;
}

bool ColorDock::balancesWhite() const {
    return balances_;
}

void ColorDock::read() {
    if (!stain_ || !profile_) return; // still being built
    ColorSettings now;
    now.brightness = 0.5 * brightness_->value() / steps;
    now.contrast = factorOf(contrast_->value());
    now.gamma = factorOf(gamma_->value());
    now.stain = static_cast<StainView>(stain_->currentIndex());
    now.whiteBackground = whiteBackground_->isChecked();
    now.useIccProfile = profile_->isChecked();
    const bool balances = balance_->isChecked();
    if (now == settings_ && balances == balances_) return;
    settings_ = now;
    balances_ = balances;
    Q_EMIT settingsChanged(settings_, balances_);
}

void ColorDock::setProfileAvailable(bool available) {
    profile_->setEnabled(available);
    profile_->setText(available ? tr("Scanner's colour &profile")
                                : tr("Scanner's colour &profile (this slide has none)"));
}

void ColorDock::reset() {
    for (QSlider* slider : {brightness_, contrast_, gamma_})
        slider->setValue(0);
    stain_->setCurrentIndex(0);
    balance_->setChecked(false);
    whiteBackground_->setChecked(false);
}

void ColorDock::save(QSettings& settings) const {
    settings.setValue(QStringLiteral("colors/profile"), profile_->isChecked());
}

void ColorDock::restore(const QSettings& settings) {
    profile_->setChecked(settings.value(QStringLiteral("colors/profile"), true).toBool());
}

} // namespace spotglass
