#include "viewer/tiles/BilinearKernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

// Only these functions use the wider instructions, and only where the processor has them.
#define SPOTGLASS_AVX2 __attribute__((target("avx2")))

namespace spotglass {
namespace {

/// Two pairs of neighbours, 16 bits a channel: `a` in the lower half, `b` in the upper.
SPOTGLASS_AVX2 inline __m256i wide(const std::uint32_t* a, const std::uint32_t* b) {
    const __m128i first = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)),
                  second = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(b));
    return _mm256_cvtepu8_epi16(_mm_unpacklo_epi64(first, second));
}

SPOTGLASS_AVX2 void alongRow(const std::uint32_t* source, const std::int32_t* left,
                             const std::uint16_t* shares, int count, std::uint16_t* out) {
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m256i even = wide(source + left[i], source + left[i + 2]);
        const __m256i odd = wide(source + left[i + 1], source + left[i + 3]);
        const __m256i lefts = _mm256_unpacklo_epi64(even, odd), rights = _mm256_unpackhi_epi64(even, odd);
        const __m256i share = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(shares + 4 * i));
        const __m256i rise = _mm256_mullo_epi16(_mm256_sub_epi16(rights, lefts), share);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 4 * i),
                            _mm256_add_epi16(_mm256_slli_epi16(lefts, 8), rise));
    }
    plainBilinearKernels().alongRow(source, left + i, shares + 4 * i, count - i, out + 4 * i);
}

/// Four pixels, each of two rows taken by 65535ths.
SPOTGLASS_AVX2 inline __m256i mix(const std::uint16_t* above, const std::uint16_t* below, __m256i upper,
                                  __m256i lower) {
    const __m256i top = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(above));
    const __m256i bottom = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(below));
    const __m256i sum = _mm256_add_epi16(_mm256_mulhi_epu16(top, upper), _mm256_mulhi_epu16(bottom, lower));
    return _mm256_srli_epi16(_mm256_adds_epu16(sum, _mm256_set1_epi16(128)), 8);
}

SPOTGLASS_AVX2 void betweenRows(const std::uint16_t* above, const std::uint16_t* below, int share, int count,
                                std::uint32_t* out) {
    const int lowerShare = share < 256 ? share * 256 : 65535;
    const __m256i lower = _mm256_set1_epi16(static_cast<short>(lowerShare)),
                  upper = _mm256_set1_epi16(static_cast<short>(65535 - lowerShare));
    int i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256i first = mix(above + 4 * i, below + 4 * i, upper, lower);
        const __m256i second = mix(above + 4 * i + 16, below + 4 * i + 16, upper, lower);
        const __m256i bytes = _mm256_packus_epi16(first, second); // the middle quarters change places
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_permute4x64_epi64(bytes, 0xd8));
    }
    plainBilinearKernels().betweenRows(above + 4 * i, below + 4 * i, share, count - i, out + i);
}

/// Four places that follow each other.
SPOTGLASS_AVX2 inline __m256i lanes(std::int64_t first, std::int64_t step) {
    return _mm256_setr_epi64x(first, first + step, first + 2 * step, first + 3 * step);
}

SPOTGLASS_AVX2 void alongWay(const BilinearWay& way, int count, std::uint32_t* out) {
    __m256i u = lanes(way.u, way.stepU), v = lanes(way.v, way.stepV);
    const __m256i stepU = _mm256_set1_epi64x(4 * way.stepU), stepV = _mm256_set1_epi64x(4 * way.stepV);
    const __m256i stride = _mm256_set1_epi64x(way.stride);
    // The first byte behind the point becomes a 16-bit share: that of each pixel in its own four lanes, or
    // that of the first or second pixel of each half in all eight lanes.
    const __m256i ownShare = _mm256_setr_epi8(3, -1, 3, -1, 3, -1, 3, -1, 11, -1, 11, -1, 11, -1, 11, -1, //
                                              3, -1, 3, -1, 3, -1, 3, -1, 11, -1, 11, -1, 11, -1, 11, -1);
    const __m256i evenShare = _mm256_set1_epi16(static_cast<short>(0xff03)),
                  oddShare = _mm256_set1_epi16(static_cast<short>(0xff0b));
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m256i places =
            _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(v, 32), stride), _mm256_srli_epi64(u, 32));
        const __m128i near = _mm256_castsi256_si128(places), far = _mm256_extracti128_si256(places, 1);
        const std::uint32_t* at0 = way.pixels + _mm_cvtsi128_si64(near);
        const std::uint32_t* at1 = way.pixels + _mm_extract_epi64(near, 1);
        const std::uint32_t* at2 = way.pixels + _mm_cvtsi128_si64(far);
        const std::uint32_t* at3 = way.pixels + _mm_extract_epi64(far, 1);
        const __m256i topEven = wide(at0, at2), topOdd = wide(at1, at3);
        const __m256i bottomEven = wide(at0 + way.stride, at2 + way.stride),
                      bottomOdd = wide(at1 + way.stride, at3 + way.stride);
        // top + (bottom - top) * share / 256, rounded down: the product's upper half, after shifts that add
        // up to 8.
        const __m256i yEven = _mm256_slli_epi16(_mm256_shuffle_epi8(v, evenShare), 1),
                      yOdd = _mm256_slli_epi16(_mm256_shuffle_epi8(v, oddShare), 1);
        const __m256i even = _mm256_add_epi16(
            topEven, _mm256_mulhi_epi16(_mm256_slli_epi16(_mm256_sub_epi16(bottomEven, topEven), 7), yEven));
        const __m256i odd = _mm256_add_epi16(
            topOdd, _mm256_mulhi_epi16(_mm256_slli_epi16(_mm256_sub_epi16(bottomOdd, topOdd), 7), yOdd));
        const __m256i lefts = _mm256_unpacklo_epi64(even, odd), rights = _mm256_unpackhi_epi64(even, odd);
        // left + (right - left) * share / 256, rounded to the nearest
        const __m256i x = _mm256_shuffle_epi8(u, ownShare);
        const __m256i sum = _mm256_add_epi16(
            lefts, _mm256_mulhrs_epi16(_mm256_slli_epi16(_mm256_sub_epi16(rights, lefts), 7), x));
        const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), bytes);
        u = _mm256_add_epi64(u, stepU);
        v = _mm256_add_epi64(v, stepV);
    }
    BilinearWay rest = way;
    rest.u += i * way.stepU;
    rest.v += i * way.stepV;
    plainBilinearKernels().alongWay(rest, count - i, out + i);
}

} // namespace

const BilinearKernels* avx2BilinearKernels() {
    static const BilinearKernels kernels{alongRow, betweenRows, alongWay};
    static const bool here = __builtin_cpu_supports("avx2");
    return here ? &kernels : nullptr;
}

} // namespace spotglass

#else

namespace spotglass {

const BilinearKernels* avx2BilinearKernels() {
    return nullptr;
}

} // namespace spotglass

#endif
