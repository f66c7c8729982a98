#include "viewer/slide/PlainImageDecoder.h"
#include "viewer/slide/TiffFile.h"

#include <algorithm>
#include <fmt/format.h>
#include <tiffio.h>

namespace spotglass {
namespace {

constexpr std::int64_t maxPiecePixels = 100'000'000; ///< of one strip or tile that has to be decoded at once

/// libtiff's ABGR words, colours premultiplied, onto white.
void abgrToBgr(const std::uint32_t* abgr, std::int64_t pixels, std::uint8_t* bgr) {
    for (std::int64_t i = 0; i < pixels; ++i) {
        const std::uint32_t pixel = *abgr++, missing = 255 - TIFFGetA(pixel);
        *bgr++ = static_cast<std::uint8_t>(TIFFGetB(pixel) + missing);
        *bgr++ = static_cast<std::uint8_t>(TIFFGetG(pixel) + missing);
        *bgr++ = static_cast<std::uint8_t>(TIFFGetR(pixel) + missing);
    }
}

class TiffDecoder final : public PlainImageDecoder {
  public:
    TiffDecoder(std::filesystem::path path, TiffFile file) : path_(std::move(path)), file_(std::move(file)) {}

    Result<void> open() {
        const TiffSummary& s = file_.summary();
        header_ = {"TIFF", s.width, s.height, s.orientation, s.micronsPerPixel, false, {}};
        if (auto ok = checkKind(); !ok) return ok;
        std::error_code ec;
        if (!file_.isComplete(std::filesystem::file_size(path_, ec))) return truncatedImage("TIFF", path_);
        if (s.pictures > 1)
            header_.warnings.push_back(fmt::format(
                "The file holds {} pictures of the same size; only the first is shown.", s.pictures));
        // libtiff would apply half of the orientation itself; here it is applied as a whole, later.
        TIFFSetField(file_.handle(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
        char reason[1024] = "";
        if (!TIFFRGBAImageOK(file_.handle(), reason)) return damagedImage("TIFF", path_, reason);
        return {};
    }

    [[nodiscard]] const PlainImageHeader& header() const override { return header_; }

    Result<void> decode(const RowTarget& target) override {
        const TiffSummary& s = file_.summary();
        auto done = s.tiled ? decodeTiles(target) : canReadRows() ? decodeRows(target) : decodeStrips(target);
        if (done && file_.sawDamage()) return damaged();
        return done;
    }

  private:
    [[nodiscard]] Failure damaged() const { return damagedImage("TIFF", path_, file_.lastError()); }

    /// Whether this is a picture of a stained section at all.
    [[nodiscard]] Result<void> checkKind() const {
        const TiffSummary& s = file_.summary();
        const std::string hint = "Export one brightfield picture as an 8-bit RGB TIFF";
        if (!s.notOnePicture.empty())
            return badInput("this TIFF is not one brightfield picture: " + s.notOnePicture, path_.string(),
                            hint);
        const int colors = s.samplesPerPixel - (s.hasAlpha ? 1 : 0);
        if (s.bitsPerSample == 16 && colors < 3)
            return badInput(
                "this TIFF holds 16-bit grey values (fluorescence or raw data), not a stained section",
                path_.string(), hint);
        if (s.bitsPerSample > 16)
            return badInput(fmt::format("this TIFF holds {}-bit values, not a picture", s.bitsPerSample),
                            path_.string(), hint);
        if (static_cast<std::int64_t>(s.tileWidth) * s.tileHeight > maxPiecePixels && !canReadRows())
            return badInput("this TIFF stores its picture in one piece that is too large", path_.string(),
                            "Convert it to a pyramidal TIFF");
        return {};
    }

    /// Rows of 8-bit grey or RGB can be read one by one, however long the strips are.
    [[nodiscard]] bool canReadRows() const {
        const TiffSummary& s = file_.summary();
        if (s.tiled || s.bitsPerSample != 8 || s.hasAlpha) return false;
        const bool grey = s.samplesPerPixel == 1 && (s.photometric == PHOTOMETRIC_MINISBLACK ||
                                                     s.photometric == PHOTOMETRIC_MINISWHITE);
        const bool color = s.samplesPerPixel == 3 && !s.planar &&
                           (s.photometric == PHOTOMETRIC_RGB ||
                            (s.photometric == PHOTOMETRIC_YCBCR && s.compression == COMPRESSION_JPEG));
        return grey || color;
    }

    Result<void> decodeRows(const RowTarget& target) {
        const TiffSummary& s = file_.summary();
        if (s.photometric == PHOTOMETRIC_YCBCR)
            TIFFSetField(file_.handle(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        std::vector<std::uint8_t> row(
            static_cast<std::size_t>(std::max<tmsize_t>(TIFFScanlineSize(file_.handle()), s.width * 3)));
        const bool grey = s.samplesPerPixel == 1, inverted = s.photometric == PHOTOMETRIC_MINISWHITE;
        for (std::int64_t y = 0; y < s.height; ++y) {
            if (TIFFReadScanline(file_.handle(), row.data(), static_cast<std::uint32_t>(y), 0) < 0)
                return damaged();
            std::uint8_t* bgr = target.pixels + y * s.width * 3;
            for (std::int64_t x = 0; x < s.width; ++x)
                for (int c = 2; c >= 0; --c) {
                    const std::uint8_t value = row[static_cast<std::size_t>(grey ? x : 3 * x + c)];
                    *bgr++ = inverted ? static_cast<std::uint8_t>(255 - value) : value;
                }
            if ((y + 1) % 64 == 0 && !target.advance(y + 1)) return cancelled();
        }
        return target.advance(s.height) ? Result<void>{} : cancelled();
    }

    Result<void> decodeStrips(const RowTarget& target) {
        const TiffSummary& s = file_.summary();
        std::vector<std::uint32_t> strip(static_cast<std::size_t>(s.width) *
                                         static_cast<std::size_t>(s.tileHeight));
        for (std::int64_t top = 0; top < s.height; top += s.tileHeight) {
            const std::int64_t rows = std::min<std::int64_t>(s.tileHeight, s.height - top);
            if (!TIFFReadRGBAStripExt(file_.handle(), static_cast<std::uint32_t>(top), strip.data(), 1))
                return damaged();
            for (std::int64_t y = 0; y < rows; ++y) // libtiff's rasters begin at the bottom
                abgrToBgr(strip.data() + (rows - 1 - y) * s.width, s.width,
                          target.pixels + (top + y) * s.width * 3);
            if (!target.advance(top + rows)) return cancelled();
        }
        return {};
    }

    Result<void> decodeTiles(const RowTarget& target) {
        const TiffSummary& s = file_.summary();
        std::vector<std::uint32_t> tile(static_cast<std::size_t>(s.tileWidth) *
                                        static_cast<std::size_t>(s.tileHeight));
        for (std::int64_t top = 0; top < s.height; top += s.tileHeight) {
            const std::int64_t rows = std::min<std::int64_t>(s.tileHeight, s.height - top);
            for (std::int64_t left = 0; left < s.width; left += s.tileWidth) {
                const std::int64_t columns = std::min<std::int64_t>(s.tileWidth, s.width - left);
                if (!TIFFReadRGBATileExt(file_.handle(), static_cast<std::uint32_t>(left),
                                         static_cast<std::uint32_t>(top), tile.data(), 1))
                    return damaged();
                for (std::int64_t y = 0; y < rows; ++y)
                    abgrToBgr(tile.data() + (s.tileHeight - 1 - y) * s.tileWidth, columns,
                              target.pixels + ((top + y) * s.width + left) * 3);
            }
            if (!target.advance(top + rows)) return cancelled();
        }
        return {};
    }

    std::filesystem::path path_;
    TiffFile file_;
    PlainImageHeader header_;
};

} // namespace

Result<std::unique_ptr<PlainImageDecoder>> makeTiffDecoder(const std::filesystem::path& path) {
    auto file = TiffFile::open(path);
    if (!file) return Failure(file.error());
    auto decoder = std::make_unique<TiffDecoder>(path, std::move(*file));
    if (auto ok = decoder->open(); !ok) return Failure(ok.error());
    return decoder;
}

} // namespace spotglass
