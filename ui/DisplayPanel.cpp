#include "ui/DisplayPanel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QIcon>
#include <QLabel>
#include <QPainter>
#include <QPixmap>
#include <QSettings>
#include <QSignalBlocker>
#include <QSlider>

namespace spotglass {
namespace {

constexpr QSize swatchSize{64, 12};

QIcon swatch(const ColorMap& map) {
    QPixmap pixmap(swatchSize);
    QPainter painter(&pixmap);
    for (int x = 0; x < swatchSize.width(); ++x)
        painter.fillRect(x, 0, 1, swatchSize.height(),
                         QColor(map.at(static_cast<float>(x) / static_cast<float>(swatchSize.width() - 1))));
    return QIcon(pixmap);
}

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

} // namespace

DisplayPanel::DisplayPanel(QWidget* parent) : QWidget(parent) {
    auto* form = new QFormLayout(this);
    form->setContentsMargins(0, 0, 0, 0);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);

    colors_ = new QComboBox(this);
    colors_->setObjectName(QStringLiteral("colors"));
    colors_->setIconSize(swatchSize);
    for (const QString& name : ColorMap::names())
        colors_->addItem(swatch(*ColorMap::named(name)), name);
    colors_->setToolTip(tr("Colours from low to high expression"));
    form->addRow(tr("&Colours"), colors_);

    auto* opacityRow = new QHBoxLayout;
    opacity_ = new QSlider(Qt::Horizontal, this);
    opacity_->setObjectName(QStringLiteral("opacity"));
    opacity_->setRange(0, 100);
    opacity_->setToolTip(tr("How strongly the colours cover the tissue"));
    opacityText_ = new QLabel(this);
    opacityText_->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("100 %")));
    opacityText_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    opacityRow->addWidget(opacity_, 1);
    opacityRow->addWidget(opacityText_);
    form->addRow(tr("&Opacity"), opacityRow);
    qobject_cast<QLabel*>(form->labelForField(opacityRow))->setBuddy(opacity_);

    style_ = new QComboBox(this);
    style_->setObjectName(QStringLiteral("smooth"));
    style_->addItems({tr("Smooth"), tr("One block for each spot")});
    style_->setToolTip(tr("Blend the colours between neighbouring spots, or show each spot as one block"));
    form->addRow(tr("&Drawing"), style_);
    buildRange();

    opacity_->setValue(static_cast<int>(settings_.opacity * 100 + 0.5));
    read();
    connect(colors_, &QComboBox::currentIndexChanged, this, &DisplayPanel::read);
    connect(opacity_, &QSlider::valueChanged, this, &DisplayPanel::read);
    connect(style_, &QComboBox::currentIndexChanged, this, &DisplayPanel::read);
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

    hide_ = new QCheckBox(tr("&Hide below"), this);
    hide_->setObjectName(QStringLiteral("hide"));
    hide_->setToolTip(tr("Spots with lower values are not painted, so that the tissue stays visible"));
    hideBelow_ = valueBox(tr("Hide values below"), "hideBelow", this);
    form->addRow(hide_, hideBelow_);

    for (QCheckBox* box : {automatic_, hide_})
        connect(box, &QCheckBox::toggled, this, &DisplayPanel::read);
    for (QDoubleSpinBox* box : {minimum_, maximum_, hideBelow_})
        connect(box, &QDoubleSpinBox::valueChanged, this, &DisplayPanel::read);
}

void DisplayPanel::read() {
    DisplaySettings now;
    if (const auto map = ColorMap::named(colors_->currentText())) now.colors = *map;
    now.opacity = opacity_->value() / 100.0;
    now.automaticRange = automatic_->isChecked();
    if (!now.automaticRange) {
        now.minimum = static_cast<float>(minimum_->value());
        now.maximum = static_cast<float>(maximum_->value());
    }
    if (hide_->isChecked()) now.hideBelow = static_cast<float>(hideBelow_->value());
    now.smooth = style_->currentIndex() == 0;
    opacityText_->setText(tr("%1 %").arg(opacity_->value()));
    minimum_->setEnabled(!now.automaticRange);
    maximum_->setEnabled(!now.automaticRange);
    hideBelow_->setEnabled(hide_->isChecked());
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
    settings.setValue(QStringLiteral("display/smooth"), settings_.smooth);
}

void DisplayPanel::restore(const QSettings& settings) {
    const int map = colors_->findText(settings.value(QStringLiteral("display/colors")).toString());
    if (map >= 0) colors_->setCurrentIndex(map);
    const double opacity = settings.value(QStringLiteral("display/opacity"), settings_.opacity).toDouble();
    opacity_->setValue(static_cast<int>(opacity * 100 + 0.5));
    style_->setCurrentIndex(settings.value(QStringLiteral("display/smooth"), true).toBool() ? 0 : 1);
}

} // namespace spotglass
