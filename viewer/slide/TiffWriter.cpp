#include "viewer/slide/PictureWriter.h"

#include <algorithm>
#include <cstdarg>
#include <tiffio.h>

namespace spotglass {
namespace {

constexpr int tileSide = 256;
constexpr std::size_t channels = 3;
constexpr double classicLimit = 3.5e9; ///< bytes before packing that surely fit a classic TIFF
constexpr int jpegQuality = 92;

int swallow(TIFF*, void*, const char*, const char*, std::va_list) {
    return 1; // what fails is told by what the calls return
}

std::string description(const PictureMeta& meta) {
    std::string text;
    for (const auto& [keyword, words] : meta.texts)
        text += keyword + ": " + words + "\n";
    if (!text.empty()) text.pop_back();
    return text;
}

class TiffWriter final : public PictureWriter {
  public:
    TiffWriter(std::filesystem::path path, int width, int height)
        : path_(std::move(path)), width_(width), height_(height),
          rows_(static_cast<std::size_t>(width) * tileSide), tile_(channels * tileSide * tileSide) {}
    ~TiffWriter() override {
        if (tiff_) TIFFClose(tiff_);
    }

    Result<void> open(const PictureMeta& meta, TiffPacking packing) {
        const bool big = 3.0 * width_ * height_ > classicLimit;
        TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
        if (options) {
            TIFFOpenOptionsSetErrorHandlerExtR(options, swallow, nullptr);
            TIFFOpenOptionsSetWarningHandlerExtR(options, swallow, nullptr);
            tiff_ = TIFFOpenExt(path_.c_str(), big ? "w8" : "w", options);
            TIFFOpenOptionsFree(options);
        }
        if (!tiff_) return refused();
        TIFFSetField(tiff_, TIFFTAG_IMAGEWIDTH, width_);
        TIFFSetField(tiff_, TIFFTAG_IMAGELENGTH, height_);
        TIFFSetField(tiff_, TIFFTAG_TILEWIDTH, tileSide);
        TIFFSetField(tiff_, TIFFTAG_TILELENGTH, tileSide);
        TIFFSetField(tiff_, TIFFTAG_SAMPLESPERPIXEL, 3);
        TIFFSetField(tiff_, TIFFTAG_BITSPERSAMPLE, 8);
        TIFFSetField(tiff_, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
        TIFFSetField(tiff_, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
        if (packing == TiffPacking::Jpeg) {
            TIFFSetField(tiff_, TIFFTAG_COMPRESSION, COMPRESSION_JPEG);
            TIFFSetField(tiff_, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_YCBCR);
            TIFFSetField(tiff_, TIFFTAG_JPEGQUALITY, jpegQuality);
            TIFFSetField(tiff_, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        } else {
            TIFFSetField(tiff_, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
            TIFFSetField(tiff_, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
            TIFFSetField(tiff_, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
        }
        constexpr double micronsPerCentimetre = 1e4, centimetresPerInch = 2.54;
        const double onPaper = meta.dotsPerInch / centimetresPerInch;
        const auto scale = meta.micronsPerPixel;
        TIFFSetField(tiff_, TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
        TIFFSetField(tiff_, TIFFTAG_XRESOLUTION, scale ? micronsPerCentimetre / scale->x : onPaper);
        TIFFSetField(tiff_, TIFFTAG_YRESOLUTION, scale ? micronsPerCentimetre / scale->y : onPaper);
        if (const std::string text = description(meta); !text.empty())
            TIFFSetField(tiff_, TIFFTAG_IMAGEDESCRIPTION, text.c_str());
        for (const auto& [keyword, text] : meta.texts)
            if (keyword == "Software") TIFFSetField(tiff_, TIFFTAG_SOFTWARE, text.c_str());
        return {};
    }

    [[nodiscard]] Result<void> append(const std::uint32_t* rows, int count) override {
        const auto stride = static_cast<std::size_t>(width_);
        for (int y = 0; y < count; ++y) {
            std::copy_n(rows + static_cast<std::size_t>(y) * stride, stride,
                        rows_.begin() + static_cast<std::ptrdiff_t>(stride) * waiting_);
            if (++waiting_ == tileSide)
                if (auto ok = writeTiles(); !ok) return ok;
        }
        return {};
    }

    [[nodiscard]] Result<void> finish() override {
        if (waiting_ > 0)
            if (auto ok = writeTiles(); !ok) return ok;
        const bool written = TIFFFlush(tiff_) == 1;
        TIFFClose(tiff_);
        tiff_ = nullptr;
        if (!written) return refused();
        return {};
    }

  private:
    /// One row of tiles from the rows that wait. What lies beyond the picture repeats its edge, which JPEG
    /// packs best.
    [[nodiscard]] Result<void> writeTiles() {
        for (int left = 0; left < width_; left += tileSide) {
            auto out = tile_.begin();
            for (int y = 0; y < tileSide; ++y) {
                const std::uint32_t* row =
                    rows_.data() +
                    static_cast<std::size_t>(std::min(y, waiting_ - 1)) * static_cast<std::size_t>(width_);
                for (int x = left; x < left + tileSide; ++x) {
                    const std::uint32_t pixel = row[std::min(x, width_ - 1)];
                    *out++ = static_cast<std::uint8_t>(pixel >> 16);
                    *out++ = static_cast<std::uint8_t>(pixel >> 8);
                    *out++ = static_cast<std::uint8_t>(pixel);
                }
            }
            if (TIFFWriteTile(tiff_, tile_.data(), static_cast<std::uint32_t>(left),
                              static_cast<std::uint32_t>(top_), 0, 0) < 0)
                return refused();
        }
        top_ += tileSide;
        waiting_ = 0;
        return {};
    }
    [[nodiscard]] Failure refused() const {
        return fail(ErrorKind::Device, "this file cannot be written", path_.string(),
                    "Check the free space and the permissions of the folder");
    }

    std::filesystem::path path_;
    int width_, height_;
    int top_ = 0, waiting_ = 0; ///< first row not written yet, and how many there are of it
    std::vector<std::uint32_t> rows_;
    std::vector<std::uint8_t> tile_;
    TIFF* tiff_ = nullptr;
};

} // namespace

Result<std::unique_ptr<PictureWriter>> makeTiffWriter(const std::filesystem::path& path, int width,
                                                      int height, const PictureMeta& meta,
                                                      TiffPacking packing) {
    if (width <= 0 || height <= 0) return fail(ErrorKind::Usage, "an empty picture was asked for");
    auto writer = std::make_unique<TiffWriter>(path, width, height);
    if (auto ok = writer->open(meta, packing); !ok) return Failure(ok.error());
    return writer;
}

} // namespace spotglass
