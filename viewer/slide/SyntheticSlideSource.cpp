#include "viewer/slide/SyntheticSlideSource.h"

#include "viewer/slide/SlidePyramid.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace spotglass {
namespace {

constexpr double cellPitch = 24;          ///< distance of nuclei, level-0 pixels
constexpr double nucleusDetailLimit = 12; ///< coarser levels see the mean of nuclei and cytoplasm
constexpr std::uint32_t labelColor = 0xff3060a0;

struct Rgb {
    double r, g, b;
};
constexpr Rgb glass{244, 242, 245}, eosin{226, 150, 190}, hematoxylin{150, 95, 165}, nucleus{78, 48, 120};

Rgb blended(Rgb a, Rgb b, double t) {
    return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

std::uint64_t hashed(std::uint64_t seed, std::int64_t x, std::int64_t y) {
    std::uint64_t v = seed * 0x9e3779b97f4a7c15ull + static_cast<std::uint64_t>(x) * 0xbf58476d1ce4e5b9ull +
                      static_cast<std::uint64_t>(y) * 0x94d049bb133111ebull;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ull;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebull;
    return v ^ (v >> 31);
}
double unit(std::uint64_t bits) {
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// Smooth noise in 0..1 that varies over about one unit of x and y.
double noise(std::uint64_t seed, double x, double y) {
    const double fx = std::floor(x), fy = std::floor(y);
    const auto ix = static_cast<std::int64_t>(fx), iy = static_cast<std::int64_t>(fy);
    const auto smooth = [](double t) { return t * t * (3 - 2 * t); };
    const double tx = smooth(x - fx), ty = smooth(y - fy);
    const auto corner = [&](int dx, int dy) { return unit(hashed(seed, ix + dx, iy + dy)); };
    return std::lerp(std::lerp(corner(0, 0), corner(1, 0), tx), std::lerp(corner(0, 1), corner(1, 1), tx),
                     ty);
}

/// 1 inside a nucleus, 0 outside; one nucleus in each cell of a jittered grid.
double nucleusAt(std::uint64_t seed, Level0Point p) {
    const auto cx = static_cast<std::int64_t>(std::floor(p.x / cellPitch));
    const auto cy = static_cast<std::int64_t>(std::floor(p.y / cellPitch));
    const std::uint64_t bits = hashed(seed ^ 0x51ed270bull, cx, cy);
    const double x = (static_cast<double>(cx) + 0.35 + 0.3 * unit(bits)) * cellPitch;
    const double y = (static_cast<double>(cy) + 0.35 + 0.3 * unit(bits * 0x9e3779b97f4a7c15ull)) * cellPitch;
    const double radius = 4 + 3 * unit(bits * 0xbf58476d1ce4e5b9ull);
    return std::clamp(radius + 0.5 - std::hypot(p.x - x, p.y - y), 0.0, 1.0);
}

std::vector<SlideLevel> levelsFor(const SyntheticSlideOptions& options) {
    std::vector<SlideLevel> levels;
    for (std::int64_t down = 1;; down *= options.levelStep) {
        levels.push_back({(options.width + down - 1) / down, (options.height + down - 1) / down,
                          static_cast<double>(down), options.tileSize, options.tileSize});
        if (std::max(levels.back().width, levels.back().height) <= 1024 || options.levelStep < 2)
            return levels;
    }
}

} // namespace

SyntheticSlideSource::SyntheticSlideSource(SyntheticSlideOptions options) : options_(std::move(options)) {
    auto info = std::make_shared<SlideInfo>();
    info->vendor = "synthetic";
    info->levels = levelsFor(options_);
    info->micronsPerPixel = options_.micronsPerPixel;
    info->objectivePower = options_.objectivePower;
    info->associatedImages = {"label"};
    info_ = std::move(info);
    const auto width = static_cast<double>(options_.width), height = static_cast<double>(options_.height);
    for (int i = 0; i < options_.tissueBlobs; ++i) {
        const auto random = [&](int k) { return unit(hashed(options_.seed + 77, i, k)); };
        blobs_.push_back(
            {width * ((i + 0.35 + 0.3 * random(0)) / options_.tissueBlobs), height * (0.35 + 0.3 * random(1)),
             width * (0.28 + 0.12 * random(2)) / options_.tissueBlobs, height * (0.2 + 0.15 * random(3))});
    }
}

std::shared_ptr<const SlideInfo> SyntheticSlideSource::info() const {
    return info_;
}

double SyntheticSlideSource::tissueDepth(Level0Point p) const {
    if (options_.allTissue) return 1;
    const double size = static_cast<double>(std::max(options_.width, options_.height));
    double depth = -1;
    for (const Blob& blob : blobs_) {
        const double dx = (p.x - blob.x) / blob.radiusX, dy = (p.y - blob.y) / blob.radiusY;
        depth = std::max(depth, 1 - std::sqrt(dx * dx + dy * dy));
    }
    if (depth < -0.2) return depth; // too far away for the wavy edge
    return depth + 0.3 * (noise(options_.seed, p.x * 24 / size, p.y * 24 / size) - 0.5);
}

bool SyntheticSlideSource::isTissue(Level0Point p) const {
    return level0Bounds(*info_).contains(p) && tissueDepth(p) > 0;
}

std::uint32_t SyntheticSlideSource::colorAt(Level0Point p, double downsample) const {
    Rgb color = glass;
    if (tissueDepth(p) > 0) {
        const double size = static_cast<double>(std::max(options_.width, options_.height));
        const double broad = noise(options_.seed + 1, p.x * 40 / size, p.y * 40 / size);
        const double fine = downsample < 60 ? noise(options_.seed + 2, p.x / 120, p.y / 120) : 0.5;
        color = blended(eosin, hematoxylin, std::clamp(0.7 * broad + 0.3 * fine, 0.0, 1.0));
        const double cells = downsample < nucleusDetailLimit ? nucleusAt(options_.seed, p) : 0.16;
        color = blended(color, nucleus, cells);
    }
    const auto byte = [](double v) { return static_cast<std::uint32_t>(std::lround(v)); };
    return 0xff000000u | byte(color.r) << 16 | byte(color.g) << 8 | byte(color.b);
}

Result<Raster> SyntheticSlideSource::readRegion(int level, LevelRect rect) const {
    ++reads_;
    if (options_.beforeRead) options_.beforeRead(level, rect);
    if (options_.readDelay.count() > 0) std::this_thread::sleep_for(options_.readDelay);
    if (level < 0 || static_cast<std::size_t>(level) >= info_->levels.size() || rect.width < 0 ||
        rect.height < 0)
        return badInput("the slide has no level " + std::to_string(level), "synthetic slide");
    const Level0Rect touched = toLevel0Rect(*info_, level, rect);
    for (const Level0Rect& broken : options_.broken)
        if (broken.intersects(touched)) return badInput("a tile of this slide is damaged", "synthetic slide");
    const SlideLevel& from = info_->levels[static_cast<std::size_t>(level)];
    Raster out{rect.width, rect.height, {}};
    out.pixels.reserve(static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height));
    for (std::int64_t y = rect.y; y < rect.y + rect.height; ++y)
        for (std::int64_t x = rect.x; x < rect.x + rect.width; ++x) {
            const bool inside = x >= 0 && y >= 0 && x < from.width && y < from.height;
            const Level0Point center{(static_cast<double>(x) + 0.5) * from.downsample,
                                     (static_cast<double>(y) + 0.5) * from.downsample};
            out.pixels.push_back(inside ? colorAt(center, from.downsample) : 0xffffffffu);
        }
    return out;
}

Result<Raster> SyntheticSlideSource::readAssociatedImage(const std::string& name) const {
    if (name != "label") return badInput("this slide has no image named " + name, "synthetic slide");
    return Raster{64, 64, std::vector<std::uint32_t>(64 * 64, labelColor)};
}

std::string SyntheticSlideSource::fingerprint() const {
    return "synthetic-" + std::to_string(options_.seed) + "-" + std::to_string(options_.width) + "x" +
           std::to_string(options_.height) + "-" + std::to_string(options_.tissueBlobs) +
           (options_.allTissue ? "-all" : "");
}

} // namespace spotglass
