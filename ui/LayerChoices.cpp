#include "ui/LayerChoices.h"

#include <QComboBox>
#include <QCoreApplication>
#include <QIcon>
#include <QPainter>
#include <QPixmap>

namespace spotglass {
namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(LayerChoices)
};

constexpr QSize swatchSize{64, 12};

QIcon swatch(const ColorMap& map) {
    QPixmap pixmap(swatchSize);
    QPainter painter(&pixmap);
    for (int x = 0; x < swatchSize.width(); ++x)
        painter.fillRect(x, 0, 1, swatchSize.height(),
                         QColor(map.at(static_cast<float>(x) / static_cast<float>(swatchSize.width() - 1))));
    return QIcon(pixmap);
}

/// Names for the settings file, which must outlive any order of the lists.
QString nameOf(Layer::Blending blending) {
    switch (blending) {
    case Layer::Blending::Multiply:
        return QStringLiteral("multiply");
    case Layer::Blending::Screen:
        return QStringLiteral("screen");
    case Layer::Blending::Normal:
        break;
    }
    return QStringLiteral("normal");
}

} // namespace

void offerColorMaps(QComboBox& box) {
    box.setIconSize(swatchSize);
    for (const QString& name : ColorMap::names()) {
        const ColorMap map = *ColorMap::named(name);
        box.addItem(swatch(map), name, name);
        box.addItem(swatch(map.reversed()), Words::tr("%1, reversed").arg(name), map.reversed().name());
    }
    box.setToolTip(Words::tr("Colours from low to high expression"));
}

std::optional<ColorMap> chosenColorMap(const QComboBox& box) {
    return ColorMap::named(box.currentData().toString());
}

void chooseColorMap(QComboBox& box, const ColorMap& map) {
    box.setCurrentIndex(box.findData(map.name()));
}

void offerBlendings(QComboBox& box) {
    box.addItem(Words::tr("Cover the tissue"), nameOf(Layer::Blending::Normal));
    box.addItem(Words::tr("Darken it, like a stain"), nameOf(Layer::Blending::Multiply));
    box.addItem(Words::tr("Lighten it"), nameOf(Layer::Blending::Screen));
    box.setToolTip(
        Words::tr("How the colours mix with the picture of the tissue. \"Darken\" keeps nuclei and "
                  "fibres visible under strong colours."));
}

Layer::Blending chosenBlending(const QComboBox& box) {
    for (const auto blending : {Layer::Blending::Multiply, Layer::Blending::Screen})
        if (box.currentData().toString() == nameOf(blending)) return blending;
    return Layer::Blending::Normal;
}

void chooseBlending(QComboBox& box, Layer::Blending blending) {
    box.setCurrentIndex(box.findData(nameOf(blending)));
}

} // namespace spotglass
