#include "viewer/canvas/SpotLayer.h"

#include "viewer/canvas/SpotRaster.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <QPainter>
#include <QPainterPath>

namespace spotglass {
namespace {

// Of spots without a value.
constexpr QRgb emptyRing = qRgb(60, 60, 66), emptyRingLight = qRgb(246, 246, 250);
constexpr double lightWidth = 2.2; // screen pixels, of which the dark line takes one

/// Without a colour of its own dark beside light, which is seen on any tissue and on glass.
void paintRing(SpotRaster& raster, Level0Point center, std::optional<QRgb> colour, double line,
               double radius) {
    if (colour) return raster.ring(center, *colour, line);
    if (radius > 4) raster.ring(center, emptyRingLight, lightWidth);
    raster.ring(center, emptyRing, 1);
}

} // namespace

SpotLayer::SpotLayer(QObject* parent) : Layer(parent) {}

void SpotLayer::setSpots(std::vector<SpotValue> spots) {
    spots_ = std::move(spots);
    index_ = SpotIndex(spots_);
    Q_EMIT changed({});
}

void SpotLayer::setDiameter(double micrometres, MicronsPerPixel scale) {
    if (scale.isValid()) setDiameterLevel0(micrometres / scale.x, micrometres / scale.y);
}

void SpotLayer::setDiameterLevel0(double x, double y) {
    if (!(x > 0 && y > 0) || (x == diameterX_ && y == diameterY_)) return;
    diameterX_ = x;
    diameterY_ = y;
    Q_EMIT changed({});
}

void SpotLayer::setColorMap(const ColorMap& map) {
    map_ = map;
    Q_EMIT changed({});
}

void SpotLayer::setRange(float minimum, float maximum) {
    minimum_ = minimum;
    maximum_ = maximum;
    Q_EMIT changed({});
}

void SpotLayer::setGamma(float gamma) {
    if (!(gamma > 0) || gamma == gamma_) return;
    gamma_ = gamma;
    Q_EMIT changed({});
}

void SpotLayer::setThreshold(std::optional<float> threshold) {
    threshold_ = threshold;
    Q_EMIT changed({});
}

void SpotLayer::setOutlineOnly(bool outline) {
    outline_ = outline;
    Q_EMIT changed({});
}

const SpotValue* SpotLayer::spotAt(Level0Point point) const {
    const auto covers = [this, point](std::uint32_t spot) {
        const double x = (point.x - spots_[spot].center.x) * 2 / diameterX_,
                     y = (point.y - spots_[spot].center.y) * 2 / diameterY_;
        return x * x + y * y <= 1;
    };
    const std::vector<std::uint32_t> near =
        index_.within({point.x - diameterX_ / 2, point.y - diameterY_ / 2, diameterX_, diameterY_});
    const auto found = std::find_if(near.rbegin(), near.rend(), covers); // the last one is on top
    return found == near.rend() ? nullptr : &spots_[*found];
}

std::optional<float> SpotLayer::valueAt(Level0Point point) const {
    const SpotValue* spot = spotAt(point);
    return spot && !std::isnan(spot->value) ? std::optional(spot->value) : std::nullopt;
}

QRgb SpotLayer::colourOf(float value) const {
    if (!(maximum_ > minimum_)) return map_.at(0.5F);
    const float share = std::clamp((value - minimum_) / (maximum_ - minimum_), 0.0F, 1.0F);
    return map_.at(gamma_ == 1 ? share : std::pow(share, gamma_));
}

std::unique_ptr<Layer> SpotLayer::snapshot() const {
    auto copy = std::make_unique<SpotLayer>();
    copy->appearAs(*this);
    copy->spots_ = spots_;
    copy->index_ = index_;
    copy->diameterX_ = diameterX_;
    copy->diameterY_ = diameterY_;
    copy->map_ = map_;
    copy->minimum_ = minimum_;
    copy->maximum_ = maximum_;
    copy->gamma_ = gamma_;
    copy->threshold_ = threshold_;
    copy->outline_ = outline_;
    return copy;
}

bool SpotLayer::takeShapes(QPainter& painter, const Viewport& viewport) {
    constexpr std::size_t most = 20'000; // more are handled faster as a picture
    const Level0Rect seen = viewport.visible();
    const auto inView = index_.within({seen.x - diameterX_, seen.y - diameterY_, seen.width + 2 * diameterX_,
                                       seen.height + 2 * diameterY_});
    if (inView.size() > most) return false;
    const QTransform toScreen = viewport.level0ToScreen();
    const double radius = diameterX_ * viewport.scale() / 2;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    for (const std::uint32_t i : inView) {
        const SpotValue& spot = spots_[i];
        const bool known = !std::isnan(spot.value) && !(threshold_ && spot.value < *threshold_);
        const bool filled = known && !outline_;
        const QColor colour(known ? colourOf(spot.value) : emptyRing);
        const double line = filled ? (radius > 4 ? 1 : 0) : known ? std::clamp(radius / 8, 1.0, 3.0) : 1;
        // The line lies inside the circle, so that the spot covers its physical size and no more.
        const auto circle = [&](double width) {
            const double less = width / 2 / viewport.scale();
            QPainterPath path;
            path.addEllipse(QPointF(spot.center.x, spot.center.y), std::max(diameterX_ / 2 - less, 0.0),
                            std::max(diameterY_ / 2 - less, 0.0));
            return toScreen.map(path);
        };
        if (!known && radius > 4) {
            painter.setPen(QPen(QColor(emptyRingLight), lightWidth));
            painter.setBrush(Qt::NoBrush);
            painter.drawPath(circle(lightWidth));
        }
        const QColor rim = filled ? QColor(20, 20, 24, 150) : colour;
        painter.setPen(line > 0 ? QPen(rim, line) : QPen(Qt::NoPen));
        painter.setBrush(filled ? QBrush(colour) : QBrush(Qt::NoBrush));
        painter.drawPath(circle(line));
    }
    painter.restore();
    setSpots({});
    return true;
}

void SpotLayer::paint(QPainter& painter, const Viewport& viewport) {
    const QRectF wanted = DeviceGrid::wanted(painter, viewport);
    if (spots_.empty() || wanted.isEmpty()) return;
    const DeviceGrid grid = DeviceGrid::of(painter, viewport);
    SpotRaster raster(viewport, grid, grid.covering(wanted), diameterX_, diameterY_);
    const double radius = diameterX_ * viewport.scale() / 2;
    const double line = std::clamp(radius / 8, 1.0, 3.0), rim = radius > 4 ? 1 : 0;
    const Level0Rect seen = viewport.toLevel0(wanted);
    constexpr double more = 2; // screen pixels, for the soft edge
    const double reachX = diameterX_ / 2 + more / viewport.scale(),
                 reachY = diameterY_ / 2 + more / viewport.scale();
    for (const std::uint32_t i : index_.within(
             {seen.x - reachX, seen.y - reachY, seen.width + 2 * reachX, seen.height + 2 * reachY})) {
        const SpotValue& spot = spots_[i];
        const bool known = !std::isnan(spot.value) && !(threshold_ && spot.value < *threshold_);
        const QRgb colour = known ? colourOf(spot.value) : emptyRing;
        if (outline_ || !known)
            paintRing(raster, spot.center, known ? std::optional(colour) : std::nullopt, line, radius);
        else
            raster.disc(spot.center, colour, rim);
    }
    raster.draw(painter);
}

} // namespace spotglass
