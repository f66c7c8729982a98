#include "viewer/canvas/SlideLayer.h"

#include "viewer/tiles/Stripes.h"
#include "viewer/tiles/TileGrid.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <QPainter>
#include <QPainterPath>

namespace spotglass {
namespace {

const QColor notYet(232, 232, 234); // what has not arrived
constexpr qint64 patience = 300;    // milliseconds before a missing tile says that it is being read
constexpr auto spinnerStep = std::chrono::milliseconds(80);
constexpr int mostSpinners = 12; // more say nothing more
// Screens full of device pixels that the cache holds. A level is shown at up to 1/1.7 of its size, which
// makes a view three times as many tile pixels; so these are six views.
constexpr double screensKept = 17;
constexpr auto firstRetry = std::chrono::milliseconds(2000), rarestRetry = std::chrono::milliseconds(60'000);

TileView tileView(const Viewport& viewport) {
    const double ratio = viewport.devicePixelRatio();
    // The view's axes in the slide's: a mirrored slide turns the other way round.
    const double turn = viewport.isMirrored() ? viewport.rotation() : -viewport.rotation();
    return {viewport.center(), viewport.deviceScale(), viewport.size().width() * ratio,
            viewport.size().height() * ratio, turn};
}

void paintWarning(QPainter& painter, const QRectF& area) {
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
}

} // namespace

SlideLayer::SlideLayer(QObject* parent, int threads)
    : Layer(parent), cache_(defaultCacheBytes), scheduler_(threads) {
    connect(&scheduler_, &TileScheduler::tileReady, this, &SlideLayer::tileReady);
    connect(&scheduler_, &TileScheduler::tileFailed, this, &SlideLayer::tileBroken);
    connect(&scheduler_, &TileScheduler::delivered, this, &SlideLayer::tilesDelivered);
    connect(&scheduler_, &TileScheduler::delivered, this, &SlideLayer::noteWaiting);
    spin_.setInterval(spinnerStep);
    connect(&spin_, &QTimer::timeout, this, &SlideLayer::turnSpinners);
    retry_.setSingleShot(true);
    retry_.setInterval(firstRetry);
    connect(&retry_, &QTimer::timeout, this, &SlideLayer::retryBroken);
    clock_.start();
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
    pyramid_ = info_ ? DisplayPyramid(*info_) : DisplayPyramid();
    frame_.invalidate();
    waitingFrom_.clear();
    told_.clear();
    retry_.stop();
    retry_.setInterval(firstRetry);
    updatePolling();
    Q_EMIT changed({});
}

void SlideLayer::reload() {
    if (!slide_) return;
    const auto former = std::exchange(info_, slide_->info());
    const DisplayPyramid fresh(*info_);
    if (!fresh.hasSameGrid(pyramid_)) cache_.clear();
    pyramid_ = fresh;
    frame_.invalidate();
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
    pyramid_ = DisplayPyramid(*info_);
    updatePolling();
    Q_EMIT infoChanged();
}

Level0Rect SlideLayer::extent() const {
    if (!info_ || info_->levels.empty()) return {};
    return {0, 0, static_cast<double>(info_->levels[0].width), static_cast<double>(info_->levels[0].height)};
}

TileLimits SlideLayer::limits() const {
    TileLimits limits;
    const TileSize size = tileSize(pyramid_.info().levels.front());
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
    return TileSelector(pyramid_.info(), limits()).toDraw(tileView(viewport), [this](const TileKey& key) {
        return stateOf(key);
    });
}

void SlideLayer::request(const Viewport& target) {
    if (extent().isEmpty()) return;
    if (!cacheBytesSet_) {
        const double ratio = target.devicePixelRatio();
        const double screen = target.size().width() * target.size().height() * ratio * ratio * 4;
        cache_.setByteLimit(std::max(defaultCacheBytes, static_cast<qsizetype>(screen * screensKept)));
    }
    const TileSelection selection =
        TileSelector(pyramid_.info(), limits()).toFetch(tileView(target), [this](const TileKey& key) {
            return stateOf(key);
        });
    TileWishes wishes{slide_, generation_, {}};
    wishes.requests.reserve(selection.wanted.size());
    for (const TileKey& key : selection.wanted)
        wishes.requests.push_back(pyramid_.request(key));
    scheduler_.request(std::move(wishes));
    // What is on its way must not push out what has just come, nor what is still shown.
    std::vector<TileKey> kept = select(frame_.view()).draw;
    const TileSelection next = select(target);
    for (const auto* keys : {&next.draw, &next.missing})
        kept.insert(kept.end(), keys->begin(), keys->end());
    cache_.setOnScreen(kept);
}

bool SlideLayer::isSharp(const Viewport& viewport) const {
    return !extent().isEmpty() && select(viewport).sharp;
}

QString SlideLayer::brokenTileAt(const Viewport& viewport, Level0Point point) const {
    if (extent().isEmpty()) return {};
    for (const TileKey& key : select(viewport).broken)
        if (tileLevel0Rect(pyramid_.info(), key).contains(point)) return scheduler_.errorOf(key);
    return {};
}

void SlideLayer::setCacheBytes(qsizetype bytes) {
    cacheBytesSet_ = true;
    cache_.setByteLimit(bytes);
    Q_EMIT changed({});
}

void SlideLayer::setColorCorrection(const ColorCorrection& correction) {
    correction_ = correction;
    frame_.invalidate();
    Q_EMIT changed({});
}

void SlideLayer::setSurround(QColor colour) {
    surround_ = colour;
    frame_.invalidate();
    Q_EMIT changed({});
}

void SlideLayer::tileReady(const TileKey& key, const QImage& image, quint64 generation) {
    if (generation != generation_) return;
    // A coarse tile that comes late is only of use where something is missing.
    const bool helps = !isSharp(frame_.view());
    cache_.insert(key, image, TileSelector(pyramid_.info(), limits()).isPinned(key));
    if (helps) showChange(key);
}

void SlideLayer::tileBroken(const TileKey& key, const QString& sentence, quint64 generation) {
    if (generation != generation_) return;
    showChange(key);
    if (!retry_.isActive()) retry_.start();
    if (told_.insert(key).second) Q_EMIT tileFailed(sentence);
}

// Whether a tile is damaged for ever or a drive has gone for a moment, nobody can tell; so it is tried again.
void SlideLayer::retryBroken() {
    retry_.setInterval(std::min(2 * retry_.intervalAsDuration(), rarestRetry));
    scheduler_.forgetFailures();
    Q_EMIT infoChanged(); // asks for the tiles in view
}

// Keeps the books of what is missing in the picture that is shown.
void SlideLayer::noteWaiting() {
    std::unordered_map<TileKey, qint64> still;
    if (!extent().isEmpty())
        for (const TileKey& key : select(frame_.view()).missing) {
            const auto before = waitingFrom_.find(key);
            still.emplace(key, before == waitingFrom_.end() ? clock_.elapsed() : before->second);
        }
    waitingFrom_ = std::move(still);
    // Nobody is reading what is missing: it was pushed out of a cache too small for the view.
    if (!waitingFrom_.empty() && scheduler_.inFlight() + scheduler_.waiting() == 0) Q_EMIT infoChanged();
    if (waitingFrom_.empty())
        spin_.stop();
    else if (!spin_.isActive())
        spin_.start();
}

void SlideLayer::turnSpinners() {
    noteWaiting();
    for (const auto& [key, since] : waitingFrom_)
        if (clock_.elapsed() - since > patience) Q_EMIT changed(tileLevel0Rect(pyramid_.info(), key));
}

void SlideLayer::paintSpinners(QPainter& painter, const Viewport& viewport,
                               const std::vector<TileKey>& missing) const {
    int painted = 0;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    for (const TileKey& key : missing) {
        const auto since = waitingFrom_.find(key);
        if (since == waitingFrom_.end() || clock_.elapsed() - since->second <= patience) continue;
        if (++painted > mostSpinners) break;
        const Level0Point center = tileLevel0Rect(pyramid_.info(), key).center();
        const ScreenPoint at = viewport.toScreen(center);
        const QRectF ring(at.x - 11, at.y - 11, 22, 22);
        painter.setPen(QPen(QColor(255, 255, 255, 170), 5));
        painter.drawEllipse(ring);
        painter.setPen(QPen(QColor(60, 90, 150), 3, Qt::SolidLine, Qt::RoundCap));
        painter.drawArc(ring, static_cast<int>(-clock_.elapsed() * 360 / 1000 * 16 % (360 * 16)), 100 * 16);
    }
    painter.restore();
}

void SlideLayer::showChange(const TileKey& key) {
    Level0Rect area = tileLevel0Rect(pyramid_.info(), key);
    // Its neighbours' edges blend with it.
    const double reach = pyramid_.info().levels[static_cast<std::size_t>(key.level)].downsample;
    area = {area.x - reach, area.y - reach, area.width + 2 * reach, area.height + 2 * reach};
    const QRectF device = frame_.level0ToDevice().mapRect(QRectF(area.x, area.y, area.width, area.height));
    frame_.invalidate(device.toAlignedRect());
    Q_EMIT changed(area);
}

void SlideLayer::compose(const TileSelection& selection, const QRect& area, ComposeTarget target) {
    const TileComposer composer(pyramid_.info(), frame_.level0ToDevice(),
                                [this](const TileKey& key) { return cache_.find(key); });
    if (!selection.sharp || !selection.broken.empty()) composer.fill(extent(), notYet.rgb(), area, target);
    composer.draw(selection.draw, area, target);
    if (!correction_.isIdentity()) {
        inStripes(area, 0, [&](const QRect& stripe) {
            for (int y = stripe.top(); y <= stripe.bottom(); ++y)
                correction_.apply(
                    reinterpret_cast<std::uint32_t*>(target.image->scanLine(y - target.origin.y())) +
                        (stripe.left() - target.origin.x()),
                    static_cast<std::size_t>(stripe.width()));
        });
    }
    composer.fillAround(extent(), surround_.rgb(), area, target);
}

void SlideLayer::paintBroken(QPainter& painter, const Viewport& viewport, const TileKey& key) const {
    const Level0Rect area = tileLevel0Rect(pyramid_.info(), key);
    const QRectF place(area.x, area.y, area.width, area.height);
    const QPolygonF outline = viewport.level0ToScreen().map(QPolygonF(place));
    painter.save();
    if (viewport.isUpright()) {
        painter.setClipRect(outline.boundingRect(), Qt::IntersectClip);
    } else {
        QPainterPath path;
        path.addPolygon(outline);
        painter.setClipPath(path, Qt::IntersectClip);
    }
    paintWarning(painter, outline.boundingRect());
    painter.restore();
}

void SlideLayer::paint(QPainter& painter, const Viewport& viewport) {
    const Level0Rect all = extent();
    if (all.isEmpty()) return;
    const TileSelection selection = select(viewport);
    cache_.setOnScreen(selection.draw);
    frame_.moveTo(viewport);
    const QRectF clip = painter.hasClipping() ? painter.clipBoundingRect() : QRectF({0, 0}, viewport.size());
    const double ratio = viewport.devicePixelRatio();
    const QRect dirty = QRectF(clip.topLeft() * ratio, clip.size() * ratio).toAlignedRect() & frame_.rect();
    frame_.update(dirty, [&](const QRect& area, ComposeTarget target) { compose(selection, area, target); });
    frame_.paint(painter, dirty);
    if (!selection.missing.empty()) {
        if (!spin_.isActive()) spin_.start();
        paintSpinners(painter, viewport, selection.missing);
    }
    const Level0Rect seen = viewport.toLevel0(clip.adjusted(-1, -1, 1, 1));
    for (const TileKey& key : selection.broken)
        if (tileLevel0Rect(pyramid_.info(), key).intersects(seen)) paintBroken(painter, viewport, key);
}

} // namespace spotglass
