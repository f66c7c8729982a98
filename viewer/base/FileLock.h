#pragma once

#include <filesystem>

namespace spotglass {

/// A lock that programs agree on by the name of a file: many may share it, or one has it alone. The system
/// lets go of it when the process ends, however it ends. Where the file cannot be made or its file system has
/// no locks, everything is granted. One thread at a time.
class FileLock {
  public:
    /// Makes the file and its folder where they are missing.
    explicit FileLock(const std::filesystem::path& file);
    ~FileLock();
    FileLock(FileLock&& other) noexcept;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    FileLock& operator=(FileLock&&) = delete;

    [[nodiscard]] bool tryExclusive(); ///< does not wait
    [[nodiscard]] bool tryShared();    ///< does not wait
    void release();                    ///< nothing when it is not held

  private:
    [[nodiscard]] bool attempt(int how) const;
    int file_ = -1;
};

} // namespace spotglass
