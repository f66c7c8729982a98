#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace spotglass {

/// Scales rows of pixels (0xAARRGGBB) by bilinear interpolation, first along x, then between two rows; a row
/// that is needed again is not interpolated again. Belongs to one thread; keeps its memory between uses.
class BilinearRows {
  public:
    /// Fetches row `y` of the source into `out`: its pixel -1 first, then `width` pixels, then pixel `width`.
    using FetchRow = std::function<void(int y, std::uint32_t* out)>;

    /// Output pixel i lies at first + i * step in the source, whose pixel centres are whole numbers from 0 to
    /// width - 1; places may lie up to half a pixel outside. Forgets the rows of the former source.
    void setColumns(double first, double step, int count, int width);

    /// Writes one output row: `share` 256ths (0 to 256) of the way from source row `y` to the next.
    void writeRow(int y, int share, const FetchRow& fetch, std::uint32_t* out);

  private:
    /// The source row along x, 8 bits behind the point, four channels a pixel.
    [[nodiscard]] const std::uint16_t* row(int y, const FetchRow& fetch);

    struct Row {
        int y = -2; ///< none
        std::vector<std::uint16_t> channels;
    };
    int count_ = 0;
    bool copies_ = false;               ///< output pixels are source pixels
    std::vector<std::int32_t> left_;    ///< index into source_ of the left one of the two pixels
    std::vector<std::uint16_t> shares_; ///< four a pixel, all the same: that of the right one of the two
    std::vector<std::uint32_t> source_;
    Row rows_[2];
};

} // namespace spotglass
