#pragma once

#include "inference/model/TorchCompat.h"

#include <functional>

namespace spotglass {

/// Does `work` for [begin, end) until all `items` are done, on LibTorch's own threads, none of them for less
/// than `least`. `work` must not throw.
void inThreads(int64_t items, int64_t least, const std::function<void(int64_t begin, int64_t end)>& work);

/// Work on B items on the CPU, each thread its own part from beginning to end: threads then meet once a
/// batch, not once in each of its hundreds of operations (at two threads and small networks several times
/// faster). `part` computes rows [begin, begin + count); it runs on several threads at once, without
/// gradients, and what LibTorch does inside stays on its thread. Returns the rows together. Throws what
/// `part` throws.
[[nodiscard]] torch::Tensor inParts(int64_t items,
                                    const std::function<torch::Tensor(int64_t begin, int64_t count)>& part);

/// How many parts there are at most.
[[nodiscard]] int partsAtOnce();

/// Keeps the matrix library from starting threads of its own inside parts, and from letting them spin between
/// products, where they take the processor from the others. Call before the first inParts(). Does nothing
/// with a matrix library that cannot be told.
void keepProductsOnTheirThread();

} // namespace spotglass
