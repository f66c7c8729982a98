#include "viewer/base/ScratchMemory.h"

#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace spotglass {
namespace {

/// An empty file that is gone when it is closed; -1 where none can be made.
int temporaryFile() {
    const char* chosen = std::getenv("TMPDIR");
    std::string name = std::string(chosen && *chosen ? chosen : "/var/tmp") + "/spotglass-XXXXXX";
    const int file = mkostemp(name.data(), O_CLOEXEC);
    if (file >= 0) unlink(name.c_str());
    return file;
}

void* mapped(std::size_t bytes) {
    const int file = temporaryFile();
    if (file < 0) return nullptr;
    // Without the reservation a full disk would end the program in the middle of a write.
    void* memory = posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0
                       ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                       : MAP_FAILED;
    ::close(file);
    return memory == MAP_FAILED ? nullptr : memory;
}

} // namespace

ScratchMemory::ScratchMemory(std::size_t bytes, bool inFile) : bytes_(bytes) {
    if (inFile && bytes > 0) data_ = static_cast<std::uint8_t*>(mapped(bytes));
    inFile_ = data_ != nullptr;
    if (!data_) data_ = static_cast<std::uint8_t*>(::operator new(bytes));
}

ScratchMemory::ScratchMemory(ScratchMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_), inFile_(other.inFile_) {}

ScratchMemory& ScratchMemory::operator=(ScratchMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(inFile_, other.inFile_);
    return *this;
}

ScratchMemory::~ScratchMemory() {
    if (inFile_ && data_)
        munmap(data_, bytes_);
    else
        ::operator delete(data_);
}

void ScratchMemory::rest(std::size_t offset, std::size_t count) const {
    if (!inFile_) return;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t begin = (offset + page - 1) / page * page, end = (offset + count) / page * page;
    if (begin < end) madvise(data_ + begin, end - begin, MADV_DONTNEED); // of a file: it stays in the file
}

} // namespace spotglass
