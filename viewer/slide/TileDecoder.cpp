#include "viewer/slide/TileDecoder.h"

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <jpeglib.h>
#include <tiffio.h>

namespace spotglass {
namespace {

constexpr J_COLOR_SPACE nativeOrder =
    std::endian::native == std::endian::little ? JCS_EXT_BGRA : JCS_EXT_ARGB;

/// libjpeg leaves by longjmp, so no frame between setjmp and libjpeg may hold C++ objects.
struct ErrorManager {
    jpeg_error_mgr base; ///< first, so that libjpeg's pointer is ours
    std::jmp_buf leave;
};

[[noreturn]] void leaveOnError(j_common_ptr info) {
    std::longjmp(reinterpret_cast<ErrorManager*>(info->err)->leave, 1);
}

/// A tile that libjpeg has doubts about is left to the reader that is asked next.
void countWarning(j_common_ptr info, int severity) {
    if (severity < 0) ++info->err->num_warnings;
}

std::uint32_t onWhite(std::uint32_t premultiplied) {
    const std::uint32_t missing = 255 - (premultiplied >> 24);
    return missing ? (premultiplied + missing * 0x00010101u) | 0xff000000u : premultiplied;
}

} // namespace

/// A libjpeg decompressor that remembers the tables of the picture it decoded last.
struct TileDecoder::Jpeg {
    jpeg_decompress_struct info{};
    ErrorManager errors{};
    const TiledTiffPicture* tablesOf = nullptr;

    Jpeg() {
        info.err = jpeg_std_error(&errors.base);
        errors.base.error_exit = leaveOnError;
        errors.base.emit_message = countWarning;
        errors.base.output_message = [](j_common_ptr) {};
        jpeg_create_decompress(&info);
    }
    ~Jpeg() { jpeg_destroy_decompress(&info); }
    Jpeg(const Jpeg&) = delete;
    Jpeg& operator=(const Jpeg&) = delete;

    [[nodiscard]] bool decode(const TiledTiffPicture& picture, const std::uint8_t* bytes, std::size_t count,
                              int reduction, PixelTarget out, std::vector<std::uint32_t>& spareRow) {
        const bool done = attempt(picture, bytes, count, reduction, out, spareRow);
        jpeg_abort_decompress(&info);
        if (!done) tablesOf = nullptr;
        return done;
    }

  private:
    [[nodiscard]] bool attempt(const TiledTiffPicture& picture, const std::uint8_t* bytes, std::size_t count,
                               int reduction, PixelTarget out, std::vector<std::uint32_t>& spareRow) {
        if (setjmp(errors.leave)) return false;
        errors.base.num_warnings = 0;
        if (tablesOf != &picture && !picture.jpegTables.empty()) {
            jpeg_mem_src(&info, picture.jpegTables.data(), picture.jpegTables.size());
            if (jpeg_read_header(&info, FALSE) != JPEG_HEADER_TABLES_ONLY) return false;
        }
        tablesOf = &picture;
        jpeg_mem_src(&info, bytes, count);
        if (jpeg_read_header(&info, TRUE) != JPEG_HEADER_OK) return false;
        if (info.image_width != static_cast<JDIMENSION>(picture.tileWidth) ||
            info.image_height != static_cast<JDIMENSION>(picture.tileHeight))
            return false;
        // The directory says what the components are; libjpeg could only guess (as in libtiff's tif_jpeg.c).
        if (info.num_components == 3)
            info.jpeg_color_space = picture.isYCbCr ? JCS_YCbCr : JCS_RGB;
        else if (info.num_components != 1)
            return false;
        info.out_color_space = nativeOrder;
        info.scale_num = 1;
        info.scale_denom = 1u << reduction;
        jpeg_start_decompress(&info);
        const bool direct = info.output_width <= static_cast<JDIMENSION>(out.width);
        if (direct && info.output_width < static_cast<JDIMENSION>(out.width)) return false;
        if (static_cast<JDIMENSION>(out.height) > info.output_height) return false;
        if (!direct && spareRow.size() < info.output_width) spareRow.resize(info.output_width);
        while (info.output_scanline < static_cast<JDIMENSION>(out.height)) {
            const int y = static_cast<int>(info.output_scanline);
            constexpr int together = 16; // calls for single rows cost time
            JSAMPROW rows[together];
            int batch = direct ? std::min(together, out.height - y) : 1;
            for (int i = 0; i < batch; ++i)
                rows[i] = reinterpret_cast<JSAMPROW>(direct ? out.row(y + i) : spareRow.data());
            batch = static_cast<int>(jpeg_read_scanlines(&info, rows, static_cast<JDIMENSION>(batch)));
            if (batch < 1) return false;
            if (!direct)
                std::memcpy(out.row(y), spareRow.data(),
                            static_cast<std::size_t>(out.width) * sizeof(std::uint32_t));
        }
        return errors.base.num_warnings == 0;
    }
};

void TileDecoder::TiffCloser::operator()(tiff* handle) const {
    TIFFClose(handle);
}

TileDecoder::TileDecoder(const std::filesystem::path& path) : path_(path), jpeg_(std::make_unique<Jpeg>()) {}
TileDecoder::~TileDecoder() = default;

bool TileDecoder::decode(const RandomAccessFile& file, const TiledTiffPicture& picture, std::size_t index,
                         int reduction, PixelTarget out) {
    if (!picture.isJpeg) return reduction == 0 && decodeByTiff(picture, index, out);
    bytes_.resize(picture.byteCounts[index]);
    return file.readAt(picture.offsets[index], bytes_.data(), bytes_.size()) &&
           jpeg_->decode(picture, bytes_.data(), bytes_.size(), reduction, out, pixels_);
}

bool TileDecoder::decodeByTiff(const TiledTiffPicture& picture, std::size_t index, PixelTarget out) {
    if (!tiff_) tiff_.reset(TIFFOpen(path_.string().c_str(), "rm")); // "m": read, not mapped
    if (!tiff_) return false;
    if (directory_ != picture.directory && !TIFFSetSubDirectory(tiff_.get(), picture.directory)) {
        directory_ = 0;
        return false;
    }
    directory_ = picture.directory;
    const auto width = static_cast<std::size_t>(picture.tileWidth),
               pixels = width * static_cast<std::size_t>(picture.tileHeight);
    if (picture.isPlainRgb) {
        const auto size = static_cast<tmsize_t>(pixels * 3);
        bytes_.resize(static_cast<std::size_t>(size));
        if (TIFFReadEncodedTile(tiff_.get(), static_cast<std::uint32_t>(index), bytes_.data(), size) != size)
            return false;
        for (int y = 0; y < out.height; ++y) {
            const std::uint8_t* from = &bytes_[static_cast<std::size_t>(y) * width * 3];
            std::uint32_t* to = out.row(y);
            for (int x = 0; x < out.width; ++x, from += 3)
                to[x] = 0xff000000u | static_cast<std::uint32_t>(from[0]) << 16 |
                        static_cast<std::uint32_t>(from[1]) << 8 | from[2];
        }
        return true;
    }
    pixels_.resize(pixels);
    // The whole tile, also at the edge: TIFFReadRGBATile leaves the padding out, and libtiff 4.5 loses its
    // place in 16-bit rows there.
    TIFFRGBAImage image;
    char reason[1024];
    if (!TIFFRGBAImageBegin(&image, tiff_.get(), 1, reason)) return false;
    image.req_orientation = ORIENTATION_TOPLEFT;
    image.col_offset =
        static_cast<int>(static_cast<std::int64_t>(index) % picture.columns * picture.tileWidth);
    image.row_offset =
        static_cast<int>(static_cast<std::int64_t>(index) / picture.columns * picture.tileHeight);
    const bool done = TIFFRGBAImageGet(&image, pixels_.data(), static_cast<std::uint32_t>(picture.tileWidth),
                                       static_cast<std::uint32_t>(picture.tileHeight)) == 1;
    TIFFRGBAImageEnd(&image);
    if (!done) return false;
    for (int row = 0; row < out.height; ++row) {
        const std::uint32_t* from = &pixels_[static_cast<std::size_t>(row) * width];
        std::uint32_t* to = out.row(row);
        for (int column = 0; column < out.width; ++column) { // red is in the lowest byte
            const std::uint32_t abgr = from[column];
            to[column] = onWhite((abgr & 0xff00ff00u) | (abgr & 255) << 16 | (abgr >> 16 & 255));
        }
    }
    return true;
}

} // namespace spotglass
