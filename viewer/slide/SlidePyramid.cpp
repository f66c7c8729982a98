#include "viewer/slide/SlidePyramid.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

constexpr double bandPixels = 32e6; ///< source pixels held at a time; more would cost memory, less seeks

/// The source pixels that one output pixel is made of, along one axis.
struct Taps {
    std::int64_t first = 0;
    std::vector<float> weights; ///< sum to 1
};

/// One axis of the resampling: `count` output pixels over [start, start + length) of a level that is `size`
/// long.
std::vector<Taps> tapsFor(double start, double length, int count, std::int64_t size) {
    std::vector<Taps> all(static_cast<std::size_t>(count));
    const double step = length / count;
    for (int i = 0; i < count; ++i) {
        Taps& taps = all[static_cast<std::size_t>(i)];
        if (step < 1) { // enlarging: bilinear between pixel centres
            const double center = start + (i + 0.5) * step - 0.5;
            const double below = std::floor(center);
            taps.first = static_cast<std::int64_t>(below);
            taps.weights = {static_cast<float>(1 - (center - below)), static_cast<float>(center - below)};
            // The slide's own edge continues its last pixel; white would bleed in otherwise.
            if (taps.first == -1) taps = {0, {1}};
            if (taps.first == size - 1) taps.weights = {1};
            continue;
        }
        const double from = start + i * step, to = start + (i + 1) * step; // shrinking: mean over the area
        taps.first = static_cast<std::int64_t>(std::floor(from + 1e-9));
        const auto last = std::max(taps.first, static_cast<std::int64_t>(std::ceil(to - 1e-9)) - 1);
        for (std::int64_t p = taps.first; p <= last; ++p) {
            const double covered = std::min(to, double(p) + 1) - std::max(from, double(p));
            taps.weights.push_back(static_cast<float>(covered / step));
        }
    }
    return all;
}

std::int64_t lastOf(const Taps& taps) {
    return taps.first + static_cast<std::int64_t>(taps.weights.size());
}

/// Adds `weight` times one source row, resampled along x, to `sums` (3 floats an output pixel).
void addRow(const std::uint32_t* row, std::int64_t rowX, const std::vector<Taps>& columns, float weight,
            float* sums) {
    for (const Taps& taps : columns) {
        float red = 0, green = 0, blue = 0;
        const std::uint32_t* pixel = row + (taps.first - rowX);
        for (const float w : taps.weights) {
            red += w * static_cast<float>((*pixel >> 16) & 255);
            green += w * static_cast<float>((*pixel >> 8) & 255);
            blue += w * static_cast<float>(*pixel & 255);
            ++pixel;
        }
        *sums++ += weight * red;
        *sums++ += weight * green;
        *sums++ += weight * blue;
    }
}

std::uint32_t rounded(const float* sums) {
    const auto byte = [](float v) { return static_cast<std::uint32_t>(std::clamp(v + 0.5f, 0.0f, 255.0f)); };
    return 0xff000000u | byte(sums[0]) << 16 | byte(sums[1]) << 8 | byte(sums[2]);
}

/// Output rows [begin, end) from one read of the source.
Result<void> resampleBand(const SlideSource& source, int level, const std::vector<Taps>& columns,
                          const std::vector<Taps>& rows, int begin, int end, Raster& out) {
    LevelRect rect;
    rect.x = columns.front().first;
    rect.y = rows[static_cast<std::size_t>(begin)].first;
    rect.width = static_cast<int>(lastOf(columns.back()) - rect.x);
    rect.height = static_cast<int>(lastOf(rows[static_cast<std::size_t>(end) - 1]) - rect.y);
    auto read = source.readRegion(level, rect);
    if (!read) return Failure(read.error());
    std::vector<float> sums(columns.size() * 3);
    for (int y = begin; y < end; ++y) {
        std::fill(sums.begin(), sums.end(), 0.0f);
        const Taps& taps = rows[static_cast<std::size_t>(y)];
        for (std::size_t k = 0; k < taps.weights.size(); ++k) {
            const auto line = static_cast<std::size_t>(taps.first - rect.y) + k;
            addRow(read->pixels.data() + line * static_cast<std::size_t>(rect.width), rect.x, columns,
                   taps.weights[k], sums.data());
        }
        for (std::size_t x = 0; x < columns.size(); ++x)
            out.pixels[static_cast<std::size_t>(y) * columns.size() + x] = rounded(&sums[3 * x]);
    }
    return {};
}

bool isWhole(double v) {
    return v == std::floor(v);
}

} // namespace

int bestLevelForDownsample(const SlideInfo& info, double downsample) {
    int best = 0;
    for (std::size_t i = 0; i < info.levels.size(); ++i)
        if (info.levels[i].downsample <= downsample * 1.01 &&
            info.levels[i].downsample >= info.levels[static_cast<std::size_t>(best)].downsample)
            best = static_cast<int>(i);
    return best;
}

LevelRect toLevelRect(const SlideInfo& info, int level, Level0Rect rect) {
    const double scale = info.levels[static_cast<std::size_t>(level)].downsample;
    // The tolerance keeps a rectangle that came from level pixels from growing by a pixel through rounding.
    const auto floor = [scale](double v) { return static_cast<std::int64_t>(std::floor(v / scale + 1e-6)); };
    const auto ceil = [scale](double v) { return static_cast<std::int64_t>(std::ceil(v / scale - 1e-6)); };
    const std::int64_t x = floor(rect.x), y = floor(rect.y);
    return {x, y, static_cast<int>(std::max<std::int64_t>(0, ceil(rect.right()) - x)),
            static_cast<int>(std::max<std::int64_t>(0, ceil(rect.bottom()) - y))};
}

Level0Rect toLevel0Rect(const SlideInfo& info, int level, LevelRect rect) {
    const double scale = info.levels[static_cast<std::size_t>(level)].downsample;
    return {static_cast<double>(rect.x) * scale, static_cast<double>(rect.y) * scale, rect.width * scale,
            rect.height * scale};
}

Level0Rect level0Bounds(const SlideInfo& info) {
    if (info.levels.empty()) return {};
    return {0, 0, static_cast<double>(info.levels[0].width), static_cast<double>(info.levels[0].height)};
}

Result<Raster> readLevel0Region(const SlideSource& source, Level0Rect rect, int width, int height) {
    if (rect.isEmpty() || width <= 0 || height <= 0 ||
        !std::isfinite(rect.x + rect.y + rect.width + rect.height))
        return fail(ErrorKind::Usage, "an empty region of the slide was asked for");
    if (isWhole(rect.x) && isWhole(rect.y) && rect.width == width && rect.height == height)
        return source.readRegion(
            0, {static_cast<std::int64_t>(rect.x), static_cast<std::int64_t>(rect.y), width, height});
    const int level =
        bestLevelForDownsample(*source.info(), std::min(rect.width / width, rect.height / height));
    return resampleLevel(source, level, rect, width, height);
}

Result<Raster> resampleLevel(const SlideSource& source, int level, Level0Rect rect, int width, int height) {
    const auto info = source.info();
    const SlideLevel& from = info->levels[static_cast<std::size_t>(level)];
    const auto columns = tapsFor(rect.x / from.downsample, rect.width / from.downsample, width, from.width);
    const auto rows = tapsFor(rect.y / from.downsample, rect.height / from.downsample, height, from.height);
    const double sourcePixelsPerRow =
        (rect.width / from.downsample + 2) * std::max(1.0, rect.height / from.downsample / height);
    const int band = std::clamp(static_cast<int>(std::min(bandPixels / sourcePixelsPerRow, 1e6)), 1, height);
    Raster out{
        width, height,
        std::vector<std::uint32_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height))};
    for (int y = 0; y < height; y += band)
        if (auto ok = resampleBand(source, level, columns, rows, y, std::min(height, y + band), out); !ok)
            return Failure(ok.error());
    return out;
}

} // namespace spotglass
