#pragma once

#include "viewer/slide/SlideSource.h"

#include <map>
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

  private:
    struct Closer {
        void operator()(_openslide* handle) const;
    };
    using Handle = std::unique_ptr<_openslide, Closer>;

    OpenSlideSource(std::filesystem::path path, std::string fingerprint);
    [[nodiscard]] Result<Handle> borrow() const;
    void giveBack(Handle handle) const;
    [[nodiscard]] Failure broken(const char* reason, const std::string& place) const;

    const std::filesystem::path path_;
    const std::string fingerprint_;
    std::shared_ptr<const SlideInfo> info_;
    mutable std::mutex mutex_;         ///< guards idle_
    mutable std::vector<Handle> idle_; ///< healthy handles that nobody uses
};

/// The scale that OpenSlide's properties give, pure: openslide.mpp-x and -y, else the TIFF resolution.
/// Nothing when both are missing, contradict each other, or lie outside 0.05 to 5 um per pixel; then, and
/// when the file says something that is not believed, a sentence is added to `warnings`.
[[nodiscard]] std::optional<MicronsPerPixel>
scaleFromProperties(const std::map<std::string, std::string>& properties, std::vector<std::string>& warnings);

} // namespace spotglass
