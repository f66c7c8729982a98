#pragma once

#include "inference/model/TorchCompat.h"

#include <cstdint>

namespace spotglass {

/// Dropout in place whose mask follows from a seed alone, so that a backward pass can draw it again instead
/// of keeping it: each value is set to zero with probability p (to 1/65536) and else divided by 1 - p.
/// Element i of `values` (contiguous) takes the draw of number `first` + i, so a part of a tensor gets its
/// part of the mask. On the CPU on all threads; the numbers of another device are its own.
void dropOut(torch::Tensor& values, double p, std::uint64_t seed, std::int64_t first = 0);

/// A seed for dropOut() from LibTorch's default generator, so that it follows torch::manual_seed().
[[nodiscard]] std::uint64_t drawSeed();

} // namespace spotglass
