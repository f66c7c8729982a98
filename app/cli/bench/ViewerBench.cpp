#include "app/cli/bench/ViewerBench.h"

#include "app/cli/bench/TileFloor.h"
#include "viewer/base/Process.h"
#include "viewer/slide/OpenSlideSource.h"
#include "viewer/tiles/DisplayPyramid.h"
#include "viewer/tiles/TileCache.h"
#include "viewer/tiles/TileComposer.h"
#include "viewer/tiles/TileGrid.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include <QEventLoop>
#include <QTimer>

namespace spotglass {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr std::size_t maxTiles = 60'000;      ///< of one measurement
constexpr qsizetype cacheBytes = 256ll << 20; ///< as in the viewer
constexpr std::size_t listLength = 96;        ///< about two screens full

double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// Tiles of one level in random order, none twice.
std::vector<TileKey> shuffledTiles(const SlideInfo& info, int level, unsigned seed) {
    const TileCounts counts = tileCounts(info.levels[static_cast<std::size_t>(level)]);
    std::mt19937 random(seed);
    std::vector<TileKey> keys;
    keys.reserve(static_cast<std::size_t>(counts.total()));
    for (std::int32_t row = 0; row < counts.rows; ++row)
        for (std::int32_t column = 0; column < counts.columns; ++column)
            keys.push_back({level, column, row});
    std::ranges::shuffle(keys, random);
    if (keys.size() > maxTiles) keys.resize(maxTiles);
    return keys;
}

/// The whole way that a tile takes in the viewer: wish list, reading threads, picture, GUI thread, cache.
class ViewerRate {
  public:
    ViewerRate(std::shared_ptr<const SlideSource> slide, const DisplayPyramid& pyramid, int threads)
        : slide_(std::move(slide)), pyramid_(pyramid), scheduler_(threads), cache_(cacheBytes) {
        QObject::connect(&scheduler_, &TileScheduler::tileReady,
                         [this](const TileKey& key, const QImage& image) {
                             cache_.insert(key, image);
                             ++done_;
                         });
        QObject::connect(&scheduler_, &TileScheduler::tileFailed, [this] { ++done_; });
        QObject::connect(&scheduler_, &TileScheduler::delivered, [this] { proceed(); });
    }
    /// Tiles a second.
    [[nodiscard]] double measure(const std::vector<TileKey>& keys, double seconds) {
        keys_ = &keys;
        next_ = done_ = 0;
        seconds_ = seconds;
        // The cache stays full, as it is after the first seconds of looking about: tiles are decoded into
        // the memory of those that had to go.
        scheduler_.request({slide_, ++generation_, {}});
        start_ = Clock::now();
        proceed();
        loop_.exec();
        return static_cast<double>(done_) / since(start_);
    }

  private:
    void proceed() {
        if (since(start_) > seconds_ || done_ >= keys_->size()) {
            scheduler_.request({slide_, ++generation_, {}});
            loop_.quit();
            return;
        }
        if (static_cast<std::size_t>(scheduler_.waiting()) > listLength / 3) return;
        // As the viewer does it: the new list names what is still wanted of the old one.
        TileWishes wishes{slide_, generation_, {}};
        const std::size_t from = next_ - static_cast<std::size_t>(scheduler_.waiting());
        next_ = std::min(from + listLength, keys_->size());
        for (std::size_t i = from; i < next_; ++i)
            wishes.requests.push_back(pyramid_.request((*keys_)[i]));
        scheduler_.request(std::move(wishes));
    }

    std::shared_ptr<const SlideSource> slide_;
    const DisplayPyramid& pyramid_;
    TileScheduler scheduler_;
    TileCache cache_;
    QEventLoop loop_;
    const std::vector<TileKey>* keys_ = nullptr;
    std::size_t next_ = 0, done_ = 0;
    double seconds_ = 0;
    quint64 generation_ = 0;
    Clock::time_point start_;
};

/// Tiles a second through OpenSlide, a handle for each thread.
double openSlideRate(const OpenSlideSource& slide, const SlideInfo& info, const std::vector<TileKey>& keys,
                     int threads, double seconds) {
    std::atomic<std::size_t> next{0}, done{0};
    const auto start = Clock::now();
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i)
        workers.emplace_back([&] {
            for (std::size_t k = next++; k < keys.size() && since(start) < seconds; k = next++) {
                static_cast<void>(slide.readRegion(keys[k].level, tileLevelRect(info, keys[k])));
                ++done;
            }
        });
    for (std::thread& worker : workers)
        worker.join();
    return static_cast<double>(done) / since(start);
}

/// Milliseconds to compose a frame at `scale`, from tiles in memory.
double composeTime(QSize size, double scale, double turn, int threads, int rounds) {
    SlideInfo info;
    info.levels.push_back({100'000, 80'000, 1, 256, 256});
    QImage tile(256, 256, QImage::Format_RGB32);
    std::mt19937 random(1);
    for (int y = 0; y < 256; ++y)
        for (int x = 0; x < 256; ++x)
            tile.setPixel(x, y, 0xff000000U | static_cast<QRgb>(random()));
    QTransform map;
    map.rotate(turn);
    map.scale(scale, scale);
    map.translate(-50'000.3, -40'000.7);
    QImage frame(size, QImage::Format_RGB32);
    const QRectF seen = map.inverted().mapRect(QRectF(frame.rect()));
    std::vector<TileKey> keys;
    for (int row = static_cast<int>(seen.top() / 256); row <= seen.bottom() / 256; ++row)
        for (int column = static_cast<int>(seen.left() / 256); column <= seen.right() / 256; ++column)
            keys.push_back({0, column, row});
    const TileComposer composer(
        info, map, [&tile](const TileKey&) { return &tile; }, threads);
    std::vector<double> times;
    for (int i = 0; i < 3 * rounds; ++i) {
        const auto start = Clock::now();
        composer.draw(keys, frame.rect(), {&frame, {0, 0}});
        times.push_back(since(start) * 1000);
    }
    return median(times);
}

const TiledTiffPicture* pictureOf(const TiledTiff& tiff, const SlideLevel& level) {
    const auto fits = [&level](const TiledTiffPicture& picture) {
        return picture.isJpeg && picture.width == level.width && picture.height == level.height;
    };
    const auto found = std::ranges::find_if(tiff.pictures(), fits);
    return found == tiff.pictures().end() ? nullptr : &*found;
}

struct Bench {
    const ViewerBenchOptions& options;
    std::shared_ptr<SlideSource> slide;
    std::shared_ptr<OpenSlideSource> openSlide;
    std::shared_ptr<const TiledTiff> tiff;

    [[nodiscard]] Json level(int display, const DisplayPyramid& pyramid, ViewerRate& viewer) const {
        const TileRequest first = pyramid.request({display, 0, 0});
        const SlideInfo& info = pyramid.info();
        const TiledTiffPicture* picture =
            tiff && first.reduction == 0 ? pictureOf(*tiff, info.levels[static_cast<std::size_t>(display)])
                                         : nullptr;
        std::vector<double> floors, ours, theirs, share, times;
        for (int round = 0; round < options.rounds; ++round) {
            const auto keys = shuffledTiles(info, display, static_cast<unsigned>(round));
            ours.push_back(viewer.measure(keys, options.seconds));
            if (picture) {
                std::vector<FloorTile> tiles;
                for (const TileKey& key : keys)
                    if (tiff->hasTile(*picture, key.column, key.row))
                        tiles.push_back({picture, key.column, key.row});
                floors.push_back(floorRate(options.slide, tiles, options.threads, options.seconds));
                if (floors.back() > 0) share.push_back(ours.back() / floors.back());
            }
            if (!openSlide || first.reduction != 0) continue;
            std::vector<TileKey> theirKeys = keys;
            for (TileKey& key : theirKeys)
                key.level = first.level;
            theirs.push_back(
                openSlideRate(*openSlide, *slide->info(), theirKeys, options.threads, options.seconds));
            times.push_back(ours.back() / theirs.back());
        }
        Json result{{"level", first.level},
                    {"reduction", first.reduction},
                    {"downsample", info.levels[static_cast<std::size_t>(display)].downsample},
                    {"viewer_tiles_per_s", median(ours)}};
        if (!share.empty())
            result.update({{"floor_tiles_per_s", median(floors)}, {"share_of_floor", median(share)}});
        if (!times.empty())
            result.update({{"openslide_tiles_per_s", median(theirs)}, {"times_openslide", median(times)}});
        return result;
    }
};

} // namespace

Result<void> runViewerBench(const ViewerBenchOptions& options) {
    const auto start = Clock::now();
    auto slide = openSlide(options.slide);
    if (!slide) return Failure(slide.error());
    const double opening = since(start) * 1000;
    Bench bench{options, *slide, nullptr, nullptr};
    if (auto plain = OpenSlideSource::open(options.slide)) bench.openSlide = std::move(*plain);
    if (auto tiff = TiledTiff::open(options.slide)) bench.tiff = std::move(*tiff);
    const DisplayPyramid pyramid(*(*slide)->info());
    Json document{{"slide", options.slide.string()},
                  {"threads", options.threads},
                  {"rounds", options.rounds},
                  {"seconds_each", options.seconds},
                  {"open_ms", opening}};
    document["what"] =
        "viewer: file to picture in the cache, by the viewer's own scheduler; floor: the same tiles' bytes "
        "read and decoded by TurboJPEG alone; medians, and medians of the ratios within a round";
    {
        ViewerRate viewer(*slide, pyramid, options.threads);
        for (int display = 0; display < static_cast<int>(pyramid.info().levels.size()); ++display)
            if (tileCounts(pyramid.info().levels[static_cast<std::size_t>(display)]).total() >= 64)
                document["levels"].push_back(bench.level(display, pyramid, viewer));
    }
    for (const QSize size : {QSize(1920, 1080), QSize(3840, 2160)})
        for (const auto& [scale, turn] : {std::pair(1.0, 0.0), {0.864, 0.0}, {0.6, 0.0}, {0.864, 17.0}})
            for (const int threads : {1, options.threads})
                document["compose_ms"].push_back(
                    {{"width", size.width()},
                     {"height", size.height()},
                     {"scale", scale},
                     {"degrees", turn},
                     {"threads", threads},
                     {"median", composeTime(size, scale, turn, threads, options.rounds)}});
    document["peak_memory_mb"] = static_cast<double>(memoryUse().peak) / 1e6;
    std::printf("%s\n", document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return {};
}

} // namespace spotglass
