#pragma once

#include "viewer/slide/SlideSource.h"

namespace spotglass {

/// An image without a pyramid of its own (JPEG, PNG, BMP, JPEG 2000, TIFF), decoded into memory with one
/// built for it.
///
/// open() returns as soon as there is something to show: a JPEG is decoded at 1/8 first, an image of up to 4
/// megapixels as a whole. A thread of the source decodes the rest, from top to bottom. info() lists all
/// levels from the start; reading rows that are not decoded yet waits for them, so pixels never change
/// afterwards. Memory: 3 bytes a pixel at full resolution and a third more for the levels above; a level of
/// more than 256 MiB lies in a temporary file instead (see ImagePyramid). A PNG of more than 128 MiB, and a
/// picture that its file says to turn, take another 3 bytes a pixel while they are decoded. EXIF and TIFF
/// orientation are applied. All functions are safe on several threads.
class PlainImageSource final : public SlideSource {
  public:
    /// Longest side and number of pixels that are still decoded into memory.
    static constexpr std::int64_t maxSide = 40000, maxPixels = 400'000'000;

    /// Opens an image by its content, whatever its name. Blocking. BadInput with a sentence when it is no
    /// image, is truncated, is too large for memory, or is not an 8-bit (or 16-bit) colour or grey picture of
    /// one plane.
    [[nodiscard]] static Result<std::shared_ptr<PlainImageSource>> open(const std::filesystem::path& path);

    /// Stops decoding and waits for the thread (some milliseconds). No read may be running.
    ~PlainImageSource() override;

    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override;
    /// Waits for rows that are not decoded yet. BadInput for the rows that could not be decoded.
    [[nodiscard]] Result<Raster> readRegion(int level, LevelRect rect) const override;
    /// Always BadInput: a plain image has none.
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string& name) const override;
    [[nodiscard]] std::string fingerprint() const override;
    void setChangeListener(std::function<void()> listener) override;

    /// Blocks until every level is decoded. BadInput when that failed.
    [[nodiscard]] Result<void> waitUntilComplete() const;

  private:
    struct Builder;
    explicit PlainImageSource(std::unique_ptr<Builder> builder);
    std::unique_ptr<Builder> builder_;
};

} // namespace spotglass
