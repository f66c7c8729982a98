#pragma once

#include "viewer/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace spotglass {

/// A file that is read at any place by any number of threads at once, without a common position. (Memory
/// mapping would be simpler, but a network drive that vanishes would end the program.)
class RandomAccessFile {
  public:
    /// Blocking. BadInput when it cannot be opened.
    [[nodiscard]] static Result<RandomAccessFile> open(const std::filesystem::path& path);
    RandomAccessFile(RandomAccessFile&& other) noexcept;
    RandomAccessFile& operator=(RandomAccessFile&& other) noexcept;
    RandomAccessFile(const RandomAccessFile&) = delete;
    RandomAccessFile& operator=(const RandomAccessFile&) = delete;
    ~RandomAccessFile();

    /// Fills `to` with the `count` bytes from `offset` on; false when they are not all there. Blocking; any
    /// thread.
    [[nodiscard]] bool readAt(std::uint64_t offset, void* to, std::size_t count) const;
    /// Whether its first byte can be read now. Blocking; any thread.
    [[nodiscard]] bool isReadable() const;
    /// Its size in bytes when it was opened.
    [[nodiscard]] std::uint64_t size() const { return size_; }

  private:
    RandomAccessFile(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

} // namespace spotglass
