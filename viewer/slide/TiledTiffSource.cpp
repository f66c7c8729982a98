#include "viewer/slide/TiledTiffSource.h"

#include "viewer/slide/SlidePyramid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <set>
#include <spdlog/spdlog.h>

namespace spotglass {

struct TiledTiffSource::Level {
    const TiledTiffPicture* picture = nullptr; ///< null: OpenSlide reads it
    std::vector<bool> doubtful;                ///< tiles that OpenSlide makes up; empty: none
    std::once_flag checked;
    bool agrees = false; ///< once it is checked
};

namespace {

constexpr std::array<std::string_view, 4> tiledVendors{"aperio", "generic-tiff", "philips", "ventana"};
constexpr double resampledTolerance = 16; ///< mean difference to a picture of the same place made another way
constexpr std::int64_t maxRegionPixels = 1ll << 28;
constexpr int largeSide = 1024; ///< longer tiles are shown in parts
constexpr std::size_t largeTileBytes = 256u << 20;
/// Patches do not end where tiles do, so a tile is soon asked for again by those beside it: a row of patches
/// through a context window of 6 mm needs some 30 MB.
constexpr std::size_t partTileBytes = 64u << 20;

bool isLarge(const TiledTiffPicture& picture) {
    return picture.tileWidth > largeSide || picture.tileHeight > largeSide;
}

int channelDifference(std::uint32_t a, std::uint32_t b, int shift) {
    return std::abs(static_cast<int>(a >> shift & 255) - static_cast<int>(b >> shift & 255));
}

int largestDifference(const Raster& a, const Raster& b) {
    int largest = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i)
        for (const int shift : {0, 8, 16})
            largest = std::max(largest, channelDifference(a.pixels[i], b.pixels[i], shift));
    return largest;
}

double meanDifference(const Raster& a, const Raster& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i)
        for (const int shift : {0, 8, 16})
            sum += channelDifference(a.pixels[i], b.pixels[i], shift);
    return sum / (3.0 * static_cast<double>(std::max<std::size_t>(a.pixels.size(), 1)));
}

/// Whether OpenSlide puts the slide together from areas, or from tiles that overlap (Ventana BIF): then a
/// tile does not lie where its number says, which a comparison of empty tiles would not show.
bool isStitched(const OpenSlideSource& slide, const TiledTiff& tiff) {
    const auto properties = slide.properties();
    const auto valueOf = [&properties](std::string_view name) {
        const auto found = std::ranges::find(properties, name, &std::pair<std::string, std::string>::first);
        return found == properties.end() ? std::string() : found->second;
    };
    if (valueOf("openslide.region[0].x").empty()) return false;
    const SlideLevel& full = slide.info()->levels.front();
    const auto fills = [&full](const TiledTiffPicture& picture) {
        return picture.columns * picture.tileWidth == full.width &&
               picture.rows * picture.tileHeight == full.height;
    };
    return !valueOf("openslide.region[1].x").empty() || valueOf("openslide.region[0].x") != "0" ||
           valueOf("openslide.region[0].y") != "0" ||
           valueOf("openslide.region[0].width") != std::to_string(full.width) ||
           valueOf("openslide.region[0].height") != std::to_string(full.height) ||
           std::ranges::none_of(tiff.pictures(), fills);
}

/// OpenSlide is asked in level-0 pixels: whether tile `index` begins at a whole pixel of the level for it as
/// well.
bool beginsExactly(std::int64_t index, int side, double downsample) {
    const double at = static_cast<double>(index * side);
    return std::abs(std::round(at * downsample) / downsample - at) < 1e-3;
}

std::int64_t exactTile(std::int64_t index, int side, double downsample) {
    while (index > 0 && !beginsExactly(index, side, downsample))
        --index;
    return index;
}

PixelTarget partOf(PixelTarget whole, int x, int y, int width, int height) {
    return {whole.row(y) + x, width, height, whole.stride};
}

} // namespace

TiledTiffSource::TiledTiffSource(std::filesystem::path path, std::shared_ptr<OpenSlideSource> slide,
                                 std::shared_ptr<const TiledTiff> tiff)
    : path_(std::move(path)), slide_(std::move(slide)), tiff_(std::move(tiff)), info_(slide_->info()),
      large_(largeTileBytes), parts_(partTileBytes) {
    openSlideLevels_ = static_cast<int>(info_->levels.size());
    matchLevels();
    addSubPictures();
}
TiledTiffSource::~TiledTiffSource() = default;

std::shared_ptr<SlideSource> TiledTiffSource::wrap(const std::filesystem::path& path,
                                                   std::shared_ptr<OpenSlideSource> slide) {
    if (std::ranges::find(tiledVendors, slide->info()->vendor) == tiledVendors.end()) return slide;
    auto tiff = TiledTiff::open(path);
    if (!tiff || isStitched(*slide, **tiff)) return slide;
    std::shared_ptr<TiledTiffSource> source(new TiledTiffSource(path, slide, std::move(*tiff)));
    const bool gains =
        std::ranges::any_of(source->levels_, [](const auto& level) { return level->picture != nullptr; });
    if (!gains) return slide;
    return source;
}

/// OpenSlide's levels and the pictures of the file come in the same order, finest first. A level may be a
/// little smaller than its picture (Philips pads to whole tiles).
void TiledTiffSource::matchLevels() {
    auto info = std::make_shared<SlideInfo>(*info_);
    auto next = tiff_->pictures().begin();
    for (SlideLevel& level : info->levels) {
        levels_.push_back(std::make_unique<Level>());
        const auto fits = [&level](const TiledTiffPicture& picture) {
            return !picture.isSubPicture && picture.width >= level.width && picture.height >= level.height &&
                   picture.width - level.width < picture.tileWidth &&
                   picture.height - level.height < picture.tileHeight;
        };
        const auto found = std::find_if(next, tiff_->pictures().end(), fits);
        if (found == tiff_->pictures().end()) continue;
        levels_.back()->picture = &*found;
        level.tileWidth = found->tileWidth;
        level.tileHeight = found->tileHeight;
        next = found + 1;
    }
    info_ = std::move(info);
    if (info_->vendor == "aperio") findDoubtfulTiles();
}

/// Some Aperio slides lack tiles, and the coarser tiles that show the same place are damaged in ways that
/// cannot be seen from their data. OpenSlide draws those from the finer level, and so on upwards.
void TiledTiffSource::findDoubtfulTiles() {
    for (std::size_t i = 0; i + 1 < levels_.size(); ++i) {
        Level &finer = *levels_[i], &coarser = *levels_[i + 1];
        if (!finer.picture || !coarser.picture) continue;
        const TiledTiffPicture &from = *finer.picture, &to = *coarser.picture;
        const auto times = [](std::int64_t fine, std::int64_t coarse) {
            return std::max<std::int64_t>(std::llround(double(fine) / double(coarse)), 1);
        };
        const std::int64_t across = times(from.columns, to.columns), down = times(from.rows, to.rows);
        for (std::size_t tile = 0; tile < from.byteCounts.size(); ++tile) {
            if (from.byteCounts[tile] > 0 && (finer.doubtful.empty() || !finer.doubtful[tile])) continue;
            const std::int64_t column = std::min(static_cast<std::int64_t>(tile) % from.columns / across,
                                                 to.columns - 1),
                               row = std::min(static_cast<std::int64_t>(tile) / from.columns / down,
                                              to.rows - 1);
            coarser.doubtful.resize(to.byteCounts.size());
            coarser.doubtful[static_cast<std::size_t>(row * to.columns + column)] = true;
        }
    }
}

void TiledTiffSource::addSubPictures() {
    if (info_->vendor != "generic-tiff" || !levels_.front()->picture) return;
    auto info = std::make_shared<SlideInfo>(*info_);
    const auto& pictures = tiff_->pictures();
    const auto* full = levels_.front()->picture;
    for (const auto* picture = full + 1;
         picture != pictures.data() + pictures.size() && picture->isSubPicture; ++picture) {
        const SlideLevel& finer = info->levels.back();
        const double across = static_cast<double>(full->width) / static_cast<double>(picture->width),
                     down = static_cast<double>(full->height) / static_cast<double>(picture->height);
        const double side = static_cast<double>(std::min(picture->width, picture->height));
        if (picture->width >= finer.width || std::abs(across / down - 1) > 2 / side) continue;
        info->levels.push_back(
            {picture->width, picture->height, (across + down) / 2, picture->tileWidth, picture->tileHeight});
        levels_.push_back(std::make_unique<Level>());
        levels_.back()->picture = picture;
        const auto former = std::exchange(info_, info);
        const int added = static_cast<int>(info->levels.size()) - 1;
        const bool same = isDirect(added);
        info = std::make_shared<SlideInfo>(same ? *info_ : *former);
        if (!same) levels_.pop_back();
        info_ = info;
    }
    if (info_->levels.size() > static_cast<std::size_t>(openSlideLevels_)) {
        auto more = std::make_shared<SlideInfo>(*info_);
        // It was said of the full resolution alone.
        std::erase_if(more->warnings, [](const std::string& warning) {
            return warning.find("no overview levels") != std::string::npos;
        });
        info_ = std::move(more);
    }
}

bool TiledTiffSource::isDoubtful(int level, std::int64_t column, std::int64_t row) const {
    const Level& its = *levels_[static_cast<std::size_t>(level)];
    return !its.doubtful.empty() &&
           its.doubtful[static_cast<std::size_t>(row * its.picture->columns + column)];
}

bool TiledTiffSource::isDirect(int level) const {
    Level& its = *levels_[static_cast<std::size_t>(level)];
    if (!its.picture) return false;
    std::call_once(its.checked, [&] {
        its.agrees = agrees(level);
        if (!its.agrees && level < openSlideLevels_)
            spdlog::warn(
                "{}: level {} is read through OpenSlide alone, which is slower, because the tiles of the "
                "file look different",
                path_.string(), level);
    });
    return its.agrees;
}

bool TiledTiffSource::agrees(int level) const {
    const TiledTiffPicture& picture = *levels_[static_cast<std::size_t>(level)]->picture;
    const auto largest = std::ranges::max_element(picture.byteCounts) - picture.byteCounts.begin();
    const std::set<std::array<std::int64_t, 2>> places{
        {picture.columns / 2, picture.rows / 2},
        {picture.columns - 1, picture.rows - 1},
        {largest % picture.columns, largest / picture.columns}};
    return std::ranges::all_of(places, [&](const auto& at) { return agreesAt(level, at[0], at[1]); });
}

bool TiledTiffSource::agreesAt(int level, std::int64_t column, std::int64_t row) const {
    const SlideLevel& its = info_->levels[static_cast<std::size_t>(level)];
    const TiledTiffPicture& picture = *levels_[static_cast<std::size_t>(level)]->picture;
    column = exactTile(column, picture.tileWidth, its.downsample);
    row = exactTile(row, picture.tileHeight, its.downsample);
    if (!tiff_->hasTile(picture, column, row) || isDoubtful(level, column, row))
        return true; // OpenSlide is asked there anyway
    const LevelRect rect{column * picture.tileWidth, row * picture.tileHeight,
                         static_cast<int>(std::min<std::int64_t>(
                             {picture.tileWidth, its.width - column * picture.tileWidth, 1024})),
                         static_cast<int>(std::min<std::int64_t>(
                             {picture.tileHeight, its.height - row * picture.tileHeight, 1024}))};
    if (rect.width <= 0 || rect.height <= 0) return true; // in the padding
    Raster ours = emptyRaster(rect.width, rect.height);
    if (!tiff_->readTile(picture, column, row, 0, targetOf(ours))) return true; // damaged: OpenSlide is asked
    if (level >= openSlideLevels_) {
        const auto finer =
            resampleLevel(*this, level - 1, toLevel0Rect(*info_, level, rect), rect.width, rect.height);
        return finer && meanDifference(ours, *finer) <= resampledTolerance;
    }
    const auto theirs = slide_->readRegion(level, rect);
    if (!theirs) return true; // nothing to compare with
    return slide_->isExact(level) ? largestDifference(ours, *theirs) <= 1
                                  : meanDifference(ours, *theirs) <= resampledTolerance;
}

Result<Raster> TiledTiffSource::readRegion(int level, LevelRect rect) const {
    if (level < 0 || static_cast<std::size_t>(level) >= info_->levels.size() || rect.width <= 0 ||
        rect.height <= 0 || std::int64_t{rect.width} * rect.height > maxRegionPixels || !isDirect(level))
        return slide_->readRegion(level, rect); // it has the sentences
    Raster raster = emptyRaster(rect.width, rect.height);
    if (auto done = readTiles(level, rect, 0, targetOf(raster)); !done) return Failure(done.error());
    return raster;
}

Result<void> TiledTiffSource::readReduced(int level, LevelRect rect, int reduction, PixelTarget out) const {
    const auto reduced = [reduction](int side) { return (side + (1 << reduction) - 1) >> reduction; };
    if (level < 0 || static_cast<std::size_t>(level) >= info_->levels.size() || reduction < 0 ||
        reduction > 3 || rect.width <= 0 || rect.height <= 0 || out.width != reduced(rect.width) ||
        out.height != reduced(rect.height))
        return SlideSource::readReduced(level, rect, reduction, out);
    if (!isDirect(level)) return slide_->readReduced(level, rect, reduction, out);
    const TiledTiffPicture& picture = *levels_[static_cast<std::size_t>(level)]->picture;
    const auto isWhole = [reduction](std::int64_t at) { return at % (std::int64_t{1} << reduction) == 0; };
    const bool scales = picture.isJpeg && isWhole(picture.tileWidth) && isWhole(picture.tileHeight) &&
                        isWhole(rect.x) && isWhole(rect.y);
    if (reduction > 0 && !scales) return SlideSource::readReduced(level, rect, reduction, out);
    return readTiles(level, rect, reduction, out);
}

Result<void> TiledTiffSource::readTiles(int level, LevelRect rect, int reduction, PixelTarget out) const {
    const SlideLevel& its = info_->levels[static_cast<std::size_t>(level)];
    const TiledTiffPicture& picture = *levels_[static_cast<std::size_t>(level)]->picture;
    const std::int64_t left = std::max<std::int64_t>(rect.x, 0), top = std::max<std::int64_t>(rect.y, 0);
    const std::int64_t right = std::min<std::int64_t>(rect.x + rect.width, its.width),
                       bottom = std::min<std::int64_t>(rect.y + rect.height, its.height);
    if (left != rect.x || top != rect.y || right != rect.x + rect.width || bottom != rect.y + rect.height)
        for (int y = 0; y < out.height; ++y)
            std::fill_n(out.row(y), out.width, 0xffffffffu);
    if (right <= left || bottom <= top) return {};
    for (std::int64_t row = top / picture.tileHeight; row * picture.tileHeight < bottom; ++row) {
        for (std::int64_t column = left / picture.tileWidth; column * picture.tileWidth < right; ++column) {
            const std::int64_t x = std::max(left, column * picture.tileWidth),
                               y = std::max(top, row * picture.tileHeight);
            const LevelRect part{x, y,
                                 static_cast<int>(std::min(right, (column + 1) * picture.tileWidth) - x),
                                 static_cast<int>(std::min(bottom, (row + 1) * picture.tileHeight) - y)};
            const auto reduced = [reduction](std::int64_t side) {
                return static_cast<int>((side + (1 << reduction) - 1) >> reduction);
            };
            const auto place = partOf(out, reduced(x - rect.x), reduced(y - rect.y), reduced(part.width),
                                      reduced(part.height));
            if (auto done = readTilePart(level, column, row, part, reduction, place); !done) return done;
        }
    }
    return {};
}

/// `part` lies within one tile.
Result<void> TiledTiffSource::readTilePart(int level, std::int64_t column, std::int64_t row, LevelRect part,
                                           int reduction, PixelTarget out) const {
    const TiledTiffPicture& picture = *levels_[static_cast<std::size_t>(level)]->picture;
    const auto elsewhere = [&](const Error& error) -> Result<void> {
        if (level < openSlideLevels_) return slide_->readReduced(level, part, reduction, out);
        return Failure(error);
    };
    const auto index = static_cast<std::size_t>(row * picture.columns + column);
    // Left out on purpose, for there is nothing to see; OpenSlide knows what that means in scanners' formats,
    // but fails in others.
    if (picture.byteCounts[index] == 0 &&
        (level >= openSlideLevels_ || info_->vendor == "generic-tiff" || info_->vendor == "philips")) {
        for (int line = 0; line < out.height; ++line)
            std::fill_n(out.row(line), out.width, 0xffffffffu);
        return {};
    }
    if (!tiff_->hasTile(picture, column, row) || isDoubtful(level, column, row))
        return elsewhere({ErrorKind::BadInput, "a tile of this slide is missing", path_.string(), {}});
    const std::int64_t tileX = column * picture.tileWidth, tileY = row * picture.tileHeight;
    const int insideX = static_cast<int>(part.x - tileX), insideY = static_cast<int>(part.y - tileY);
    const SlideLevel& its = info_->levels[static_cast<std::size_t>(level)];
    const bool whole = part.width == std::min<std::int64_t>(picture.tileWidth, its.width - tileX) &&
                       part.height == std::min<std::int64_t>(picture.tileHeight, its.height - tileY);
    const auto done = whole && !isLarge(picture)
                          ? tiff_->readTile(picture, column, row, reduction, out)
                          : readFromDecoded(picture, column, row, insideX, insideY, reduction, out);
    return done ? done : elsewhere(done.error());
}

/// `out` from (x, y) of that tile on, which is decoded as a whole.
Result<void> TiledTiffSource::readFromDecoded(const TiledTiffPicture& picture, std::int64_t column,
                                              std::int64_t row, int x, int y, int reduction,
                                              PixelTarget out) const {
    const auto reduced = [reduction](std::int64_t side) {
        return static_cast<int>((side + (1 << reduction) - 1) >> reduction);
    };
    const int width = reduced(
                  std::min<std::int64_t>(picture.tileWidth, picture.width - column * picture.tileWidth)),
              height = reduced(
                  std::min<std::int64_t>(picture.tileHeight, picture.height - row * picture.tileHeight));
    const auto tile =
        (isLarge(picture) ? large_ : parts_)
            .get({&picture, static_cast<std::size_t>(row * picture.columns + column), reduction},
                 std::size_t{4} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                 [&]() -> Result<Raster> {
                     Raster raster = emptyRaster(width, height);
                     if (auto done = tiff_->readTile(picture, column, row, reduction, targetOf(raster));
                         !done)
                         return Failure(done.error());
                     return raster;
                 });
    if (!tile) return Failure(tile.error());
    const int left = x >> reduction, top = y >> reduction;
    const auto pixels = (*tile)->pixels.begin();
    for (int line = 0; line < out.height; ++line)
        std::copy_n(pixels + (std::ptrdiff_t{top} + line) * width + left, out.width, out.row(line));
    return {};
}

Result<Raster> TiledTiffSource::readAssociatedImage(const std::string& name) const {
    return slide_->readAssociatedImage(name);
}
std::string TiledTiffSource::fingerprint() const {
    return slide_->fingerprint();
}

} // namespace spotglass
