#pragma once

#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spotglass {

/// What a picture file says about itself.
struct PictureMeta {
    double dotsPerInch = 96; ///< how large it is on paper
    /// Micrometres of tissue that a pixel of the picture shows; TIFF then states this resolution in place of
    /// that on paper, so that measuring programs know the scale.
    std::optional<MicronsPerPixel> micronsPerPixel;
    /// Keyword (1 to 79 ASCII letters) and text (UTF-8).
    std::vector<std::pair<std::string, std::string>> texts;
};

/// Writes one opaque picture to a file, from top to bottom, a few rows at a time: memory does not grow with
/// its height. Belongs to one thread at a time; everything blocks on the disk. Errors are of kind Device with
/// the sentence for the user; nothing may be called after one but the destructor, which leaves the file as it
/// is.
class PictureWriter {
  public:
    virtual ~PictureWriter() = default;
    PictureWriter() = default;
    PictureWriter(const PictureWriter&) = delete;
    PictureWriter& operator=(const PictureWriter&) = delete;

    /// The next `count` rows, one after the other, in Raster's form.
    [[nodiscard]] virtual Result<void> append(const std::uint32_t* rows, int count) = 0;
    /// After the last row: completes and closes the file.
    [[nodiscard]] virtual Result<void> finish() = 0;
};

/// PNG, 8 bits a channel (W3C PNG specification, third edition): pHYs for the size on paper, tEXt or iTXt for
/// the texts. Lossless.
[[nodiscard]] Result<std::unique_ptr<PictureWriter>>
makePngWriter(const std::filesystem::path& path, int width, int height, const PictureMeta& meta);

/// How the pixels of a TIFF are packed.
enum class TiffPacking : std::uint8_t { Deflate, Jpeg };

/// TIFF 6.0 in tiles of 256 x 256 pixels, as BigTIFF where it may pass 4 GB. Deflate is lossless. The first
/// lines of ImageDescription are the texts, "keyword: text"; Software is the text of that keyword.
[[nodiscard]] Result<std::unique_ptr<PictureWriter>> makeTiffWriter(const std::filesystem::path& path,
                                                                    int width, int height,
                                                                    const PictureMeta& meta,
                                                                    TiffPacking packing);

} // namespace spotglass
