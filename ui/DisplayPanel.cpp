#include "ui/DisplayPanel.h"

#include "ui/LayerChoices.h"

#include <cmath>

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QSettings>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>

namespace spotglass {
namespace {

QDoubleSpinBox* valueBox(const QString& name, const char* objectName, QWidget* parent) {
    auto* box = new QDoubleSpinBox(parent);
    box->setRange(-1e6, 1e6);
    box->setDecimals(3);
    box->setSingleStep(0.05);
    box->setKeyboardTracking(false); // a half-typed number is not a wish
    box->setAccessibleName(name);
    box->setObjectName(QLatin1String(objectName));
    box->setMinimumWidth(72);
    return box;
}

/// Names for the settings file, which must outlive any order of the lists.
QString nameOf(LatticeStyle style) {
    switch (style) {
    case LatticeStyle::Blocks:
        return QStringLiteral("blocks");
    case LatticeStyle::Spots:
        return QStringLiteral("spots");
    case LatticeStyle::Smooth:
        break;
    }
    return QStringLiteral("smooth");
}

LatticeStyle chosen(const QComboBox* box, LatticeStyle otherwise) {
    for (const LatticeStyle style : {LatticeStyle::Blocks, LatticeStyle::Smooth, LatticeStyle::Spots})
        if (box->currentData().toString() == nameOf(style)) return style;
    return otherwise;
}

/// Steps of the slider to either side of the middle; the ends are a gamma of a quarter and of 4.
constexpr int gammaSteps = 20;
float gammaOf(int step) {
    return std::pow(4.0F, static_cast<float>(step) / gammaSteps);
}

} // namespace

DisplayPanel::DisplayPanel(QWidget* parent) : QWidget(parent) {
    auto* form = new QFormLayout(this);
    form->setContentsMargins(0, 0, 0, 0);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    buildColours();
    buildRange();
    buildStyle();
    read();
    for (const QComboBox* box : {colors_, style_, blending_})
        connect(box, &QComboBox::currentIndexChanged, this, &DisplayPanel::read);
    for (const QSlider* slider : {opacity_, gamma_})
        connect(slider, &QSlider::valueChanged, this, &DisplayPanel::read);
    for (const QCheckBox* box : {automatic_, hide_, contours_, doubtful_})
        connect(box, &QCheckBox::toggled, this, &DisplayPanel::read);
    for (const QDoubleSpinBox* box : {minimum_, maximum_, hideBelow_})
        connect(box, &QDoubleSpinBox::valueChanged, this, &DisplayPanel::read);
    connect(contourLines_, &QSpinBox::valueChanged, this, &DisplayPanel::read);
}

void DisplayPanel::addSliderRow(const QString& label, QSlider* slider, QLabel* text) {
    auto* form = qobject_cast<QFormLayout*>(layout());
    auto* row = new QHBoxLayout;
    text->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("100 %")));
    text->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    row->addWidget(slider, 1);
    row->addWidget(text);
    form->addRow(label, row);
    qobject_cast<QLabel*>(form->labelForField(row))->setBuddy(slider);
}

void DisplayPanel::buildColours() {
    auto* form = qobject_cast<QFormLayout*>(layout());
    colors_ = new QComboBox(this);
    colors_->setObjectName(QStringLiteral("colors"));
    offerColorMaps(*colors_);
    form->addRow(tr("&Colours"), colors_);

    opacity_ = new QSlider(Qt::Horizontal, this);
    opacity_->setObjectName(QStringLiteral("opacity"));
    opacity_->setRange(0, 100);
    opacity_->setValue(static_cast<int>(settings_.opacity * 100 + 0.5));
    opacity_->setToolTip(tr("How strongly the colours cover the tissue"));
    opacityText_ = new QLabel(this);
    addSliderRow(tr("&Opacity"), opacity_, opacityText_);

    blending_ = new QComboBox(this);
    blending_->setObjectName(QStringLiteral("blending"));
    offerBlendings(*blending_);
    form->addRow(tr("&Mixing"), blending_);
}

void DisplayPanel::buildRange() {
    auto* form = qobject_cast<QFormLayout*>(layout());
    automatic_ = new QCheckBox(tr("&Automatic range"), this);
    automatic_->setObjectName(QStringLiteral("automaticRange"));
    automatic_->setToolTip(
        tr("The colours span the values that occur, without the lowest and highest hundredth"));
    automatic_->setChecked(true);
    form->addRow(automatic_);
    minimum_ = valueBox(tr("Lowest value of the colours"), "rangeMinimum", this);
    maximum_ = valueBox(tr("Highest value of the colours"), "rangeMaximum", this);
    auto* rangeRow = new QHBoxLayout;
    rangeRow->addWidget(minimum_, 1);
    rangeRow->addWidget(new QLabel(tr("to"), this));
    rangeRow->addWidget(maximum_, 1);
    form->addRow(tr("Range"), rangeRow);
    maximum_->setValue(1);

    gamma_ = new QSlider(Qt::Horizontal, this);
    gamma_->setObjectName(QStringLiteral("gamma"));
    gamma_->setRange(-gammaSteps, gammaSteps);
    gamma_->setPageStep(gammaSteps / 4);
    gamma_->setTickPosition(QSlider::TicksBelow);
    gamma_->setTickInterval(gammaSteps);
    gamma_->setToolTip(
        tr("To the left, more of the colours go to low values, so that small differences among "
           "them show; to the right, to high values. In the middle all count the same. The "
           "scale of the legend follows."));
    gammaText_ = new QLabel(this);
    addSliderRow(tr("&Emphasis"), gamma_, gammaText_);

    hide_ = new QCheckBox(tr("&Hide below"), this);
    hide_->setObjectName(QStringLiteral("hide"));
    hide_->setToolTip(tr("Spots with lower values are not painted, so that the tissue stays visible"));
    hideBelow_ = valueBox(tr("Hide values below"), "hideBelow", this);
    form->addRow(hide_, hideBelow_);
}

void DisplayPanel::buildStyle() {
    auto* form = qobject_cast<QFormLayout*>(layout());
    style_ = new QComboBox(this);
    style_->setObjectName(QStringLiteral("style"));
    style_->addItem(tr("Smooth"), nameOf(LatticeStyle::Smooth));
    style_->addItem(tr("One block for each spot"), nameOf(LatticeStyle::Blocks));
    style_->addItem(tr("Round spots"), nameOf(LatticeStyle::Spots));
    style_->setToolTip(
        tr("Blend the colours between neighbouring spots, show each spot as one block, or as a "
           "disc with the tissue visible between them"));
    form->addRow(tr("&Drawing"), style_);

    contours_ = new QCheckBox(tr("Contour &lines"), this);
    contours_->setObjectName(QStringLiteral("contours"));
    contours_->setToolTip(tr("Lines along which the value is the same, as on a map of mountains. The legend "
                             "shows their values."));
    contourLines_ = new QSpinBox(this);
    contourLines_->setObjectName(QStringLiteral("contourLines"));
    contourLines_->setAccessibleName(tr("Number of contour lines"));
    contourLines_->setToolTip(tr("How many values have a line, evenly spaced over the range"));
    contourLines_->setRange(1, 20);
    contourLines_->setValue(5);
    form->addRow(contours_, contourLines_);

    doubtful_ = new QCheckBox(tr("Hatch &doubtful spots"), this);
    doubtful_->setObjectName(QStringLiteral("doubtful"));
    doubtful_->setChecked(settings_.hatchDoubtful);
    doubtful_->setToolTip(
        tr("Spots at the rim of the tissue are hatched: more than a quarter of the square around "
           "them is glass."));
    form->addRow(doubtful_);
}

void DisplayPanel::setLayer(double opacity, Layer::Blending blending) {
    opacity_->setValue(static_cast<int>(std::lround(opacity * 100)));
    chooseBlending(*blending_, blending);
}

void DisplayPanel::setColors(const ColorMap& map) {
    chooseColorMap(*colors_, map);
}

void DisplayPanel::read() {
    DisplaySettings now;
    if (const auto map = chosenColorMap(*colors_)) now.colors = *map;
    now.opacity = opacity_->value() / 100.0;
    now.automaticRange = automatic_->isChecked();
    if (!now.automaticRange) {
        now.minimum = static_cast<float>(minimum_->value());
        now.maximum = static_cast<float>(maximum_->value());
    }
    now.gamma = gammaOf(gamma_->value());
    if (hide_->isChecked()) now.hideBelow = static_cast<float>(hideBelow_->value());
    now.style = chosen(style_, now.style);
    now.blending = chosenBlending(*blending_);
    now.hatchDoubtful = doubtful_->isChecked();
    now.contourLines = contours_->isChecked() ? contourLines_->value() : 0;
    opacityText_->setText(tr("%1 %").arg(opacity_->value()));
    gammaText_->setText(QLocale().toString(static_cast<double>(now.gamma), 'f', 2));
    minimum_->setEnabled(!now.automaticRange);
    maximum_->setEnabled(!now.automaticRange);
    hideBelow_->setEnabled(hide_->isChecked());
    contourLines_->setEnabled(contours_->isChecked());
    if (now == settings_) return;
    settings_ = now;
    Q_EMIT settingsChanged(settings_);
}

void DisplayPanel::showRange(ValueRange range) {
    if (!settings_.automaticRange) return;
    const QSignalBlocker blockMinimum(minimum_), blockMaximum(maximum_);
    minimum_->setValue(static_cast<double>(range.minimum));
    maximum_->setValue(static_cast<double>(range.maximum));
}

void DisplayPanel::save(QSettings& settings) const {
    settings.setValue(QStringLiteral("display/colors"), settings_.colors.name());
    settings.setValue(QStringLiteral("display/opacity"), settings_.opacity);
    settings.setValue(QStringLiteral("display/emphasis"), gamma_->value());
    settings.setValue(QStringLiteral("display/style"), style_->currentData());
    settings.setValue(QStringLiteral("display/blending"), blending_->currentData());
    settings.setValue(QStringLiteral("display/contours"), contours_->isChecked());
    settings.setValue(QStringLiteral("display/contourLines"), contourLines_->value());
    settings.setValue(QStringLiteral("display/doubtful"), doubtful_->isChecked());
}

void DisplayPanel::restore(const QSettings& settings) {
    const auto choose = [&settings](QComboBox* box, const QString& key) {
        const int found = box->findData(settings.value(key).toString());
        if (found >= 0) box->setCurrentIndex(found);
    };
    choose(colors_, QStringLiteral("display/colors"));
    choose(style_, QStringLiteral("display/style"));
    choose(blending_, QStringLiteral("display/blending"));
    const double opacity = settings.value(QStringLiteral("display/opacity"), settings_.opacity).toDouble();
    opacity_->setValue(static_cast<int>(opacity * 100 + 0.5));
    gamma_->setValue(settings.value(QStringLiteral("display/emphasis"), 0).toInt());
    contours_->setChecked(settings.value(QStringLiteral("display/contours"), false).toBool());
    doubtful_->setChecked(settings.value(QStringLiteral("display/doubtful"), true).toBool());
    contourLines_->setValue(
        settings.value(QStringLiteral("display/contourLines"), contourLines_->value()).toInt());
}

} // namespace spotglass
