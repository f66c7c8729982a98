#include "FuseDrive.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace spotglass::test {
namespace {

constexpr auto patience = std::chrono::seconds(20);
constexpr std::uint64_t firstFile = 2; ///< node 1 is the folder

void reply(int device, std::uint64_t unique, int error, const void* data = nullptr, std::size_t size = 0) {
    fuse_out_header header{};
    header.len = static_cast<std::uint32_t>(sizeof header + (error ? 0 : size));
    header.error = -error;
    header.unique = unique;
    const iovec parts[] = {{&header, sizeof header}, {const_cast<void*>(data), error ? 0 : size}};
    static_cast<void>(::writev(device, parts, 2));
}

template <typename T> T payload(const std::string& request) {
    T value{};
    std::memcpy(&value, request.data() + sizeof(fuse_in_header),
                std::min(sizeof value, request.size() - sizeof(fuse_in_header)));
    return value;
}

} // namespace

FuseDrive::FuseDrive(std::filesystem::path folder, std::map<std::string, std::string> files)
    : folder_(std::move(folder)), files_(std::move(files)) {}

FuseDrive::~FuseDrive() {
    vanish();
}

bool FuseDrive::mount() {
    const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) {
        error_ = fmt::format("/dev/fuse cannot be opened ({})", std::strerror(errno));
        return false;
    }
    const std::string options =
        fmt::format("fd={},rootmode=40000,user_id={},group_id={}", device, ::getuid(), ::getgid());
    if (::mount("spotglass-test", folder_.c_str(), "fuse", MS_NOSUID | MS_NODEV | MS_RDONLY,
                options.c_str()) != 0) {
        error_ = fmt::format("a FUSE file system cannot be mounted ({})", std::strerror(errno));
        ::close(device);
        return false;
    }
    const std::lock_guard lock(mutex_);
    hangs_ = false;
    device_ = device;
    thread_ = std::thread([this, device] { serve(device); });
    return true;
}

void FuseDrive::hang() {
    const std::lock_guard lock(mutex_);
    hangs_ = true;
    since_ = std::chrono::steady_clock::now();
}

void FuseDrive::resume() {
    const std::lock_guard lock(mutex_);
    hangs_ = false;
}

void FuseDrive::vanish() {
    if (!thread_.joinable()) return;
    int device = -1;
    {
        const std::lock_guard lock(mutex_);
        hangs_ = false;
        device = std::exchange(device_, -1);
    }
    ::umount2(folder_.c_str(), MNT_DETACH | MNT_FORCE); // what waits gives an error
    thread_.join();
    ::close(device);
}

int FuseDrive::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
}

bool FuseDrive::gaveUp() const {
    const std::lock_guard lock(mutex_);
    return gaveUp_;
}

void FuseDrive::serve(int device) {
    std::string buffer(std::size_t{1} << 20, '\0');
    std::vector<std::string> held;
    for (;;) {
        pollfd ready{device, POLLIN, 0};
        const bool any = ::poll(&ready, 1, held.empty() ? 50 : 10) > 0;
        {
            std::unique_lock lock(mutex_);
            if (device_ != device) return;
            if (hangs_ && std::chrono::steady_clock::now() - since_ > patience) {
                hangs_ = false;
                gaveUp_ = true;
            }
            if (!hangs_) {
                waiting_ = 0;
                lock.unlock();
                for (const std::string& request : held)
                    answer(device, request);
                held.clear();
            }
        }
        if (!any) continue;
        const ssize_t got = ::read(device, buffer.data(), buffer.size());
        if (got < 0 && errno != EINTR && errno != EAGAIN && errno != ENOENT) return; // unmounted
        if (got < static_cast<ssize_t>(sizeof(fuse_in_header))) continue;
        std::string request = buffer.substr(0, static_cast<std::size_t>(got));
        {
            const std::lock_guard lock(mutex_);
            if (hangs_) {
                ++waiting_;
                held.push_back(std::move(request));
                continue;
            }
        }
        answer(device, request);
    }
}

void FuseDrive::answer(int device, const std::string& request) {
    fuse_in_header in{};
    std::memcpy(&in, request.data(), sizeof in);
    const auto fileOf = [this](std::uint64_t node) {
        return node < firstFile || node - firstFile >= files_.size()
                   ? files_.end()
                   : std::next(files_.begin(), static_cast<std::ptrdiff_t>(node - firstFile));
    };
    const auto attributes = [&](std::uint64_t node) {
        fuse_attr attr{};
        attr.ino = node;
        attr.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755u : S_IFREG | 0644u;
        attr.nlink = 1;
        attr.uid = ::getuid();
        attr.gid = ::getgid();
        attr.blksize = 4096;
        if (const auto file = fileOf(node); file != files_.end()) attr.size = file->second.size();
        return attr;
    };
    switch (in.opcode) {
    case FUSE_INIT: {
        fuse_init_out out{};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = std::min<std::uint32_t>(payload<fuse_init_in>(request).minor, FUSE_KERNEL_MINOR_VERSION);
        out.max_readahead = 0;
        out.max_write = 4096;
        out.time_gran = 1;
        return reply(device, in.unique, 0, &out, sizeof out);
    }
    case FUSE_LOOKUP: {
        const auto found = files_.find(request.c_str() + sizeof in);
        if (found == files_.end()) return reply(device, in.unique, ENOENT);
        fuse_entry_out out{};
        out.nodeid = firstFile + static_cast<std::uint64_t>(std::distance(files_.begin(), found));
        out.attr = attributes(out.nodeid);
        return reply(device, in.unique, 0, &out, sizeof out);
    }
    case FUSE_GETATTR: {
        fuse_attr_out out{};
        out.attr = attributes(in.nodeid);
        return reply(device, in.unique, 0, &out, sizeof out);
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
        fuse_open_out out{};
        out.open_flags = FOPEN_DIRECT_IO; // so that every read comes here
        return reply(device, in.unique, 0, &out, sizeof out);
    }
    case FUSE_READ: {
        const auto file = fileOf(in.nodeid);
        if (file == files_.end()) return reply(device, in.unique, EIO);
        const auto what = payload<fuse_read_in>(request);
        const std::size_t at = std::min<std::size_t>(what.offset, file->second.size()),
                          count = std::min<std::size_t>(what.size, file->second.size() - at);
        return reply(device, in.unique, 0, file->second.data() + at, count);
    }
    case FUSE_READDIR:
        return reply(device, in.unique, 0);
    case FUSE_STATFS: {
        fuse_statfs_out out{};
        return reply(device, in.unique, 0, &out, sizeof out);
    }
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        return; // want no answer
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_ACCESS:
        return reply(device, in.unique, 0);
    default:
        return reply(device, in.unique, ENOSYS);
    }
}

} // namespace spotglass::test
