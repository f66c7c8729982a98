#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace spotglass {

/// The bilinear mean of above[0], above[1], below[0] and below[1] (0xAARRGGBB), shares in 256ths from 0 to
/// 255.
[[nodiscard]] inline std::uint32_t bilinear(const std::uint32_t* above, const std::uint32_t* below,
                                            unsigned shareX, unsigned shareY) {
#if defined(__SSE2__)
    const __m128i zero = _mm_setzero_si128();
    const __m128i top = _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(above)), zero);
    const __m128i bottom = _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(below)), zero);
    const __m128i y1 = _mm_set1_epi16(static_cast<short>(shareY)),
                  y0 = _mm_set1_epi16(static_cast<short>(256 - shareY));
    const __m128i pair =
        _mm_srli_epi16(_mm_add_epi16(_mm_mullo_epi16(top, y0), _mm_mullo_epi16(bottom, y1)), 8);
    const __m128i x = _mm_unpacklo_epi64(_mm_set1_epi16(static_cast<short>(256 - shareX)),
                                         _mm_set1_epi16(static_cast<short>(shareX)));
    const __m128i sides = _mm_mullo_epi16(pair, x);
    const __m128i sum = _mm_add_epi16(sides, _mm_srli_si128(sides, 8));
    const __m128i bytes = _mm_srli_epi16(_mm_add_epi16(sum, _mm_set1_epi16(128)), 8);
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(bytes, zero)));
#else
    std::uint32_t out = 0;
    for (int shift = 0; shift < 32; shift += 8) {
        const auto channel = [shift](std::uint32_t pixel) { return pixel >> shift & 255; };
        const std::uint32_t left = (channel(above[0]) * (256 - shareY) + channel(below[0]) * shareY) >> 8;
        const std::uint32_t right = (channel(above[1]) * (256 - shareY) + channel(below[1]) * shareY) >> 8;
        out |= ((left * (256 - shareX) + right * shareX + 128) >> 8) << shift;
    }
    return out;
#endif
}

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
    void interpolate(std::uint16_t* out) const;

    struct Row {
        int y = -2; ///< none
        std::vector<std::uint16_t> channels;
    };
    int count_ = 0;
    bool copies_ = false;               ///< output pixels are source pixels
    std::vector<std::int32_t> left_;    ///< index into source_ of the left one of the two pixels
    std::vector<std::uint16_t> shares_; ///< eight a pixel: four times that of the left one, four of the right
    std::vector<std::uint32_t> source_;
    Row rows_[2];
};

} // namespace spotglass
