#pragma once

#include "viewer/base/Processors.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace spotglass {

/// Calls work(first, last) for pieces of [0, count), each of at most `piece`, on `threads` threads (0: one a
/// processor), the caller's among them. Every thread has its own copy of `work`, so that scratch memory can
/// live in it. Which thread takes which piece is left to chance: results must go to places of their own.
/// `work` must not throw. Blocks until all is done; where threads cannot be started, fewer do it.
template <typename Work>
void inGeneThreads(std::size_t count, std::size_t piece, unsigned threads, const Work& work) {
    const std::size_t pieces = (count + piece - 1) / piece;
    const std::size_t wanted = threads > 0 ? threads : static_cast<unsigned>(availableProcessors());
    std::atomic<std::size_t> next{0};
    const auto run = [&next, count, piece, pieces](Work own) {
        for (std::size_t p = next++; p < pieces; p = next++)
            own(p * piece, std::min(count, (p + 1) * piece));
    };
    std::vector<std::jthread> helpers;
    try {
        for (std::size_t t = 1; t < std::min(wanted, pieces); ++t)
            helpers.emplace_back(run, work);
    } catch (const std::system_error&) { // no more threads to be had: those there are do the work
    }
    run(work);
}

} // namespace spotglass
