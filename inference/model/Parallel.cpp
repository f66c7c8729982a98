#include "inference/model/Parallel.h"

#include "viewer/base/Process.h"

#include <ATen/Parallel.h>

#ifndef _OPENMP
#error "Without OpenMP at::parallel_for() is a plain loop"
#endif

namespace spotglass {

int partsAtOnce() {
    return std::max(1, at::get_num_threads());
}

torch::Tensor inParts(int64_t items, const std::function<torch::Tensor(int64_t, int64_t)>& part) {
    const auto parts = std::min<int64_t>(items, partsAtOnce());
    if (parts <= 1) {
        const torch::NoGradGuard noGradient;
        return part(0, items);
    }
    std::vector<torch::Tensor> rows(static_cast<std::size_t>(parts));
    at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
        const torch::NoGradGuard noGradient; // belongs to the thread
        for (int64_t i = first; i < last; ++i) {
            const auto begin = items * i / parts, end = items * (i + 1) / parts;
            rows[static_cast<std::size_t>(i)] = part(begin, end - begin);
        }
    });
    return torch::cat(rows);
}

void inThreads(int64_t items, int64_t least, const std::function<void(int64_t, int64_t)>& work) {
    at::parallel_for(0, items, least, work);
}

void keepProductsOnTheirThread() {
    setMatrixThreads(1);
}

} // namespace spotglass
