#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <cstring>

namespace spotglass {
std::uint32_t meanOfSquare(const Raster& from, int x, int y, int side) {
    const int right = std::min(x + side, from.width), bottom = std::min(y + side, from.height);
    std::uint32_t red = 0, green = 0, blue = 0;
    for (int row = y; row < bottom; ++row) {
        const std::uint32_t* pixel =
            &from.pixels[static_cast<std::size_t>(row) * static_cast<std::size_t>(from.width)];
        for (int column = x; column < right; ++column) {
            red += pixel[column] >> 16 & 255;
            green += pixel[column] >> 8 & 255;
            blue += pixel[column] & 255;
        }
    }
    const auto count = static_cast<std::uint32_t>((right - x) * (bottom - y)), half = count / 2;
    return 0xff000000u | (red + half) / count << 16 | (green + half) / count << 8 | (blue + half) / count;
}

Result<void> SlideSource::readReduced(int level, LevelRect rect, int reduction, PixelTarget out) const {
    const auto reduced = [reduction](int side) { return (side + (1 << reduction) - 1) >> reduction; };
    if (reduction < 0 || reduction > 3 || rect.width <= 0 || rect.height <= 0 ||
        out.width != reduced(rect.width) || out.height != reduced(rect.height))
        return fail(ErrorKind::Usage, "a region was asked for in a size that does not fit it");
    const auto raster = readRegion(level, rect);
    if (!raster) return Failure(raster.error());
    if (raster->width != rect.width || raster->height != rect.height ||
        raster->pixels.size() != static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height))
        return fail(ErrorKind::Defect, "a region came back with another size than asked for");
    for (int y = 0; y < out.height; ++y) {
        std::uint32_t* line = out.row(y);
        if (reduction == 0) {
            std::memcpy(line,
                        &raster->pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(out.width)],
                        static_cast<std::size_t>(out.width) * sizeof *line);
            continue;
        }
        for (int x = 0; x < out.width; ++x)
            line[x] = meanOfSquare(*raster, x << reduction, y << reduction, 1 << reduction);
    }
    return {};
}

} // namespace spotglass
