#pragma once

#include <cstddef>
#include <cstdint>

namespace spotglass {

/// A straight way across a picture whose points all have four neighbours in it. Places are counted in pixels
/// from the centre of the first one, 32 bits behind the point: no drift along a row.
struct BilinearWay {
    const std::uint32_t* pixels; ///< 0xAARRGGBB
    std::ptrdiff_t stride;       ///< pixels from row to row, below 2^31
    std::int64_t u, v;           ///< column and row of the first point, not negative
    std::int64_t stepU, stepV;   ///< from point to point
};

/// The inner loops of bilinear interpolation. Every set of them gives the same bytes. Any thread.
struct BilinearKernels {
    /// Pixels along a row: pixel i lies between source[left[i]] and the next one, shares[4 i] 256ths (0 to
    /// 256, said four times) of the way. Writes four channels a pixel, 8 bits behind the point.
    void (*alongRow)(const std::uint32_t* source, const std::int32_t* left, const std::uint16_t* shares,
                     int count, std::uint16_t* out);
    /// Pixels `share` 256ths of the way (0 to 256) from one such row to the next.
    void (*betweenRows)(const std::uint16_t* above, const std::uint16_t* below, int share, int count,
                        std::uint32_t* out);
    /// Pixels on a way that is turned against the picture.
    void (*alongWay)(const BilinearWay& way, int count, std::uint32_t* out);
};

/// For any processor.
[[nodiscard]] const BilinearKernels& plainBilinearKernels();
/// The fastest for the processor that the program runs on.
[[nodiscard]] const BilinearKernels& bilinearKernels();
/// For processors with AVX2; null where the program was built for others or runs on one without.
[[nodiscard]] const BilinearKernels* avx2BilinearKernels();

/// The bilinear mean of above[0], above[1], below[0] and below[1] (0xAARRGGBB), shares in 256ths from 0 to
/// 255. What BilinearKernels::alongWay does at each point.
[[nodiscard]] std::uint32_t bilinear(const std::uint32_t* above, const std::uint32_t* below, unsigned shareX,
                                     unsigned shareY);

} // namespace spotglass
