#include "viewer/slide/ImagePyramid.h"

#include <algorithm>
#include <fmt/format.h>

namespace spotglass {
namespace {

constexpr std::int64_t coarsestSide = 512;
constexpr std::int64_t maxRegionPixels = 1ll << 28;

/// One row of a level from two of the level below (the same one twice at the lower edge).
void halveRow(const std::uint8_t* upper, const std::uint8_t* lower, std::int64_t sourceWidth,
              std::uint8_t* out) {
    const std::int64_t whole = sourceWidth / 2;
    for (std::int64_t x = 0; x < whole; ++x, upper += 6, lower += 6)
        for (int c = 0; c < 3; ++c)
            *out++ = static_cast<std::uint8_t>((upper[c] + upper[c + 3] + lower[c] + lower[c + 3] + 2) / 4);
    if (sourceWidth % 2)
        for (int c = 0; c < 3; ++c)
            *out++ = static_cast<std::uint8_t>((upper[c] + lower[c] + 1) / 2);
}

} // namespace

ImagePyramid::ImagePyramid(std::int64_t width, std::int64_t height, int tileSize) {
    for (std::int64_t down = 1;; down *= 2) {
        const std::int64_t w = (width + down - 1) / down, h = (height + down - 1) / down;
        levels_.push_back({w, h, static_cast<double>(down), tileSize, tileSize});
        const auto bytes = static_cast<std::size_t>(w * h * 3);
        pixels_.emplace_back(bytes, bytes > maxInMemory);
        if (std::max(w, h) <= coarsestSide) break;
    }
    rowsReady_.assign(levels_.size(), 0);
}

std::uint8_t* ImagePyramid::row(int level, std::int64_t y) {
    const auto n = static_cast<std::size_t>(level);
    return pixels_[n].data() + y * levels_[n].width * 3;
}
const std::uint8_t* ImagePyramid::row(int level, std::int64_t y) const {
    const auto n = static_cast<std::size_t>(level);
    return pixels_[n].data() + y * levels_[n].width * 3;
}

/// Fills the rows of `level` from row `from` on that the first `sourceRows` rows of the level below allow;
/// returns how many rows of `level` there are then.
std::int64_t ImagePyramid::halve(int level, std::int64_t from, std::int64_t sourceRows) {
    const SlideLevel& source = levels_[static_cast<std::size_t>(level) - 1];
    const SlideLevel& target = levels_[static_cast<std::size_t>(level)];
    const std::int64_t to = sourceRows >= source.height ? target.height : sourceRows / 2;
    for (std::int64_t y = from; y < to; ++y)
        halveRow(row(level - 1, 2 * y), row(level - 1, std::min(2 * y + 1, source.height - 1)), source.width,
                 row(level, y));
    return std::max(from, to);
}

void ImagePyramid::publishPreview() {
    std::vector<std::int64_t> ready = rowsReady_; // only this thread writes it
    const int count = static_cast<int>(levels_.size());
    if (count <= previewLevel) return;
    ready[previewLevel] = levels_[previewLevel].height;
    for (int level = previewLevel + 1; level < count; ++level)
        ready[static_cast<std::size_t>(level)] =
            halve(level, 0, levels_[static_cast<std::size_t>(level) - 1].height);
    {
        const std::lock_guard lock(mutex_);
        rowsReady_ = ready;
    }
    changed_.notify_all();
}

void ImagePyramid::publishRows(std::int64_t rows) {
    std::vector<std::int64_t> ready = rowsReady_;
    ready[0] = rows;
    for (std::size_t n = 1; n < levels_.size() && ready[n] < levels_[n].height; ++n)
        ready[n] = halve(static_cast<int>(n), ready[n], ready[n - 1]);
    {
        const std::lock_guard lock(mutex_);
        rowsReady_ = ready;
    }
    changed_.notify_all();
    rest(rows);
}

/// The first `rows` rows of level 0 have been halved, and take no memory until somebody looks at them.
void ImagePyramid::rest(std::int64_t rows) {
    constexpr std::int64_t together = 1024; // rows; each call costs time
    rows -= rows % 2;                       // the last may be halved with the next
    if (rows - resting_ < together && rows < levels_[0].height - 1) return;
    const std::int64_t bytes = levels_[0].width * 3;
    pixels_[0].rest(static_cast<std::size_t>(resting_ * bytes),
                    static_cast<std::size_t>((rows - resting_) * bytes));
    if (pixels_.size() > 1) {
        const std::int64_t half = levels_[1].width * 3;
        pixels_[1].rest(static_cast<std::size_t>(resting_ / 2 * half),
                        static_cast<std::size_t>((rows - resting_) / 4 * 2 * half));
    }
    resting_ = rows;
}

void ImagePyramid::close(Error error) {
    {
        const std::lock_guard lock(mutex_);
        closed_ = std::move(error);
    }
    changed_.notify_all();
}

bool ImagePyramid::isReady(int level) const {
    const std::lock_guard lock(mutex_);
    const auto n = static_cast<std::size_t>(level);
    return rowsReady_[n] >= levels_[n].height;
}

Result<void> ImagePyramid::waitForRows(int level, std::int64_t rows) const {
    std::unique_lock lock(mutex_);
    const auto n = static_cast<std::size_t>(level);
    changed_.wait(lock, [&] { return rowsReady_[n] >= rows || closed_; });
    if (rowsReady_[n] < rows) return Failure(*closed_);
    return {};
}

Result<void> ImagePyramid::waitUntilComplete() const {
    for (std::size_t n = 0; n < levels_.size(); ++n)
        if (auto ok = waitForRows(static_cast<int>(n), levels_[n].height); !ok) return ok;
    return {};
}

Result<Raster> ImagePyramid::read(int level, LevelRect rect) const {
    if (level < 0 || static_cast<std::size_t>(level) >= levels_.size())
        return badInput(fmt::format("the image has no level {}", level));
    if (rect.width < 0 || rect.height < 0 ||
        static_cast<std::int64_t>(rect.width) * rect.height > maxRegionPixels)
        return fail(ErrorKind::Usage, fmt::format("a region of {} x {} pixels cannot be read at once",
                                                  rect.width, rect.height));
    const SlideLevel& from = levels_[static_cast<std::size_t>(level)];
    const std::int64_t left = std::clamp<std::int64_t>(rect.x, 0, from.width);
    const std::int64_t right = std::clamp<std::int64_t>(rect.x + rect.width, left, from.width);
    const std::int64_t top = std::clamp<std::int64_t>(rect.y, 0, from.height);
    const std::int64_t bottom = std::clamp<std::int64_t>(rect.y + rect.height, top, from.height);
    Raster out{rect.width, rect.height, {}};
    out.pixels.assign(static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height),
                      0xffffffffu);
    if (left == right || top == bottom) return out;
    if (auto ok = waitForRows(level, bottom); !ok) return Failure(ok.error());
    for (std::int64_t y = top; y < bottom; ++y) {
        const std::uint8_t* bgr = row(level, y) + left * 3;
        std::uint32_t* to = out.pixels.data() + (y - rect.y) * rect.width + (left - rect.x);
        for (std::int64_t x = left; x < right; ++x, bgr += 3)
            *to++ = 0xff000000u | static_cast<std::uint32_t>(bgr[2] << 16 | bgr[1] << 8 | bgr[0]);
    }
    return out;
}

} // namespace spotglass
