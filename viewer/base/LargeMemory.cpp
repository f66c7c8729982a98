#include "viewer/base/LargeMemory.h"

#include <cstdlib>
#include <sys/mman.h>

namespace spotglass {

void* allocateLarge(std::size_t bytes) {
    void* memory = std::aligned_alloc(largePage, bytes);
#ifdef MADV_HUGEPAGE
    if (memory) madvise(memory, bytes, MADV_HUGEPAGE); // where it is refused, small pages serve as well
#endif
    return memory;
}

void freeLarge(void* memory, std::size_t bytes) {
#ifdef MADV_DONTNEED
    madvise(memory, bytes, MADV_DONTNEED); // back to the system now, not when the allocator thinks fit
#endif
    std::free(memory);
}

} // namespace spotglass
