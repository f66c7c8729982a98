#include "viewer/base/FileLock.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace spotglass {

FileLock::FileLock(const std::filesystem::path& file) {
    std::error_code ec;
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ec);
    // Not inherited: a process that is started meanwhile must not hold on to it.
    file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FileLock::~FileLock() {
    if (file_ >= 0) ::close(file_);
}

bool FileLock::attempt(int how) const {
    if (file_ < 0) return true;
    return ::flock(file_, how | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool FileLock::tryExclusive() {
    return attempt(LOCK_EX);
}
bool FileLock::tryShared() {
    return attempt(LOCK_SH);
}

void FileLock::release() {
    if (file_ >= 0) static_cast<void>(::flock(file_, LOCK_UN));
}

} // namespace spotglass
