#include "ui/LayerDock.h"

#include "ui/LayerChoices.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>
#include <cmath>
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QScopedValueRollback>
#include <QSlider>

Q_DECLARE_METATYPE(spotglass::Layer*)

namespace spotglass {
namespace {

Layer* layerOf(const QListWidgetItem* item) {
    return item ? item->data(Qt::UserRole).value<Layer*>() : nullptr;
}

} // namespace

LayerDock::LayerDock(SlideView& view, QWidget* parent) : QDockWidget(tr("Layers"), parent), view_(view) {
    setObjectName(QStringLiteral("LayerDock"));
    build();
    connect(&view_, &SlideView::layersChanged, this, &LayerDock::list);
    connect(list_, &QListWidget::itemChanged, this, &LayerDock::itemChanged);
    connect(list_, &QListWidget::currentItemChanged, this, &LayerDock::showChosen);
    // The list is still moving its item.
    connect(
        list_->model(), &QAbstractItemModel::rowsMoved, this, [this] { setOrder(order()); },
        Qt::QueuedConnection);
    connect(up_, &QPushButton::clicked, this, [this] { step(-1); });
    connect(down_, &QPushButton::clicked, this, [this] { step(1); });
    connect(keep_, &QPushButton::clicked, this, &LayerDock::keepWanted);
    connect(remove_, &QPushButton::clicked, this, [this] {
        if (Layer* layer = chosen()) Q_EMIT removeWanted(layer);
    });
    connect(opacity_, &QSlider::valueChanged, this, [this](int percent) {
        opacityText_->setText(tr("%1 %").arg(percent));
        if (Layer* layer = chosen(); layer && !listing_) layer->setOpacity(percent / 100.0);
    });
    connect(blending_, &QComboBox::currentIndexChanged, this, [this] {
        if (Layer* layer = chosen(); layer && !listing_) layer->setBlending(chosenBlending(*blending_));
    });
    connect(colors_, &QComboBox::currentIndexChanged, this, [this] {
        const auto map = chosenColorMap(*colors_);
        if (Layer* layer = chosen(); layer && map && !listing_) Q_EMIT colorsWanted(layer, *map);
    });
    list();
}

void LayerDock::build() {
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    list_ = new QListWidget(content);
    list_->setObjectName(QStringLiteral("layers"));
    list_->setAccessibleName(tr("Layers, top to bottom"));
    list_->setDragDropMode(QAbstractItemView::InternalMove);
    list_->setToolTip(tr("Drag a layer to change the order; the topmost is drawn last"));
    column->addWidget(list_, 1);
    auto* row = new QHBoxLayout;
    const auto button = [&](const QString& text, const char* name, const QString& help) {
        auto* made = new QPushButton(text, content);
        made->setObjectName(QLatin1String(name));
        made->setToolTip(help);
        row->addWidget(made);
        return made;
    };
    up_ = button(tr("Up"), "layerUp", tr("Draws it over the next one"));
    down_ = button(tr("Down"), "layerDown", tr("Draws it under the next one"));
    keep_ =
        button(tr("Keep gene"), "keepGene",
               tr("The gene that is shown stays as a layer of its own, and another can be chosen beside it"));
    remove_ =
        button(tr("Remove"), "removeLayer", tr("Takes away a gene that was kept, or the measured spots"));
    column->addLayout(row);
    auto* form = new QFormLayout;
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    auto* strength = new QHBoxLayout;
    opacity_ = new QSlider(Qt::Horizontal, content);
    opacity_->setObjectName(QStringLiteral("layerOpacity"));
    opacity_->setAccessibleName(tr("Opacity"));
    opacity_->setRange(0, 100);
    opacityText_ = new QLabel(content);
    opacityText_->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("100 %")));
    opacityText_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    strength->addWidget(opacity_, 1);
    strength->addWidget(opacityText_);
    form->addRow(tr("Opacity"), strength);
    blending_ = new QComboBox(content);
    blending_->setObjectName(QStringLiteral("layerBlending"));
    offerBlendings(*blending_);
    form->addRow(tr("Mixing"), blending_);
    colors_ = new QComboBox(content);
    colors_->setObjectName(QStringLiteral("layerColors"));
    offerColorMaps(*colors_);
    form->addRow(tr("Colours"), colors_);
    column->addLayout(form);
    setWidget(content);
    setKeepEnabled(false);
}

void LayerDock::setKinds(std::function<bool(const Layer*)> isKept,
                         std::function<const ColorMap*(const Layer*)> colors) {
    isKept_ = std::move(isKept);
    colorsOf_ = std::move(colors);
    showChosen();
}

void LayerDock::setKeepEnabled(bool enabled) {
    keep_->setEnabled(enabled);
}

Layer* LayerDock::chosen() const {
    return layerOf(list_->currentItem());
}

// The list is made anew from the view's layers; the chosen one stays chosen.
void LayerDock::list() {
    const QScopedValueRollback busy(listing_, true);
    const QSignalBlocker quiet(list_);
    const Layer* before = chosen();
    list_->clear();
    for (auto it = view_.layers().rbegin(); it != view_.layers().rend(); ++it) {
        Layer* layer = *it;
        connect(layer, &Layer::appearanceChanged, this, &LayerDock::showLayers, Qt::UniqueConnection);
        if (layer->name().isEmpty()) continue;
        auto* item = new QListWidgetItem(layer->name(), list_);
        item->setData(Qt::UserRole, QVariant::fromValue(layer));
        item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable |
                       Qt::ItemIsDragEnabled);
        item->setCheckState(layer->isVisible() ? Qt::Checked : Qt::Unchecked);
        if (layer == before) list_->setCurrentItem(item);
    }
    if (!list_->currentItem() && list_->count() > 0) list_->setCurrentRow(0);
    showChosen();
}

void LayerDock::showLayers() {
    // A layer that has got a name joins the list, one that has lost its name leaves it.
    const auto named =
        std::ranges::count_if(view_.layers(), [](const Layer* layer) { return !layer->name().isEmpty(); });
    if (named != list_->count()) return list();
    const QSignalBlocker quiet(list_);
    for (int i = 0; i < list_->count(); ++i) {
        const Layer* layer = layerOf(list_->item(i));
        list_->item(i)->setText(layer->name());
        list_->item(i)->setCheckState(layer->isVisible() ? Qt::Checked : Qt::Unchecked);
    }
    showChosen();
}

void LayerDock::showChosen() {
    const QScopedValueRollback busy(listing_, true);
    const Layer* layer = chosen();
    const int row = list_->currentRow();
    up_->setEnabled(layer && row > 0);
    down_->setEnabled(layer && row + 1 < list_->count());
    remove_->setEnabled(layer && isKept_ && isKept_(layer));
    const ColorMap* map = layer && colorsOf_ ? colorsOf_(layer) : nullptr;
    for (QWidget* widget : std::initializer_list<QWidget*>{opacity_, blending_})
        widget->setEnabled(layer != nullptr);
    colors_->setEnabled(map != nullptr);
    if (!layer) return;
    opacity_->setValue(static_cast<int>(std::lround(layer->opacity() * 100)));
    chooseBlending(*blending_, layer->blending());
    if (map) chooseColorMap(*colors_, *map);
}

void LayerDock::itemChanged(QListWidgetItem* item) {
    if (Layer* layer = layerOf(item)) layer->setVisible(item->checkState() == Qt::Checked);
}

std::vector<Layer*> LayerDock::order() const {
    std::vector<Layer*> topToBottom;
    for (int i = 0; i < list_->count(); ++i)
        topToBottom.push_back(layerOf(list_->item(i)));
    return topToBottom;
}

void LayerDock::step(int by) {
    const int row = list_->currentRow(), to = row + by;
    if (row < 0 || to < 0 || to >= list_->count()) return;
    std::vector<Layer*> wanted = order();
    std::swap(wanted[static_cast<std::size_t>(row)], wanted[static_cast<std::size_t>(to)]);
    setOrder(wanted);
}

// Layers that are not listed keep their places.
void LayerDock::setOrder(const std::vector<Layer*>& topToBottom) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < view_.layers().size(); ++i)
        if (std::ranges::find(topToBottom, view_.layers()[i]) != topToBottom.end()) places.push_back(i);
    auto place = places.begin();
    for (auto it = topToBottom.rbegin(); it != topToBottom.rend() && place != places.end(); ++it, ++place)
        view_.moveLayer(*it, *place);
}

} // namespace spotglass
