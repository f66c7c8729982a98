#include "viewer/slide/OverviewSource.h"

#include <algorithm>

namespace spotglass {
namespace {

constexpr std::int64_t sensibleSide = 16384, overviewSide = 4096;
constexpr int blockSide = 2048; ///< pixels of the slide's coarsest level; so much is read at a time
constexpr int partSide = 256;   ///< and so much where some of it is damaged
constexpr std::uint32_t damaged = 0xffb4b4b4;
constexpr int decoded = 3; ///< the reduction that JPEG is decoded at

} // namespace

std::shared_ptr<SlideSource> OverviewSource::wrap(std::shared_ptr<SlideSource> slide) {
    const SlideLevel coarsest = slide->info()->levels.back();
    const std::int64_t side = std::max(coarsest.width, coarsest.height);
    if (side <= sensibleSide) return slide;
    int factor = 8;
    while (side / factor > overviewSide && factor < blockSide)
        factor *= 2;
    return std::shared_ptr<SlideSource>(new OverviewSource(std::move(slide), factor));
}

OverviewSource::OverviewSource(std::shared_ptr<SlideSource> slide, int factor)
    : slide_(std::move(slide)), factor_(factor) {
    auto info = std::make_shared<SlideInfo>(*slide_->info());
    const SlideLevel& from = info->levels.back();
    level_ = {(from.width + factor_ - 1) / factor_, (from.height + factor_ - 1) / factor_,
              from.downsample * factor_, 128, 128};
    columns_ = (from.width + blockSide - 1) / blockSide;
    rows_ = (from.height + blockSide - 1) / blockSide;
    states_.assign(static_cast<std::size_t>(columns_ * rows_), State::Missing);
    info->levels.push_back(level_);
    info_ = std::move(info);
}

LevelRect OverviewSource::sourceOf(std::int64_t column, std::int64_t row) const {
    const SlideLevel& from = info_->levels[info_->levels.size() - 2];
    const std::int64_t x = column * blockSide, y = row * blockSide;
    return {x, y, static_cast<int>(std::min<std::int64_t>(blockSide, from.width - x)),
            static_cast<int>(std::min<std::int64_t>(blockSide, from.height - y))};
}

/// Fills the pixels of ours that `from` (pixels of the slide's coarsest level, a multiple of the factor on)
/// covers.
Result<void> OverviewSource::makePart(LevelRect from) const {
    Raster small = emptyRaster((from.width + 7) >> decoded, (from.height + 7) >> decoded);
    const int source = static_cast<int>(info_->levels.size()) - 2;
    if (auto done = slide_->readReduced(source, from, decoded, targetOf(small)); !done) return done;
    const int side = factor_ >> decoded;
    const std::int64_t left = from.x / factor_, top = from.y / factor_;
    for (int y = 0; y * side < small.height; ++y)
        for (int x = 0; x * side < small.width; ++x)
            targetOf(pixels_).row(static_cast<int>(top) + y)[left + x] =
                meanOfSquare(small, x * side, y * side, side);
    return {};
}

Result<void> OverviewSource::make(std::int64_t column, std::int64_t row) const {
    const LevelRect block = sourceOf(column, row);
    auto whole = makePart(block);
    if (whole) return whole;
    // One damaged tile must not hide its neighbours; but where nothing can be read, or no longer, the drive
    // may have gone, and that must not be kept.
    const int side = std::max(partSide, factor_);
    std::optional<LevelRect> readable;
    for (int y = 0; y < block.height; y += side)
        for (int x = 0; x < block.width; x += side) {
            const LevelRect part{block.x + x, block.y + y, std::min(side, block.width - x),
                                 std::min(side, block.height - y)};
            if (makePart(part)) {
                readable = part;
                continue;
            }
            if (!readable && x >= 4 * side) return whole;
            for (std::int64_t line = part.y / factor_; line * factor_ < part.y + part.height; ++line)
                std::fill_n(targetOf(pixels_).row(static_cast<int>(line)) + part.x / factor_,
                            (part.width + factor_ - 1) / factor_, damaged);
        }
    if (!readable) return whole;
    return makePart(*readable);
}

Result<void> OverviewSource::need(std::int64_t column, std::int64_t row) const {
    State& state = states_[static_cast<std::size_t>(row * columns_ + column)];
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return state != State::InWork; });
        if (state == State::Ready) return {};
        if (pixels_.pixels.empty()) pixels_ = emptyRaster(level_.width, level_.height);
        state = State::InWork;
    }
    Result<void> done = fail(ErrorKind::Device, "there is not enough memory for the overview of this slide");
    try {
        done = make(column, row);
    } catch (const std::bad_alloc&) { // it says so
    }
    {
        const std::lock_guard lock(mutex_);
        state = done ? State::Ready : State::Missing;
    }
    changed_.notify_all();
    return done;
}

Result<Raster> OverviewSource::readRegion(int level, LevelRect rect) const {
    if (level + 1 != static_cast<int>(info_->levels.size())) return slide_->readRegion(level, rect);
    if (rect.width < 0 || rect.height < 0 || std::int64_t{rect.width} * rect.height > std::int64_t{1} << 28)
        return fail(ErrorKind::Usage, "a region was asked for that is too large");
    Raster raster = emptyRaster(rect.width, rect.height);
    std::ranges::fill(raster.pixels, 0xffffffffu);
    const std::int64_t left = std::max<std::int64_t>(rect.x, 0), top = std::max<std::int64_t>(rect.y, 0),
                       right = std::min(rect.x + rect.width, level_.width),
                       bottom = std::min(rect.y + rect.height, level_.height);
    if (right <= left || bottom <= top) return raster;
    const std::int64_t side = blockSide / factor_;
    for (std::int64_t row = top / side; row * side < bottom; ++row)
        for (std::int64_t column = left / side; column * side < right; ++column)
            if (auto done = need(column, row); !done) return Failure(done.error());
    for (std::int64_t y = top; y < bottom; ++y)
        std::copy_n(targetOf(pixels_).row(static_cast<int>(y)) + left, right - left,
                    targetOf(raster).row(static_cast<int>(y - rect.y)) + (left - rect.x));
    return raster;
}

Result<void> OverviewSource::readReduced(int level, LevelRect rect, int reduction, PixelTarget out) const {
    return level + 1 == static_cast<int>(info_->levels.size())
               ? SlideSource::readReduced(level, rect, reduction, out)
               : slide_->readReduced(level, rect, reduction, out);
}

} // namespace spotglass
