#include "viewer/canvas/HeatmapLayer.h"

#include "viewer/canvas/TissueSampler.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <QPainter>

namespace spotglass {
namespace {

std::size_t cellCount(const ExpressionField& field) {
    if (field.columns <= 0 || field.rows <= 0) return 0;
    return static_cast<std::size_t>(field.columns) * static_cast<std::size_t>(field.rows);
}

} // namespace

HeatmapLayer::HeatmapLayer(QObject* parent) : Layer(parent) {}

void HeatmapLayer::setField(ExpressionField field) {
    const bool sameSize = field.columns == field_.columns && field.rows == field_.rows;
    field_ = std::move(field);
    if (const std::size_t cells = cellCount(field_); cells == 0 || field_.values.size() != cells) field_ = {};
    if (field_.tissue && !TissueSampler::isUsable(*field_.tissue)) field_.tissue = nullptr;
    if (!sameSize || field_.isEmpty()) doubtful_.clear();
    stale_ = true;
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
        left = std::min(left, cell.column);
        top = std::min(top, cell.row);
        right = std::max(right, cell.column);
        bottom = std::max(bottom, cell.row);
    }
    if (right < left) return;
    stale_ = true;
    if (!levels_.empty()) { // lines may run through averages of many cells
        Q_EMIT changed({});
        return;
    }
    // Interpolation reaches two cells far, and what is made up beyond the edge two more.
    const int reach = style_ == LatticeStyle::Smooth ? 4 : 0;
    Q_EMIT changed(
        cellsToLevel0(left - reach, top - reach, right - left + 1 + 2 * reach, bottom - top + 1 + 2 * reach));
}

void HeatmapLayer::setDoubtful(std::vector<std::uint8_t> flags) {
    if (!flags.empty() && flags.size() != cellCount(field_)) return;
    if (flags == doubtful_) return;
    doubtful_ = std::move(flags);
    stale_ = true;
    Q_EMIT changed({});
}

void HeatmapLayer::setHatching(bool hatching) {
    if (hatching == hatching_) return;
    hatching_ = hatching;
    Q_EMIT changed({});
}

void HeatmapLayer::recolour() {
    table_.reset();
    Q_EMIT changed({});
}

void HeatmapLayer::setColorMap(const ColorMap& map) {
    const bool same = map == colouring_.map;
    colouring_.map = map; // two maps with the same colours may have different names
    if (!same) recolour();
}

void HeatmapLayer::setRange(float minimum, float maximum) {
    if (minimum == colouring_.minimum && maximum == colouring_.maximum) return;
    colouring_.minimum = minimum;
    colouring_.maximum = maximum;
    recolour();
}

void HeatmapLayer::setGamma(float gamma) {
    if (!(gamma > 0) || gamma == colouring_.gamma) return;
    colouring_.gamma = gamma;
    recolour();
}

void HeatmapLayer::setThreshold(std::optional<float> threshold) {
    if (threshold == colouring_.threshold) return;
    colouring_.threshold = threshold;
    recolour();
}

void HeatmapLayer::setStyle(LatticeStyle style) {
    if (style == style_) return;
    style_ = style;
    Q_EMIT changed({});
}

void HeatmapLayer::setSpotDiameter(double level0) {
    if (!(level0 >= 0) || level0 == spotDiameter_) return;
    spotDiameter_ = level0;
    if (style_ == LatticeStyle::Spots) Q_EMIT changed({});
}

double HeatmapLayer::spotDiameter() const {
    if (spotDiameter_ > 0) return spotDiameter_;
    const LatticeAffine& affine = field_.latticeToLevel0; // 55 of 100 micrometres, as on most arrays
    return 0.55 * std::sqrt(std::abs(affine.xx * affine.yy - affine.xy * affine.yx));
}

void HeatmapLayer::setContourLevels(std::vector<float> levels) {
    if (levels == levels_) return;
    levels_ = std::move(levels);
    contours_.clear();
    Q_EMIT changed({});
}

std::optional<std::size_t> HeatmapLayer::cellAt(Level0Point point) const {
    const auto map = PlaneMap::level0ToLattice(field_.latticeToLevel0);
    if (field_.isEmpty() || !map) return std::nullopt;
    const double column = std::floor(map->u(point.x, point.y) + 0.5);
    const double row = std::floor(map->v(point.x, point.y) + 0.5);
    if (!(column >= 0 && row >= 0 && column < field_.columns && row < field_.rows)) return std::nullopt;
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(field_.columns) +
           static_cast<std::size_t>(column);
}

std::optional<float> HeatmapLayer::valueAt(Level0Point point) const {
    const auto cell = cellAt(point);
    return cell && std::isfinite(field_.values[*cell]) ? std::optional(field_.values[*cell]) : std::nullopt;
}

bool HeatmapLayer::isDoubtfulAt(Level0Point point) const {
    const auto cell = cellAt(point);
    return cell && !doubtful_.empty() && doubtful_[*cell] != 0;
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

void HeatmapLayer::prepare() {
    if (!table_) table_.emplace(colouring_);
    if (!stale_) return;
    stale_ = false;
    contours_.clear();
    lattice_ = FilledLattice(field_);
    hatched_.assign(doubtful_.empty() ? 0 : lattice_.stride() * lattice_.height(), 0);
    if (hatched_.empty()) return;
    for (int row = 0; row < field_.rows; ++row) {
        const auto from = doubtful_.begin() + static_cast<std::ptrdiff_t>(row) * field_.columns;
        std::copy_n(from, field_.columns,
                    hatched_.begin() + static_cast<std::ptrdiff_t>(lattice_.index(0, row)));
    }
}

void HeatmapLayer::paint(QPainter& painter, const Viewport& viewport) {
    if (field_.isEmpty() || !PlaneMap::level0ToLattice(field_.latticeToLevel0)) return;
    const QRectF part = viewport.toScreen(extent()) & DeviceGrid::wanted(painter, viewport);
    if (part.isEmpty()) return;
    prepare();
    const HeatmapPicture picture{lattice_,
                                 field_.latticeToLevel0,
                                 *table_,
                                 style_,
                                 spotDiameter(),
                                 field_.tissue.get(),
                                 hatched_.empty() || !hatching_ ? nullptr : &hatched_};
    paintHeatmap(painter, viewport, picture, part);
    if (!levels_.empty()) paintContours(painter, viewport, part);
}

std::unique_ptr<Layer> HeatmapLayer::snapshot() const {
    auto copy = std::make_unique<HeatmapLayer>();
    copy->appearAs(*this);
    copy->field_ = field_;
    copy->colouring_ = colouring_;
    copy->style_ = style_;
    copy->spotDiameter_ = spotDiameter_;
    copy->levels_ = levels_;
    copy->doubtful_ = doubtful_;
    copy->hatching_ = hatching_;
    return copy;
}

bool HeatmapLayer::takeShapes(QPainter& painter, const Viewport& viewport) {
    if (!levels_.empty() && !field_.isEmpty() && PlaneMap::level0ToLattice(field_.latticeToLevel0)) {
        const QRectF part = viewport.toScreen(extent()) & QRectF({0, 0}, viewport.size());
        if (!part.isEmpty()) paintContours(painter, viewport, part);
        levels_.clear();
    }
    return false; // the colours stay a picture
}

/// Black or white, whichever stands out from the colours it runs through where the tissue shines through.
QColor HeatmapLayer::contourColour(float level) const {
    const float range = colouring_.maximum - colouring_.minimum;
    const float share = range > 0 ? std::clamp((level - colouring_.minimum) / range, 0.0F, 1.0F) : 0.5F;
    const QColor colour(colouring_.map.at(std::pow(share, colouring_.gamma)));
    constexpr double tissue = 200,
                     middle = 118; // grey of stained tissue, and of what is neither dark nor light
    const double grey = qGray(colour.rgb()) * opacity() + tissue * (1 - opacity());
    return grey > middle ? QColor(16, 16, 20) : QColor(250, 250, 252);
}

void HeatmapLayer::paintContours(QPainter& painter, const Viewport& viewport, const QRectF& part) {
    const LatticeAffine& affine = field_.latticeToLevel0;
    const QTransform toScreen = QTransform(affine.xx, affine.yx, affine.xy, affine.yy, affine.dx, affine.dy) *
                                viewport.level0ToScreen();
    const QRectF visible = toScreen.inverted().mapRect(part.adjusted(-2, -2, 2, 2));
    const double cell = std::sqrt(std::abs(toScreen.determinant())) * viewport.devicePixelRatio();
    const bool smooth = style_ == LatticeStyle::Smooth && ContourCache::areLarge(cell);
    prepare();
    const ContourCache::Lines& lines =
        smooth ? contours_.smoothAt(lattice_, levels_, cell, visible) : contours_.at(field_, levels_, cell);
    painter.save();
    painter.setOpacity(1);
    painter.setCompositionMode(QPainter::CompositionMode_SourceOver);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    QPolygonF shown;
    for (std::size_t i = 0; i < levels_.size(); ++i) {
        if (colouring_.threshold && levels_[i] < *colouring_.threshold) continue;
        painter.setPen(QPen(contourColour(levels_[i]), 1.3, Qt::SolidLine, Qt::FlatCap, Qt::BevelJoin));
        for (const ContourLine& line : lines[i]) {
            if (!line.box.intersects(visible)) continue;
            shown.clear();
            for (const QPointF& point : line.points) {
                const QPointF at = toScreen.map(point);
                const bool apart = smooth || shown.isEmpty() || (at - shown.last()).manhattanLength() >= 1.5;
                if (apart || &point == &line.points.last()) shown << at; // nearer ones cannot be seen
            }
            if (shown.isClosed())
                painter.drawPolygon(shown); // joined at its ends as well
            else
                painter.drawPolyline(shown);
        }
    }
    painter.restore();
}

} // namespace spotglass
