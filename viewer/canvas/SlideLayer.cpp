#include "viewer/canvas/SlideLayer.h"

#include "viewer/tiles/TileGrid.h"

#include <algorithm>
#include <cmath>

#include <QPainter>

namespace spotglass {
namespace {

// Tile edges are rounded to device pixels by the painter. This shift, too small to see, keeps edges off exact
// halves, where the last bit of a double would decide whether neighbours meet.
constexpr double offTheHalf = 1.0 / 4096;

TileView tileView(const Viewport& viewport) {
    const double ratio = viewport.devicePixelRatio();
    return {viewport.center(), viewport.deviceScale(), viewport.size().width() * ratio,
            viewport.size().height() * ratio};
}

// Half the size, each pixel the mean of four.
QImage halved(const QImage& image) {
    QImage half(image.width() / 2, image.height() / 2, QImage::Format_RGB32);
    for (int y = 0; y < half.height(); ++y) {
        const auto* above = reinterpret_cast<const QRgb*>(image.constScanLine(2 * y));
        const auto* below = reinterpret_cast<const QRgb*>(image.constScanLine(2 * y + 1));
        auto* out = reinterpret_cast<QRgb*>(half.scanLine(y));
        for (int x = 0; x < half.width(); ++x) {
            const QRgb four[] = {above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1]};
            unsigned even = 0x00020002, odd = 0x00000002; // rounds to nearest
            for (const QRgb pixel : four) {
                even += pixel & 0x00FF00FF;
                odd += pixel >> 8 & 0x000000FF;
            }
            out[x] = 0xFF000000 | (even >> 2 & 0x00FF00FF) | (odd << 6 & 0x0000FF00);
        }
    }
    return half;
}

void paintBroken(QPainter& painter, const QRectF& area) {
    painter.save();
    painter.setClipRect(area, Qt::IntersectClip);
    painter.fillRect(area, QColor(120, 124, 130, 110));
    painter.setBrushOrigin(area.topLeft());
    painter.fillRect(area, QBrush(QColor(150, 40, 40, 190), Qt::BDiagPattern));
    painter.setRenderHint(QPainter::Antialiasing);
    const double size = 22;
    if (area.width() > 2 * size && area.height() > 2 * size) {
        const QRectF badge(area.center() - QPointF(size / 2, size / 2), QSizeF(size, size));
        painter.setPen(Qt::NoPen);
        painter.setBrush(QColor(150, 40, 40));
        painter.drawEllipse(badge);
        QFont font = painter.font();
        font.setPixelSize(15);
        font.setBold(true);
        painter.setFont(font);
        painter.setPen(Qt::white);
        painter.drawText(badge, Qt::AlignCenter, QStringLiteral("!"));
    }
    painter.restore();
}

} // namespace

SlideLayer::SlideLayer(QObject* parent, int threads)
    : Layer(parent), cache_(defaultCacheBytes), scheduler_(threads) {
    connect(&scheduler_, &TileScheduler::tileReady, this, &SlideLayer::tileReady);
    connect(&scheduler_, &TileScheduler::tileFailed, this, &SlideLayer::tileBroken);
    poll_.setInterval(100);
    connect(&poll_, &QTimer::timeout, this, &SlideLayer::pollInfo);
}

SlideLayer::~SlideLayer() = default;

void SlideLayer::setSlide(std::shared_ptr<const SlideSource> slide) {
    if (slide == slide_) return;
    cache_.clear();
    scheduler_.request({slide, ++generation_, {}});
    scheduler_.retire(std::exchange(slide_, std::move(slide)));
    info_ = slide_ ? slide_->info() : nullptr;
    updatePolling();
    Q_EMIT changed({});
}

void SlideLayer::reload() {
    if (!slide_) return;
    const auto former = std::exchange(info_, slide_->info());
    const auto sameGrid = [](const SlideLevel& a, const SlideLevel& b) {
        return a.width == b.width && a.height == b.height && a.downsample == b.downsample &&
               a.tileWidth == b.tileWidth && a.tileHeight == b.tileHeight;
    };
    if (!std::equal(former->levels.begin(), former->levels.end(), info_->levels.begin(), info_->levels.end(),
                    sameGrid))
        cache_.clear();
    scheduler_.request({slide_, ++generation_, {}});
    updatePolling();
    if (former != info_) Q_EMIT infoChanged();
    Q_EMIT changed({});
}

void SlideLayer::updatePolling() {
    const bool complete = !info_ || std::all_of(info_->levels.begin(), info_->levels.end(),
                                                [](const SlideLevel& level) { return level.ready; });
    complete ? poll_.stop() : poll_.start();
}

// The slide tells one listener alone about its progress, which is the application's. Asking for the snapshot
// costs nothing and serves any number of views.
void SlideLayer::pollInfo() {
    auto info = slide_ ? slide_->info() : nullptr;
    if (!info || info == info_) return;
    info_ = std::move(info);
    updatePolling();
    Q_EMIT infoChanged();
}

Level0Rect SlideLayer::extent() const {
    if (!info_ || info_->levels.empty()) return {};
    return {0, 0, static_cast<double>(info_->levels[0].width), static_cast<double>(info_->levels[0].height)};
}

TileLimits SlideLayer::limits() const {
    TileLimits limits;
    const TileSize size = tileSize(info_->levels.front());
    // Half the cache for one picture leaves the other half for where the user came from.
    limits.maxTiles =
        std::max<std::int64_t>(cache_.byteLimit() / 2 / (std::int64_t{4} * size.width * size.height), 16);
    limits.maxPinned = std::min<std::int64_t>(limits.maxPinned, limits.maxTiles / 4);
    return limits;
}

TileState SlideLayer::stateOf(const TileKey& key) const {
    if (cache_.contains(key)) return TileState::Cached;
    return scheduler_.isBroken(key) ? TileState::Broken : TileState::Missing;
}

TileSelection SlideLayer::select(const Viewport& viewport) const {
    return TileSelector(*info_, limits()).toDraw(tileView(viewport), [this](const TileKey& key) {
        return stateOf(key);
    });
}

void SlideLayer::request(const Viewport& target) {
    if (extent().isEmpty()) return;
    const TileSelection selection =
        TileSelector(*info_, limits()).toFetch(tileView(target), [this](const TileKey& key) {
            return stateOf(key);
        });
    TileWishes wishes{slide_, generation_, {}};
    wishes.requests.reserve(selection.wanted.size());
    for (const TileKey& key : selection.wanted)
        wishes.requests.push_back({key, tileLevelRect(*info_, key)});
    scheduler_.request(std::move(wishes));
}

bool SlideLayer::isSharp(const Viewport& viewport) const {
    return !extent().isEmpty() && select(viewport).sharp;
}

QString SlideLayer::brokenTileAt(const Viewport& viewport, Level0Point point) const {
    if (extent().isEmpty()) return {};
    for (const TileKey& key : select(viewport).broken)
        if (tileLevel0Rect(*info_, key).contains(point)) return scheduler_.errorOf(key);
    return {};
}

void SlideLayer::setCacheBytes(qsizetype bytes) {
    cache_.setByteLimit(bytes);
    Q_EMIT changed({});
}

void SlideLayer::tileReady(const TileKey& key, const QImage& image, quint64 generation) {
    if (generation != generation_) return;
    const auto level = static_cast<std::size_t>(key.level);
    // Only where the next level is far away is a tile ever shown at less than half its size.
    const bool shrinks = level + 1 == info_->levels.size() ||
                         info_->levels[level + 1].downsample > 2.2 * info_->levels[level].downsample;
    const bool halves = shrinks && image.width() > 1 && image.height() > 1;
    cache_.insert(key, {image, halves ? halved(image) : QImage()},
                  TileSelector(*info_, limits()).isPinned(key));
    Q_EMIT changed(tileLevel0Rect(*info_, key));
}

void SlideLayer::tileBroken(const TileKey& key, const QString& sentence, quint64 generation) {
    if (generation != generation_) return;
    Q_EMIT changed(tileLevel0Rect(*info_, key));
    Q_EMIT tileFailed(sentence);
}

void SlideLayer::paintTile(QPainter& painter, const Viewport& viewport, const TileKey& key) {
    const TileCache::Tile* tile = cache_.find(key);
    if (!tile) return;
    const double downsample = info_->levels[static_cast<std::size_t>(key.level)].downsample;
    const Level0Rect area = tileLevel0Rect(*info_, key);
    const bool half = !tile->half.isNull() && viewport.deviceScale() * downsample <= 0.5;
    const QImage& image = half ? tile->half : tile->image;
    // An odd side loses its last row in the half; the others keep their places by the true proportion.
    const double stepX = area.width * viewport.scale() / image.width();
    const double stepY = area.height * viewport.scale() / image.height();
    const ScreenPoint origin = viewport.toScreen(Level0Point{area.x, area.y});
    const QTransform outer = painter.transform();
    painter.setTransform(QTransform(stepX, 0, 0, stepY, origin.x + offTheHalf, origin.y + offTheHalf) *
                         outer);
    painter.drawImage(0, 0, image);
    painter.setTransform(outer);
}

void SlideLayer::paint(QPainter& painter, const Viewport& viewport) {
    const Level0Rect all = extent();
    if (all.isEmpty()) return;
    const TileSelection selection = select(viewport);
    cache_.setOnScreen(selection.draw);
    painter.save();
    const QRectF clip = painter.hasClipping() ? painter.clipBoundingRect() : QRectF({0, 0}, viewport.size());
    const Level0Rect dirty = viewport.toLevel0(clip.adjusted(-1, -1, 1, 1));
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.fillRect(viewport.toScreen(all), QColor(232, 232, 234)); // what has not arrived yet
    for (const TileKey& key : selection.draw)
        if (tileLevel0Rect(*info_, key).intersects(dirty)) paintTile(painter, viewport, key);
    for (const TileKey& key : selection.broken) {
        const Level0Rect area = tileLevel0Rect(*info_, key);
        if (area.intersects(dirty)) paintBroken(painter, viewport.toScreen(area));
    }
    painter.restore();
}

} // namespace spotglass
