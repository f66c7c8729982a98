#pragma once

#include <cstddef>
#include <cstdint>

namespace spotglass {

/// Memory for something large that is written once and then read here and there: backed by a temporary file
/// without a name (in /var/tmp, or where TMPDIR says), whose space is reserved before it is used, so that the
/// system may take its pages back. Where there is no room for that, ordinary memory. Not initialised.
/// Movable; owns what it holds.
class ScratchMemory {
  public:
    ScratchMemory() = default;
    /// Throws std::bad_alloc. `inFile` false: ordinary memory in any case. May write to the disk; any thread.
    ScratchMemory(std::size_t bytes, bool inFile);
    ScratchMemory(ScratchMemory&& other) noexcept;
    ScratchMemory& operator=(ScratchMemory&& other) noexcept;
    ~ScratchMemory();

    [[nodiscard]] std::uint8_t* data() const { return data_; }
    [[nodiscard]] bool isInFile() const { return inFile_; }
    /// `count` bytes from `offset` on are not needed for now: they leave memory, and come back when they are
    /// touched. Any thread, also while others read or write there.
    void rest(std::size_t offset, std::size_t count) const;

  private:
    std::uint8_t* data_ = nullptr;
    std::size_t bytes_ = 0;
    bool inFile_ = false;
};

} // namespace spotglass
