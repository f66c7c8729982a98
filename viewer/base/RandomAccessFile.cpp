#include "viewer/base/RandomAccessFile.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace spotglass {

Result<RandomAccessFile> RandomAccessFile::open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return badInput("this file cannot be opened", path.string(),
                        "Check that it is still there and that you may read it");
    struct stat status {};
    const std::uint64_t size =
        fstat(descriptor, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
    return RandomAccessFile(descriptor, size);
}

RandomAccessFile::RandomAccessFile(RandomAccessFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

RandomAccessFile& RandomAccessFile::operator=(RandomAccessFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(size_, other.size_);
    return *this;
}

RandomAccessFile::~RandomAccessFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool RandomAccessFile::isReadable() const {
    char first = 0;
    return readAt(0, &first, 1);
}

bool RandomAccessFile::readAt(std::uint64_t offset, void* to, std::size_t count) const {
    auto* at = static_cast<char*>(to);
    while (count > 0) {
        const ssize_t got = ::pread(descriptor_, at, count, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        offset += static_cast<std::uint64_t>(got);
        count -= static_cast<std::size_t>(got);
    }
    return true;
}

} // namespace spotglass
