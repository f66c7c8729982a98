#include "viewer/canvas/HeatmapLayer.h"

#include "viewer/canvas/LatticeSampler.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <QPainter>

namespace spotglass {

HeatmapLayer::HeatmapLayer(QObject* parent) : Layer(parent) {}

void HeatmapLayer::setField(ExpressionField field) {
    field_ = std::move(field);
    const std::size_t cells =
        field_.columns > 0 && field_.rows > 0
            ? static_cast<std::size_t>(field_.columns) * static_cast<std::size_t>(field_.rows)
            : 0;
    if (cells == 0 || field_.values.size() != cells) field_ = {};
    outline_ = {};
    if (const auto tissue = field_.tissue;
        tissue && tissue->width > 0 && tissue->height > 0 &&
        tissue->cells.size() ==
            static_cast<std::size_t>(tissue->width) * static_cast<std::size_t>(tissue->height))
        outline_ =
            QImage(tissue->cells.data(), tissue->width, tissue->height, tissue->width, QImage::Format_Alpha8);
    recolour();
}

QRgb HeatmapLayer::colorOf(float value) const {
    if (threshold_ && value < *threshold_) return 0;
    return map_.at(value, minimum_, maximum_);
}

void HeatmapLayer::recolour() {
    if (field_.isEmpty()) {
        colours_ = {};
    } else {
        if (colours_.width() != field_.columns || colours_.height() != field_.rows)
            colours_ = QImage(field_.columns, field_.rows, QImage::Format_ARGB32_Premultiplied);
        for (int row = 0; row < field_.rows; ++row) {
            auto* line = reinterpret_cast<QRgb*>(colours_.scanLine(row));
            for (int column = 0; column < field_.columns; ++column)
                line[column] = colorOf(field_.at(column, row));
        }
    }
    Q_EMIT changed({});
}

void HeatmapLayer::updateCells(const std::vector<LatticeCell>& cells) {
    int left = field_.columns, top = field_.rows, right = -1, bottom = -1;
    for (const LatticeCell& cell : cells) {
        if (cell.column < 0 || cell.row < 0 || cell.column >= field_.columns || cell.row >= field_.rows)
            continue;
        const auto index = static_cast<std::size_t>(cell.row) * static_cast<std::size_t>(field_.columns) +
                           static_cast<std::size_t>(cell.column);
        field_.values[index] = cell.value;
        reinterpret_cast<QRgb*>(colours_.scanLine(cell.row))[cell.column] = colorOf(cell.value);
        left = std::min(left, cell.column);
        top = std::min(top, cell.row);
        right = std::max(right, cell.column);
        bottom = std::max(bottom, cell.row);
    }
    if (right < left) return;
    const int reach = interpolation_ == Interpolation::Smooth ? 1 : 0; // neighbours blend with the new cells
    Q_EMIT changed(
        cellsToLevel0(left - reach, top - reach, right - left + 1 + 2 * reach, bottom - top + 1 + 2 * reach));
}

void HeatmapLayer::setColorMap(const ColorMap& map) {
    if (map == map_) {
        map_ = map;
        return;
    }
    map_ = map;
    recolour();
}

void HeatmapLayer::setRange(float minimum, float maximum) {
    if (minimum == minimum_ && maximum == maximum_) return;
    minimum_ = minimum;
    maximum_ = maximum;
    recolour();
}

void HeatmapLayer::setThreshold(std::optional<float> threshold) {
    if (threshold == threshold_) return;
    threshold_ = threshold;
    recolour();
}

void HeatmapLayer::setInterpolation(Interpolation interpolation) {
    if (interpolation == interpolation_) return;
    interpolation_ = interpolation;
    Q_EMIT changed({});
}

std::optional<float> HeatmapLayer::valueAt(Level0Point point) const {
    const auto map = PlaneMap::level0ToLattice(field_.latticeToLevel0);
    if (field_.isEmpty() || !map) return std::nullopt;
    const double column = std::floor(map->ux * point.x + map->uy * point.y + map->u0 + 0.5);
    const double row = std::floor(map->vx * point.x + map->vy * point.y + map->v0 + 0.5);
    if (!(column >= 0 && row >= 0 && column < field_.columns && row < field_.rows)) return std::nullopt;
    const float value = field_.at(static_cast<int>(column), static_cast<int>(row));
    return std::isnan(value) ? std::nullopt : std::optional(value);
}

Level0Rect HeatmapLayer::cellsToLevel0(int column, int row, int columns, int rows) const {
    const double left = column - 0.5, top = row - 0.5;
    double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;
    for (const auto& [u, v] : std::array<std::array<double, 2>, 4>{
             {{left, top}, {left + columns, top}, {left, top + rows}, {left + columns, top + rows}}}) {
        const Level0Point corner = field_.latticeToLevel0.toLevel0(u, v);
        x0 = std::min(x0, corner.x);
        y0 = std::min(y0, corner.y);
        x1 = std::max(x1, corner.x);
        y1 = std::max(y1, corner.y);
    }
    return {x0, y0, x1 - x0, y1 - y0};
}

Level0Rect HeatmapLayer::extent() const {
    return field_.isEmpty() ? Level0Rect{} : cellsToLevel0(0, 0, field_.columns, field_.rows);
}

void HeatmapLayer::clipToTissue(QImage& picture, const Viewport& viewport, QPoint origin) const {
    const auto& tissue = *field_.tissue;
    const double ratio = viewport.devicePixelRatio();
    const QRectF whole =
        viewport.toScreen({0, 0, tissue.width * tissue.cellWidth, tissue.height * tissue.cellHeight});
    QPainter clip(&picture);
    clip.setRenderHint(QPainter::SmoothPixmapTransform);
    clip.setCompositionMode(QPainter::CompositionMode_DestinationIn);
    clip.translate(-origin);
    clip.drawImage(QRectF(whole.topLeft() * ratio, whole.size() * ratio), outline_);
}

void HeatmapLayer::paint(QPainter& painter, const Viewport& viewport) {
    const auto map = PlaneMap::level0ToLattice(field_.latticeToLevel0);
    if (field_.isEmpty() || !map) return;
    QRectF part = viewport.toScreen(extent()) & QRectF({0, 0}, viewport.size());
    if (painter.hasClipping()) part &= painter.clipBoundingRect();
    if (part.isEmpty()) return;
    const double ratio = viewport.devicePixelRatio();
    const QRect area = QRectF(part.topLeft() * ratio, part.size() * ratio).toAlignedRect();
    QImage picture =
        sampleLattice(colours_, map->afterScreen(viewport), area, interpolation_ == Interpolation::Smooth);
    if (!outline_.isNull()) clipToTissue(picture, viewport, area.topLeft());
    picture.setDevicePixelRatio(ratio);
    painter.drawImage(QPointF(area.topLeft()) / ratio, picture);
}

} // namespace spotglass
