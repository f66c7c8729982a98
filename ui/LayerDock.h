#pragma once

#include "viewer/canvas/Layer.h"
#include "viewer/tiles/ColorMap.h"

#include <functional>

#include <QDockWidget>

class QComboBox;
class QLabel;
class QListWidget;
class QListWidgetItem;
class QPushButton;
class QSlider;

namespace spotglass {

class SlideView;

/// What lies over the slide, top to bottom: which layers are shown, in which order, how strong, and how they
/// mix with what is beneath. Changes the layers of the view itself, and follows when they are changed
/// elsewhere. GUI thread only; nothing blocks.
class LayerDock : public QDockWidget {
    Q_OBJECT

  public:
    explicit LayerDock(SlideView& view, QWidget* parent = nullptr);

    /// Whether a gene can be kept at present.
    void setKeepEnabled(bool enabled);
    /// Which layers can be taken away, and which have colours to choose (the map they have; null: none).
    void setKinds(std::function<bool(const Layer*)> isKept,
                  std::function<const ColorMap*(const Layer*)> colors);
    /// Shows the chosen layer anew, where its colours were changed elsewhere.
    void showChosen();

  Q_SIGNALS:
    void keepWanted(); ///< the chosen gene is to stay when another is chosen
    void removeWanted(spotglass::Layer* layer);
    void colorsWanted(spotglass::Layer* layer, const spotglass::ColorMap& map);

  private:
    void build();
    void list();
    void showLayers();
    void itemChanged(QListWidgetItem* item);
    void step(int by);
    void setOrder(const std::vector<Layer*>& topToBottom);
    [[nodiscard]] std::vector<Layer*> order() const;
    [[nodiscard]] Layer* chosen() const;

    SlideView& view_;
    std::function<bool(const Layer*)> isKept_;
    std::function<const ColorMap*(const Layer*)> colorsOf_;
    QListWidget* list_ = nullptr;
    QPushButton *up_ = nullptr, *down_ = nullptr, *keep_ = nullptr, *remove_ = nullptr;
    QSlider* opacity_ = nullptr;
    QLabel* opacityText_ = nullptr;
    QComboBox *blending_ = nullptr, *colors_ = nullptr;
    bool listing_ = false; ///< changes come from here
};

} // namespace spotglass
