#include "viewer/canvas/PictureRenderer.h"
#include "viewer/base/Processors.h"

#include "viewer/tiles/TileComposer.h"
#include "viewer/tiles/TileGrid.h"
#include "viewer/tiles/TileSelector.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include <QPainter>
#include <QPainterPath>

namespace spotglass {
namespace {

const QColor unknown(222, 222, 226); // beneath the hatching of a damaged place
constexpr double hatchStep = 8;      // pixels of baseDotsPerInch

TileView tileView(const Viewport& view) {
    const double ratio = view.devicePixelRatio();
    const double turn = view.isMirrored() ? view.rotation() : -view.rotation(); // as in SlideLayer
    return {view.center(), view.deviceScale(), view.size().width() * ratio, view.size().height() * ratio,
            turn};
}

/// `area` (picture pixels) as a view of its own: what is drawn for it never needs the memory of the whole.
Viewport viewOf(const Viewport& whole, const QRect& area) {
    const double ratio = whole.devicePixelRatio();
    const QRectF screen(QPointF(area.topLeft()) / ratio, QSizeF(area.size()) / ratio);
    Viewport part = whole;
    const Level0Point center = whole.toLevel0(ScreenPoint{screen.center().x(), screen.center().y()});
    part.setSize(screen.size(), ratio);
    part.setView(center, whole.scale());
    return part;
}

QPainter::CompositionMode compositionMode(Layer::Blending blending) {
    if (blending == Layer::Blending::Multiply) return QPainter::CompositionMode_Multiply;
    if (blending == Layer::Blending::Screen) return QPainter::CompositionMode_Screen;
    return QPainter::CompositionMode_SourceOver;
}

Failure noMemory() {
    return fail(ErrorKind::Device, "there is not enough memory for this picture", {},
                "Choose a smaller magnification or region, or close other programs");
}

/// A tile that is being read.
struct Reading {
    TileRequest request;
    QImage image;
    Result<void> done;
};

void read(const SlideSource& slide, Reading& tile) {
    const PixelTarget out{reinterpret_cast<std::uint32_t*>(tile.image.bits()), tile.image.width(),
                          tile.image.height(), tile.image.bytesPerLine() / qsizetype{4}};
    try {
        tile.done = slide.readReduced(tile.request.level, tile.request.rect, tile.request.reduction, out);
    } catch (const std::bad_alloc&) {
        tile.done = noMemory();
    }
}

} // namespace

PictureRenderer::PictureRenderer(const PictureScene& scene)
    : scene_(scene), info_(scene.slide->info()), pyramid_(*info_), cache_(cacheBytes) {
    // A screen takes a coarser level where a picture would need too many tiles; here they come bit by bit.
    TileLimits limits;
    limits.maxTiles = std::numeric_limits<std::int64_t>::max();
    level_ = TileSelector(pyramid_.info(), limits).levelFor(tileView(scene.view));
    // One processor stays free for the window.
    readers_.setMaxThreadCount(std::clamp(availableProcessors() - 1, 1, 4));
}

std::vector<TileKey> PictureRenderer::tilesFor(const Viewport& part) const {
    const SlideInfo& info = pyramid_.info();
    const TileView view = tileView(part);
    // One pixel beyond, whose colours blend in at the edge.
    const double reach = info.levels[static_cast<std::size_t>(level_)].downsample * 1.5;
    Level0Rect seen = view.visible();
    seen = {seen.x - reach, seen.y - reach, seen.width + 2 * reach, seen.height + 2 * reach};
    const TileRange range = tilesTouching(info, level_, seen);
    std::vector<TileKey> keys;
    for (std::int32_t row = range.firstRow; row <= range.lastRow; ++row)
        for (std::int32_t column = range.firstColumn; column <= range.lastColumn; ++column) {
            const TileKey key{level_, column, row};
            if (view.touches(tileLevel0Rect(info, key), reach)) keys.push_back(key);
        }
    return keys;
}

Result<void> PictureRenderer::fetch(const std::vector<TileKey>& keys, const CancelToken& cancel) {
    std::vector<Reading> tiles;
    for (const TileKey& key : keys) {
        if (cache_.contains(key) || damage_.contains(key)) continue;
        const TileRequest request = pyramid_.request(key);
        const int step = 1 << request.reduction;
        QImage image =
            buffers_.take((request.rect.width + step - 1) / step, (request.rect.height + step - 1) / step);
        if (image.isNull()) return noMemory();
        tiles.push_back({request, std::move(image), {}});
    }
    for (Reading& tile : tiles)
        readers_.start([this, &tile, &cancel] {
            if (!cancel.isCancelled()) read(*scene_.slide, tile);
        });
    readers_.waitForDone();
    if (cancel.isCancelled()) return cancelled();
    cache_.setOnScreen(keys);
    for (Reading& tile : tiles) {
        if (tile.done) {
            cache_.insert(tile.request.key, std::move(tile.image));
            continue;
        }
        if (tile.done.error().kind == ErrorKind::Device) return tile.done;
        damage_.emplace(tile.request.key, QString::fromStdString(tile.done.error().sentence()));
        if (firstDamage_.isEmpty()) firstDamage_ = damage_.at(tile.request.key);
    }
    return {};
}

void PictureRenderer::compose(const std::vector<TileKey>& keys, const QRect& area, QImage& part) {
    const double ratio = scene_.view.devicePixelRatio();
    const Level0Rect slide{0, 0, static_cast<double>(info_->levels.front().width),
                           static_cast<double>(info_->levels.front().height)};
    // Not the view of the part: positions counted from one origin leave no seams between parts.
    const TileComposer composer(
        pyramid_.info(), scene_.view.level0ToScreen() * QTransform::fromScale(ratio, ratio),
        [this](const TileKey& key) { return cache_.find(key); }, 1);
    const ComposeTarget target{&part, area.topLeft()};
    std::vector<TileKey> whole;
    std::ranges::copy_if(keys, std::back_inserter(whole),
                         [this](const TileKey& key) { return cache_.contains(key); });
    if (whole.size() < keys.size()) composer.fill(slide, unknown.rgb(), area, target);
    composer.draw(whole, area, target);
    for (int y = 0; y < area.height(); ++y)
        scene_.colours.apply(reinterpret_cast<std::uint32_t*>(part.scanLine(y)),
                             static_cast<std::size_t>(area.width()));
    composer.fillAround(slide, scene_.surround.rgb(), area, target);
}

void PictureRenderer::hatchDamage(QPainter& painter, const Viewport& part) const {
    const TileView view = tileView(part);
    for (const auto& [key, sentence] : damage_) {
        const Level0Rect area = tileLevel0Rect(pyramid_.info(), key);
        if (!view.touches(area)) continue;
        QPainterPath outline;
        outline.addPolygon(
            part.level0ToScreen().map(QPolygonF(QRectF(area.x, area.y, area.width, area.height))));
        painter.save();
        painter.setClipPath(outline, Qt::IntersectClip);
        painter.setPen(QPen(QColor(150, 40, 40), 1));
        const QRectF box = outline.boundingRect() & QRectF({0, 0}, part.size());
        // Lines of the whole picture, so that they meet where its parts do.
        const ScreenPoint zero = part.toScreen(Level0Point{0, 0});
        const double first = std::floor((box.left() + box.top() - zero.x - zero.y) / hatchStep) * hatchStep;
        for (double sum = first + zero.x + zero.y; sum < box.right() + box.bottom(); sum += hatchStep)
            painter.drawLine(QPointF(sum - box.top(), box.top()), QPointF(sum - box.bottom(), box.bottom()));
        painter.restore();
    }
}

void PictureRenderer::paintLayers(QPainter& painter, const Viewport& part, const QRect& area) const {
    for (const PictureLayer& layer : scene_.layers) {
        painter.save();
        painter.setOpacity(layer.opacity);
        painter.setCompositionMode(compositionMode(layer.blending));
        if (layer.layer) {
            layer.layer->paint(painter, part);
        } else {
            const QSize all = scene_.tissueSize();
            const double x = 1.0 * layer.still.width() / all.width(),
                         y = 1.0 * layer.still.height() / all.height();
            painter.setRenderHint(QPainter::SmoothPixmapTransform);
            painter.drawImage(QRectF({0, 0}, part.size()), layer.still,
                              QRectF(area.x() * x, area.y() * y, area.width() * x, area.height() * y));
        }
        painter.restore();
    }
}

Result<void> PictureRenderer::drawTissue(QImage& part, QPoint origin, const CancelToken& cancel) {
    const QRect area(origin, part.size());
    const Viewport view = viewOf(scene_.view, area);
    const std::vector<TileKey> keys = tilesFor(view);
    if (auto ok = fetch(keys, cancel); !ok) return ok;
    compose(keys, area, part);
    QPainter painter(&part);
    painter.scale(view.devicePixelRatio(), view.devicePixelRatio());
    painter.setClipRect(QRectF({0, 0}, view.size()));
    hatchDamage(painter, view);
    paintLayers(painter, view, area);
    return {};
}

void PictureRenderer::drawMarks(QPainter& painter, const QRectF& area) const {
    const double ratio = scene_.view.devicePixelRatio();
    for (const PictureMark& mark : scene_.marks) {
        if (!mark.place.intersects(area)) continue;
        painter.save();
        painter.setClipRect(mark.place.toAlignedRect());
        painter.translate(mark.origin);
        // QPicture enlarges itself to the resolution of the device, which is counted already.
        const QPaintDevice& device = *painter.device();
        painter.scale(ratio * mark.drawing.logicalDpiX() / device.logicalDpiX(),
                      ratio * mark.drawing.logicalDpiY() / device.logicalDpiY());
        painter.drawPicture(QPointF(0, 0), mark.drawing);
        painter.restore();
    }
}

Result<void> PictureRenderer::drawRows(QImage& band, int top, const CancelToken& cancel) {
    const QRect rows(0, top, band.width(), band.height());
    const QRect tissue = QRect({0, 0}, scene_.tissueSize()) & rows;
    if (tissue != rows) band.fill(Qt::white);
    for (int y = tissue.top(); y <= tissue.bottom(); y += partHeight)
        for (int x = 0; x <= tissue.right(); x += partWidth) {
            const QRect area = QRect(x, y, partWidth, partHeight) & tissue;
            uchar* first = band.scanLine(y - top) + qsizetype{4} * x;
            QImage part(first, area.width(), area.height(), band.bytesPerLine(), QImage::Format_RGB32);
            if (auto ok = drawTissue(part, area.topLeft(), cancel); !ok) return ok;
        }
    for (int x = 0; x < band.width(); x += partWidth) { // QPainter cannot count to more than 32,767 pixels
        const QRect area = QRect(x, top, partWidth, band.height()) & rows;
        QImage part(band.scanLine(0) + qsizetype{4} * x, area.width(), area.height(), band.bytesPerLine(),
                    QImage::Format_RGB32);
        QPainter painter(&part);
        painter.translate(-area.topLeft());
        drawMarks(painter, area);
    }
    return {};
}

} // namespace spotglass
