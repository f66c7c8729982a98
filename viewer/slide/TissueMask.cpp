#include "viewer/slide/TissueMask.h"

#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/TissueSegmentation.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace spotglass {
namespace {

constexpr double cellMicrons = 10, cellPixelsWithoutScale = 16;
constexpr int maxCells = 2000, minCells = 64; ///< along the longer side
constexpr int blockCells = 256, smallestBlock = 16;

/// Level-0 pixels per cell.
double cellSizeFor(const SlideInfo& info) {
    const double longer = static_cast<double>(std::max(info.levels[0].width, info.levels[0].height));
    const double wanted =
        info.micronsPerPixel ? cellMicrons / info.micronsPerPixel->mean() : cellPixelsWithoutScale;
    const double cell = std::max({1.0, std::min(wanted, longer / minCells), longer / maxCells});
    // A level that is a little coarser spares decoding the next finer one, of many times its pixels.
    double best = cell;
    for (const auto& level : info.levels)
        if (level.downsample >= cell && level.downsample <= 1.5 * cell &&
            (best == cell || level.downsample < best))
            best = level.downsample;
    return best;
}

/// Reads the slide block by block into one picture. A block that fails is read again in quarters, so that a
/// damaged tile costs no more than its surroundings.
class BlockReader {
  public:
    BlockReader(const SlideSource& source, double cell, int width, int height, CancelToken cancel)
        : source_(source), cell_(cell), cancel_(std::move(cancel)) {
        const auto size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
        picture = {width, height, std::vector<std::uint32_t>(size, 0xffffffffu)};
        unreadable.assign(size, 0);
    }

    void readAll() {
        for (int y = 0; y < picture.height; y += blockCells)
            for (int x = 0; x < picture.width; x += blockCells)
                read(x, y, std::min(blockCells, picture.width - x), std::min(blockCells, picture.height - y));
    }

    Raster picture;
    std::vector<std::uint8_t> unreadable;
    bool anythingRead = false;
    std::optional<Error> error;

  private:
    void read(int x, int y, int width, int height) {
        if (cancel_.isCancelled() || width <= 0 || height <= 0) return;
        auto block =
            readLevel0Region(source_, {x * cell_, y * cell_, width * cell_, height * cell_}, width, height);
        if (block) {
            anythingRead = true;
            for (int row = 0; row < height; ++row)
                std::copy_n(block->pixels.begin() + static_cast<std::ptrdiff_t>(row) * width, width,
                            picture.pixels.begin() + offset(x, y + row));
            return;
        }
        error = block.error();
        if (std::max(width, height) > smallestBlock) {
            const int halfWidth = (width + 1) / 2, halfHeight = (height + 1) / 2;
            read(x, y, halfWidth, halfHeight);
            read(x + halfWidth, y, width - halfWidth, halfHeight);
            read(x, y + halfHeight, halfWidth, height - halfHeight);
            read(x + halfWidth, y + halfHeight, width - halfWidth, height - halfHeight);
            return;
        }
        for (int row = 0; row < height; ++row)
            std::fill_n(unreadable.begin() + offset(x, y + row), width, std::uint8_t{1});
    }
    [[nodiscard]] std::ptrdiff_t offset(int x, int y) const {
        return static_cast<std::ptrdiff_t>(y) * picture.width + x;
    }

    const SlideSource& source_;
    double cell_;
    CancelToken cancel_;
};

} // namespace

struct TissueMask::Data {
    int width = 0, height = 0;
    double cellWidth = 1, cellHeight = 1;
    std::vector<std::uint8_t> cells;
    cv::Mat sums;     ///< int, (height + 1) x (width + 1): tissue cells above and left
    cv::Mat distance; ///< float: cells from a cell's centre to the nearest tissue cell's centre
    Level0Rect bounds;

    [[nodiscard]] double cellsAboveLeft(double x, double y) const;
};

/// Tissue cells in [0, x) x [0, y), with parts of cells: bilinear in the sums, which is exact for whole-cell
/// values.
double TissueMask::Data::cellsAboveLeft(double x, double y) const {
    x = std::clamp<double>(x, 0, width);
    y = std::clamp<double>(y, 0, height);
    const int ix = std::min(static_cast<int>(x), width - 1), iy = std::min(static_cast<int>(y), height - 1);
    const int* upper = sums.ptr<int>(iy);
    const int* lower = sums.ptr<int>(iy + 1);
    return std::lerp(std::lerp(double(upper[ix]), double(upper[ix + 1]), x - ix),
                     std::lerp(double(lower[ix]), double(lower[ix + 1]), x - ix), y - iy);
}

TissueMask::TissueMask() : data_(std::make_shared<Data>()) {}

TissueMask TissueMask::fromPicture(const Raster& picture, double cellWidth, double cellHeight,
                                   const std::vector<std::uint8_t>& unreadable) {
    auto data = std::make_shared<Data>();
    data->width = picture.width;
    data->height = picture.height;
    data->cellWidth = cellWidth;
    data->cellHeight = cellHeight;
    TissueMask mask;
    if (picture.width <= 0 || picture.height <= 0) return mask;
    cv::Mat found = segmentTissue(picture, unreadable);
    data->cells.assign(found.datastart, found.dataend);
    cv::Mat ones = found / 255, glass;
    cv::integral(ones, data->sums, CV_32S);
    const cv::Rect box = cv::boundingRect(found);
    data->bounds = {box.x * cellWidth, box.y * cellHeight, box.width * cellWidth, box.height * cellHeight};
    if (!box.empty()) {
        cv::bitwise_not(found, glass);
        cv::distanceTransform(glass, data->distance, cv::DIST_L2, cv::DIST_MASK_PRECISE, CV_32F);
    }
    mask.data_ = std::move(data);
    return mask;
}

Result<TissueMask> TissueMask::compute(const SlideSource& source, CancelToken cancel) {
    const auto info = source.info();
    if (info->levels.empty()) return badInput("this slide holds no image");
    const double cell = cellSizeFor(*info);
    const int width = static_cast<int>(std::ceil(static_cast<double>(info->levels[0].width) / cell));
    const int height = static_cast<int>(std::ceil(static_cast<double>(info->levels[0].height) / cell));
    BlockReader reader(source, cell, width, height, cancel);
    reader.readAll();
    if (cancel.isCancelled()) return cancelled();
    if (!reader.anythingRead) return Failure(reader.error.value_or(Error{}));
    return fromPicture(reader.picture, cell, cell, reader.unreadable);
}

bool TissueMask::contains(Level0Point point) const {
    const double x = std::floor(point.x / data_->cellWidth), y = std::floor(point.y / data_->cellHeight);
    if (!(x >= 0 && y >= 0 && x < data_->width && y < data_->height)) return false;
    return data_->cells[static_cast<std::size_t>(y) * static_cast<std::size_t>(data_->width) +
                        static_cast<std::size_t>(x)] != 0;
}

double TissueMask::coverage(Level0Rect rect) const {
    if (rect.isEmpty() || data_->width == 0) return 0;
    const double left = rect.x / data_->cellWidth, right = rect.right() / data_->cellWidth;
    const double top = rect.y / data_->cellHeight, bottom = rect.bottom() / data_->cellHeight;
    const double tissue = data_->cellsAboveLeft(right, bottom) - data_->cellsAboveLeft(left, bottom) -
                          data_->cellsAboveLeft(right, top) + data_->cellsAboveLeft(left, top);
    return std::clamp(tissue / ((right - left) * (bottom - top)), 0.0, 1.0);
}

bool TissueMask::isNear(Level0Point point, double distance) const {
    if (data_->distance.empty()) return false;
    const double x = point.x / data_->cellWidth - 0.5, y = point.y / data_->cellHeight - 0.5;
    const int column = static_cast<int>(std::lround(std::clamp<double>(x, 0, data_->width - 1)));
    const int row = static_cast<int>(std::lround(std::clamp<double>(y, 0, data_->height - 1)));
    const double cell = (data_->cellWidth + data_->cellHeight) / 2;
    // A point beside the slide has the way to the nearest cell before it.
    const double beside = std::hypot(std::max({0.0, -x - 0.5, x + 0.5 - data_->width}),
                                     std::max({0.0, -y - 0.5, y + 0.5 - data_->height}));
    const double within = std::max(0.0, static_cast<double>(data_->distance.at<float>(row, column)) - 0.5);
    return (within + beside) * cell <= distance;
}

Level0Rect TissueMask::bounds() const {
    return data_->bounds;
}

double TissueMask::fraction() const {
    if (data_->width == 0) return 0;
    return static_cast<double>(data_->sums.at<int>(data_->height, data_->width)) /
           (static_cast<double>(data_->width) * data_->height);
}

const std::vector<std::uint8_t>& TissueMask::cells() const {
    return data_->cells;
}
int TissueMask::width() const {
    return data_->width;
}
int TissueMask::height() const {
    return data_->height;
}
double TissueMask::cellWidth() const {
    return data_->cellWidth;
}
double TissueMask::cellHeight() const {
    return data_->cellHeight;
}

} // namespace spotglass
