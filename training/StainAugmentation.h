#pragma once

#include "inference/engine/EncoderRegistry.h"
#include "training/cohort/PortableRandom.h"

#include <array>

namespace spotglass {

/// Another stain and scanner: the optical density of red, green and blue times a factor each. White stays
/// white.
using StainFactors = std::array<double, 3>;

/// One factor of all three channels times one of each: e^-strength to e^strength, and half as far.
[[nodiscard]] StainFactors drawnStain(double strength, PortableRandom& random);

/// The stain of another view of a section, counted from 1: alike for every section and run, so that features
/// of it can be kept between runs.
[[nodiscard]] StainFactors stainOfView(int view, double strength);

/// patch: 3 x H x W bytes.
[[nodiscard]] torch::Tensor stained(const torch::Tensor& patch, const StainFactors& factors);

/// An encoder that sees patches in another stain. `encoder` must outlive it; it stays where that is. Its id
/// is another one, for features of the two must not be confused.
[[nodiscard]] OpenedEncoder withStain(const OpenedEncoder& encoder, const StainFactors& factors);

} // namespace spotglass
