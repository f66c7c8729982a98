#pragma once

#include "viewer/slide/SlideSource.h"

namespace spotglass {

/// What the header of an image file says.
struct PlainImageHeader {
    std::string format;                             ///< for sentences, e.g. "JPEG"
    std::int64_t width = 0, height = 0;             ///< as stored, before `orientation` is applied
    int orientation = 1;                            ///< EXIF and TIFF orientation, 1 to 8; 1: as stored
    std::optional<MicronsPerPixel> micronsPerPixel; ///< as stored
    bool hasPreview = false; ///< decodePreview() works and is much faster than decode()
    std::vector<std::string> warnings;
};

/// Where a decoder puts an image: rows of `width` x 3 bytes (blue, green, red), without padding.
struct RowTarget {
    std::uint8_t* pixels = nullptr;
    /// The first `rows` rows are final. False: stop, nobody wants the image any more.
    std::function<bool(std::int64_t rows)> advance;
};

/// Reads one image file from top to bottom. Belongs to one thread at a time; blocking. Nothing throws but
/// std::bad_alloc.
class PlainImageDecoder {
  public:
    virtual ~PlainImageDecoder() = default;
    PlainImageDecoder() = default;
    PlainImageDecoder(const PlainImageDecoder&) = delete;
    PlainImageDecoder& operator=(const PlainImageDecoder&) = delete;

    [[nodiscard]] virtual const PlainImageHeader& header() const = 0;
    /// Decodes the whole at 1/8 (sides rounded up) to `pixels`; BadInput when the file is damaged anywhere.
    [[nodiscard]] virtual Result<void> decodePreview(std::uint8_t* pixels);
    /// Decodes the whole. BadInput when the file is damaged, Cancelled when advance() said stop.
    [[nodiscard]] virtual Result<void> decode(const RowTarget& target) = 0;
};

/// Finds the decoder by the file's first bytes. BadInput when there is none, or the header is damaged.
[[nodiscard]] Result<std::unique_ptr<PlainImageDecoder>>
makePlainImageDecoder(const std::filesystem::path& path);

[[nodiscard]] Result<std::unique_ptr<PlainImageDecoder>> makeJpegDecoder(const std::filesystem::path& path);
[[nodiscard]] Result<std::unique_ptr<PlainImageDecoder>> makeTiffDecoder(const std::filesystem::path& path);
/// PNG, BMP and JPEG 2000, through the module in picture_module.
[[nodiscard]] Result<std::unique_ptr<PlainImageDecoder>> makeOpenCvDecoder(const std::filesystem::path& path);
/// The one entry of that module, `spotglass_make_picture_decoder`: puts the result into `made`.
using PictureModuleEntry = void(const std::filesystem::path& path,
                                Result<std::unique_ptr<PlainImageDecoder>>& made);

/// The sentence for a file that ends too early.
[[nodiscard]] Failure truncatedImage(const std::string& format, const std::filesystem::path& path);
/// The sentence for a file whose content makes no sense.
[[nodiscard]] Failure damagedImage(const std::string& format, const std::filesystem::path& path,
                                   const std::string& reason);

} // namespace spotglass
