#include "viewer/canvas/Layer.h"

#include <algorithm>

namespace spotglass {

void Layer::announce() {
    Q_EMIT changed({});
    Q_EMIT appearanceChanged();
}

void Layer::setName(const QString& name) {
    if (name == name_) return;
    name_ = name;
    Q_EMIT appearanceChanged();
}

void Layer::setVisible(bool visible) {
    if (visible == visible_) return;
    visible_ = visible;
    announce();
}

void Layer::setOpacity(double opacity) {
    opacity = std::clamp(opacity, 0.0, 1.0);
    if (opacity == opacity_) return;
    opacity_ = opacity;
    announce();
}

void Layer::setBlending(Blending blending) {
    if (blending == blending_) return;
    blending_ = blending;
    announce();
}

void Layer::appearAs(const Layer& other) {
    visible_ = other.visible_;
    opacity_ = other.opacity_;
    blending_ = other.blending_;
}

} // namespace spotglass
