#pragma once

#include <cstddef>

namespace spotglass {

/// The size that large memory comes in, and is a multiple of.
constexpr std::size_t largePage = std::size_t{2} << 20;

/// `bytes` (a multiple of largePage) of memory that the system is asked to back by large pages: touching it
/// for the first time then costs one fault for 2 MiB, not 512. Null when there is none. Any thread.
[[nodiscard]] void* allocateLarge(std::size_t bytes);
void freeLarge(void* memory, std::size_t bytes);

} // namespace spotglass
