#pragma once

#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spotglass {

/// Opaque pixels, row-major without padding, 0xFFRRGGBB in native byte order (QImage::Format_RGB32; BGRA
/// bytes on little-endian machines). Transparent parts of a slide are already blended with white.
struct Raster {
    int width = 0, height = 0;
    std::vector<std::uint32_t> pixels;
};

/// Where pixels are to be written, in Raster's form: `height` rows of `width` pixels, each row `stride`
/// pixels after the one before. Owns nothing.
struct PixelTarget {
    std::uint32_t* pixels = nullptr;
    int width = 0, height = 0;
    std::ptrdiff_t stride = 0;

    [[nodiscard]] std::uint32_t* row(int y) const { return pixels + y * stride; }
};
[[nodiscard]] inline PixelTarget targetOf(Raster& raster) {
    return {raster.pixels.data(), raster.width, raster.height, raster.width};
}

/// Black (transparent) pixels of that size.
[[nodiscard]] inline Raster emptyRaster(std::int64_t width, std::int64_t height) {
    return {static_cast<int>(width), static_cast<int>(height),
            std::vector<std::uint32_t>(static_cast<std::size_t>(width * height))};
}
/// The opaque mean of the pixels in the square of `side` at (x, y), cut at the edges of `from`; at least one
/// must be inside.
[[nodiscard]] std::uint32_t meanOfSquare(const Raster& from, int x, int y, int side);

/// One level of the pyramid; level 0 is full resolution.
struct SlideLevel {
    std::int64_t width = 0, height = 0; ///< level pixels
    double downsample = 1;              ///< level-0 pixels per level pixel
    int tileWidth = 256, tileHeight = 256;
    bool ready =
        true; ///< false while PlainImageSource still decodes this level: a read of it waits, others do not
};

/// What a slide says about itself.
struct SlideInfo {
    std::string vendor;             ///< OpenSlide's vendor name, or "plain image", "synthetic"
    std::vector<SlideLevel> levels; ///< at least one, finest first
    std::optional<MicronsPerPixel>
        micronsPerPixel; ///< of level 0; nothing when the file does not say (never guessed)
    std::optional<double> objectivePower;
    std::vector<std::string> associatedImages; ///< names, e.g. "label", "macro"
    std::vector<std::string> warnings;         ///< sentences for the user
};

/// A readable whole-slide image. Every function may be called from several threads at once; all of them block
/// on disk.
class SlideSource {
  public:
    virtual ~SlideSource() = default;
    SlideSource() = default;
    SlideSource(const SlideSource&) = delete;
    SlideSource& operator=(const SlideSource&) = delete;

    /// A snapshot. Levels, sizes and scale are stable after opening; only PlainImageSource replaces it while
    /// it decodes, to set SlideLevel::ready and to add warnings.
    [[nodiscard]] virtual std::shared_ptr<const SlideInfo> info() const = 0;

    /// Reads `rect` (level pixels of `level`). Parts outside the image are white. BadInput when the level
    /// does not exist or the file is broken there; other places stay readable.
    [[nodiscard]] virtual Result<Raster> readRegion(int level, LevelRect rect) const = 0;

    /// Reads `rect` of `level` at 1 / 2^reduction of its size (0 to 3), each pixel the mean of those it
    /// covers, into `out`, whose size must be that of `rect` divided by 2^reduction and rounded up (else
    /// Usage). As readRegion() otherwise; faster where the file's own compression can be decoded at a smaller
    /// size. What `out` holds after an error is undefined.
    [[nodiscard]] virtual Result<void> readReduced(int level, LevelRect rect, int reduction,
                                                   PixelTarget out) const;

    /// Reads an associated image by its name. BadInput when there is none.
    [[nodiscard]] virtual Result<Raster> readAssociatedImage(const std::string& name) const = 0;

    /// Identifies the content for caches and the workspace: stable over renames, different for different
    /// files.
    [[nodiscard]] virtual std::string fingerprint() const = 0;

    /// Everything else the file says about itself, names in order; may hold what identifies a patient. Empty
    /// where the format says nothing.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> properties() const { return {}; }

    /// Asks to be told when info() has been replaced; an empty function ends it. The listener runs on a
    /// thread of the source, must return quickly and must not call the source. Once this returns, the former
    /// listener neither runs nor will run. Changes made before the call are not reported: read info() after
    /// it. Does nothing where info() never changes.
    virtual void setChangeListener(std::function<void()> listener) { static_cast<void>(listener); }
};

/// Opens any slide: OpenSlide first, plain images (JPEG, PNG, BMP, JPEG 2000, other TIFF) next. Blocking;
/// call it on any thread but the GUI's. BadInput with a sentence when the file is missing, empty, truncated
/// or of no known format.
[[nodiscard]] Result<std::shared_ptr<SlideSource>> openSlide(const std::filesystem::path& path);

} // namespace spotglass
