#include "viewer/canvas/Layer.h"

#include <algorithm>

namespace spotglass {

void Layer::setVisible(bool visible) {
    if (visible == visible_) return;
    visible_ = visible;
    Q_EMIT changed({});
}

void Layer::setOpacity(double opacity) {
    opacity = std::clamp(opacity, 0.0, 1.0);
    if (opacity == opacity_) return;
    opacity_ = opacity;
    Q_EMIT changed({});
}

void Layer::setBlending(Blending blending) {
    if (blending == blending_) return;
    blending_ = blending;
    Q_EMIT changed({});
}

void Layer::appearAs(const Layer& other) {
    visible_ = other.visible_;
    opacity_ = other.opacity_;
    blending_ = other.blending_;
}

} // namespace spotglass
