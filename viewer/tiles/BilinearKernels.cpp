#include "viewer/tiles/BilinearKernels.h"

#include <algorithm>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace spotglass {
namespace {

#if defined(__SSE2__)
__m128i wide(const std::uint32_t* pair) {
    return _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(pair)), _mm_setzero_si128());
}
#endif

void alongRow(const std::uint32_t* source, const std::int32_t* left, const std::uint16_t* shares, int count,
              std::uint16_t* out) {
    for (int i = 0; i < count; ++i) {
        const std::uint32_t* pair = source + left[i];
#if defined(__SSE2__)
        // left * 256 + (right - left) * share: it all fits 16 bits once it is added up.
        const __m128i sides = wide(pair);
        const __m128i rise = _mm_mullo_epi16(_mm_sub_epi16(_mm_srli_si128(sides, 8), sides),
                                             _mm_set1_epi16(static_cast<short>(shares[4 * i])));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 4 * i),
                         _mm_add_epi16(_mm_slli_epi16(sides, 8), rise));
#else
        for (int c = 0; c < 4; ++c)
            out[4 * i + c] = static_cast<std::uint16_t>((pair[0] >> (8 * c) & 255) * (256U - shares[4 * i]) +
                                                        (pair[1] >> (8 * c) & 255) * shares[4 * i]);
#endif
    }
}

void betweenRows(const std::uint16_t* above, const std::uint16_t* below, int share, int count,
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

void alongWay(const BilinearWay& way, int count, std::uint32_t* out) {
    std::int64_t u = way.u, v = way.v;
    for (int i = 0; i < count; ++i, u += way.stepU, v += way.stepV) {
        const std::uint32_t* at = way.pixels + (v >> 32) * way.stride + (u >> 32);
        out[i] = bilinear(at, at + way.stride, static_cast<unsigned>(u >> 24 & 255),
                          static_cast<unsigned>(v >> 24 & 255));
    }
}

} // namespace

std::uint32_t bilinear(const std::uint32_t* above, const std::uint32_t* below, unsigned shareX,
                       unsigned shareY) {
#if defined(__SSE2__)
    const __m128i zero = _mm_setzero_si128();
    const __m128i y1 = _mm_set1_epi16(static_cast<short>(shareY)),
                  y0 = _mm_set1_epi16(static_cast<short>(256 - shareY));
    const __m128i pair =
        _mm_srli_epi16(_mm_add_epi16(_mm_mullo_epi16(wide(above), y0), _mm_mullo_epi16(wide(below), y1)), 8);
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

const BilinearKernels& plainBilinearKernels() {
    static const BilinearKernels kernels{alongRow, betweenRows, alongWay};
    return kernels;
}

const BilinearKernels& bilinearKernels() {
    static const BilinearKernels& best =
        avx2BilinearKernels() ? *avx2BilinearKernels() : plainBilinearKernels();
    return best;
}

} // namespace spotglass
