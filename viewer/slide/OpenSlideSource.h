#pragma once

#include "viewer/slide/SlideSource.h"

#include <mutex>

struct _openslide;

namespace spotglass {

/// A slide in any format that OpenSlide reads (OpenSlide 3.4 and newer).
///
/// An error is terminal for an OpenSlide handle, and a handle's errors reach all threads that use it. So each
/// reader borrows a handle of its own from a small pool; a handle that has met an error is thrown away, and
/// the next read opens a fresh one: one broken tile leaves the rest of the slide readable. All functions are
/// safe on several threads.
class OpenSlideSource final : public SlideSource {
  public:
    /// OpenSlide's name for the format, e.g. "aperio" or "generic-tiff"; nothing when it does not know the
    /// file. Blocking (reads the first bytes and, for TIFF, the directory).
    [[nodiscard]] static std::optional<std::string> detectVendor(const std::filesystem::path& path);

    /// Whether this build's OpenSlide reads DICOM (4.0 and newer).
    [[nodiscard]] static bool readsDicom();

    /// Opens a slide. Blocking. BadInput with OpenSlide's reason when it is broken or not a slide.
    [[nodiscard]] static Result<std::shared_ptr<OpenSlideSource>> open(const std::filesystem::path& path);

    ~OpenSlideSource() override;
    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override;
    [[nodiscard]] Result<Raster> readRegion(int level, LevelRect rect) const override;
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string& name) const override;
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override;

    /// Whether that level's pixels are the file's own; false for the coarsest ones where OpenSlide fails,
    /// which are made from the next finer level.
    [[nodiscard]] bool isExact(int level) const { return level < soundLevels_; }

    /// How many handles wait for readers now: at most one for each reader that there has been at a time.
    [[nodiscard]] std::size_t idleHandles() const;

  private:
    struct Closer {
        void operator()(_openslide* handle) const;
    };
    using Handle = std::unique_ptr<_openslide, Closer>;

    struct Cache;

    explicit OpenSlideSource(std::filesystem::path path);
    [[nodiscard]] Result<Handle> openHandle() const;
    [[nodiscard]] Result<Handle> borrow() const;
    [[nodiscard]] Result<Raster> finish(Handle handle, Raster raster, const std::string& place) const;

    const std::filesystem::path path_;
    std::string fingerprint_;
    std::shared_ptr<const SlideInfo> info_;
    std::vector<std::pair<std::string, std::string>> properties_;
    int soundLevels_ = 1;              ///< levels from here on are smaller than their tiles: see readRegion()
    std::unique_ptr<Cache> cache_;     ///< outlives the handles
    mutable std::mutex mutex_;         ///< guards idle_
    mutable std::vector<Handle> idle_; ///< healthy handles that nobody uses
};

} // namespace spotglass
