#pragma once

#include <array>
#include <cstdint>

namespace spotglass {

/// Smooth random field over the plane (gradient noise after Perlin 2002), about -1 to 1, mean 0, the same on
/// every machine for a seed. Immutable, so safe on every thread.
class GradientNoise {
  public:
    explicit GradientNoise(std::uint64_t seed);

    /// One octave; features are about one unit wide.
    [[nodiscard]] float at(float x, float y) const;

    /// Octaves of half the amplitude and about twice the frequency, turned against each other to hide the
    /// lattice.
    [[nodiscard]] float fractal(float x, float y, int octaves) const;

  private:
    std::array<std::uint8_t, 512> order_;
};

} // namespace spotglass
