#include "viewer/tiles/BilinearRows.h"

#include "viewer/tiles/BilinearKernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace spotglass {
void BilinearRows::setColumns(double first, double step, int count, int width) {
    count_ = count;
    const auto pixels = static_cast<std::size_t>(count);
    left_.resize(pixels);
    shares_.resize(4 * pixels);
    source_.resize(static_cast<std::size_t>(width) + 2);
    for (Row& row : rows_) {
        row.y = -2;
        row.channels.resize(4 * pixels);
    }
    copies_ = true;
    for (std::size_t i = 0; i < pixels; ++i) {
        const double at = first + static_cast<double>(i) * step;
        int left = std::clamp(static_cast<int>(std::floor(at)), -1, width - 1);
        int share = std::clamp(static_cast<int>(std::lround((at - left) * 256)), 0, 256);
        if (share == 256 && left < width - 1) {
            ++left;
            share = 0;
        }
        left_[i] = left + 1; // source_ begins with pixel -1
        std::fill_n(&shares_[4 * i], 4, static_cast<std::uint16_t>(share));
        copies_ = copies_ && share == 0 && left_[i] == left_[0] + static_cast<std::int32_t>(i);
    }
}

const std::uint16_t* BilinearRows::row(int y, const FetchRow& fetch) {
    Row& row = rows_[y & 1]; // two rows that follow each other never share a place
    if (row.y != y) {
        fetch(y, source_.data());
        bilinearKernels().alongRow(source_.data(), left_.data(), shares_.data(), count_, row.channels.data());
        row.y = y;
    }
    return row.channels.data();
}

void BilinearRows::writeRow(int y, int share, const FetchRow& fetch, std::uint32_t* out) {
    if (copies_ && (share == 0 || share == 256)) {
        fetch(share == 0 ? y : y + 1, source_.data());
        std::memcpy(out, &source_[static_cast<std::size_t>(left_[0])],
                    static_cast<std::size_t>(count_) * sizeof *out);
        return;
    }
    const std::uint16_t* above = row(y, fetch);
    bilinearKernels().betweenRows(above, share == 0 ? above : row(y + 1, fetch), share, count_, out);
}

} // namespace spotglass
