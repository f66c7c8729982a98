#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace spotglass::test {

/// A drive that can hang and vanish as one in the network does: a small read-only FUSE file system, served by
/// a thread of this program from memory. Needs /dev/fuse and leave to mount (root).
///
/// Whoever looks at a file of it waits for the serving thread. So that a mistake fails a test and does not
/// stop it, a drive that has hung for 20 seconds goes on by itself, and says so.
class FuseDrive {
  public:
    /// Not mounted yet. `folder` must exist and be empty; the files have these names and bytes.
    FuseDrive(std::filesystem::path folder, std::map<std::string, std::string> files);
    /// Makes every read fail that is still waiting, and unmounts.
    ~FuseDrive();
    FuseDrive(const FuseDrive&) = delete;
    FuseDrive& operator=(const FuseDrive&) = delete;

    /// False where the system does not let us, with the reason in error().
    [[nodiscard]] bool mount();
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] std::filesystem::path path(const std::string& file) const { return folder_ / file; }

    /// From now on nothing is answered, until resume().
    void hang();
    void resume();
    /// The drive is gone: open files and those that are waited for give errors. mount() brings it back.
    void vanish();

    /// How many requests wait for an answer because the drive hangs.
    [[nodiscard]] int waiting() const;
    /// Whether it went on by itself.
    [[nodiscard]] bool gaveUp() const;

  private:
    void serve(int device);
    void answer(int device, const std::string& request);

    const std::filesystem::path folder_;
    const std::map<std::string, std::string> files_;
    std::string error_;
    mutable std::mutex mutex_; ///< guards what follows
    bool hangs_ = false, gaveUp_ = false;
    std::chrono::steady_clock::time_point since_; ///< that it hangs
    int waiting_ = 0, device_ = -1;
    std::thread thread_;
};

} // namespace spotglass::test
