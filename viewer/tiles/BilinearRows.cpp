#include "viewer/tiles/BilinearRows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace spotglass {
namespace {

/// 256ths of both rows, each 16 bits wide, to bytes.
void mixRows(const std::uint16_t* above, const std::uint16_t* below, int share, int count,
             std::uint32_t* out) {
    const auto lower = static_cast<std::uint16_t>(std::min(share * 256, 65535));
    const auto upper = static_cast<std::uint16_t>(65535 - lower);
    int i = 0;
#if defined(__SSE2__)
    const __m128i a = _mm_set1_epi16(static_cast<short>(upper)),
                  b = _mm_set1_epi16(static_cast<short>(lower));
    const __m128i half = _mm_set1_epi16(128);
    const auto mix = [&](int at) {
        const __m128i top = _mm_loadu_si128(reinterpret_cast<const __m128i*>(above + 4 * at));
        const __m128i bottom = _mm_loadu_si128(reinterpret_cast<const __m128i*>(below + 4 * at));
        const __m128i sum = _mm_add_epi16(_mm_mulhi_epu16(top, a), _mm_mulhi_epu16(bottom, b));
        return _mm_srli_epi16(_mm_adds_epu16(sum, half), 8);
    };
    for (; i + 4 <= count; i += 4)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_packus_epi16(mix(i), mix(i + 2)));
#endif
    for (; i < count; ++i) {
        out[i] = 0;
        for (int c = 0; c < 4; ++c) {
            const std::uint32_t sum = (above[4 * i + c] * static_cast<std::uint32_t>(upper) >> 16) +
                                      (below[4 * i + c] * static_cast<std::uint32_t>(lower) >> 16);
            out[i] |= std::min<std::uint32_t>((sum + 128) >> 8, 255) << (8 * c);
        }
    }
}

} // namespace

void BilinearRows::setColumns(double first, double step, int count, int width) {
    count_ = count;
    const auto pixels = static_cast<std::size_t>(count);
    left_.resize(pixels);
    shares_.resize(8 * pixels);
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
        std::fill_n(&shares_[8 * i], 4, static_cast<std::uint16_t>(256 - share));
        std::fill_n(&shares_[8 * i + 4], 4, static_cast<std::uint16_t>(share));
        copies_ = copies_ && share == 0 && left_[i] == left_[0] + static_cast<std::int32_t>(i);
    }
}

void BilinearRows::interpolate(std::uint16_t* out) const {
    for (int i = 0; i < count_; ++i) {
        const std::uint32_t* pair = &source_[static_cast<std::size_t>(left_[static_cast<std::size_t>(i)])];
        const std::uint16_t* shares = &shares_[8 * static_cast<std::size_t>(i)];
#if defined(__SSE2__)
        const __m128i both =
            _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(pair)), _mm_setzero_si128());
        const __m128i sides =
            _mm_mullo_epi16(both, _mm_loadu_si128(reinterpret_cast<const __m128i*>(shares)));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 4 * i),
                         _mm_add_epi16(sides, _mm_srli_si128(sides, 8)));
#else
        for (int c = 0; c < 4; ++c)
            out[4 * i + c] = static_cast<std::uint16_t>((pair[0] >> (8 * c) & 255) * shares[0] +
                                                        (pair[1] >> (8 * c) & 255) * shares[4]);
#endif
    }
}

const std::uint16_t* BilinearRows::row(int y, const FetchRow& fetch) {
    Row& row = rows_[y & 1]; // two rows that follow each other never share a place
    if (row.y != y) {
        fetch(y, source_.data());
        interpolate(row.channels.data());
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
    mixRows(above, share == 0 ? above : row(y + 1, fetch), share, count_, out);
}

} // namespace spotglass
