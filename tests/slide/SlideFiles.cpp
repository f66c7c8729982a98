#include "SlideFiles.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <jpeglib.h>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <tiffio.h>

namespace spotglass::testing {
namespace fs = std::filesystem;
namespace {

void check(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(what);
}

std::uint8_t channelOf(std::uint32_t color, int channel, int channels) {
    if (channels == 1) return static_cast<std::uint8_t>((color >> 8) & 255); // green stands for grey
    return channel > 2 ? 255 : static_cast<std::uint8_t>((color >> (16 - 8 * channel)) & 255); // opaque
}

/// The bytes of one rectangle in the order that TIFF wants them; plane -1: all channels together.
std::vector<std::uint8_t> bytesOf(const TiffOptions& o, const Painter& painter, int left, int top, int width,
                                  int height, int plane) {
    std::vector<std::uint8_t> bytes;
    for (int y = top; y < top + height; ++y)
        for (int x = left; x < left + width; ++x) {
            const std::uint32_t color = painter(std::min(x, o.width - 1), std::min(y, o.height - 1));
            for (int c = 0; c < o.channels; ++c) {
                if (plane >= 0 && c != plane) continue;
                const std::uint8_t value = channelOf(color, c, o.channels);
                bytes.insert(bytes.end(), static_cast<std::size_t>(o.bits / 8),
                             value); // 16 bits: value * 257
            }
        }
    return bytes;
}

void setFields(TIFF* tiff, const TiffOptions& o, bool reduced) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, o.width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, o.height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, o.bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, o.channels);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, o.channels >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, o.planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, o.orientation);
    const int packing = o.packing == Packing::Jpeg      ? COMPRESSION_JPEG
                        : o.packing == Packing::Deflate ? COMPRESSION_ADOBE_DEFLATE
                                                        : COMPRESSION_NONE;
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, packing);
    if (reduced) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
    if (!o.description.empty()) TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, o.description.c_str());
    if (o.pixelsPerCentimetre > 0) {
        TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
        TIFFSetField(tiff, TIFFTAG_XRESOLUTION, o.pixelsPerCentimetre);
        TIFFSetField(tiff, TIFFTAG_YRESOLUTION, o.pixelsPerCentimetre);
    }
    if (o.tile > 0) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, o.tile);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, o.tile);
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, o.rowsPerStrip);
    }
}

void writeDirectory(TIFF* tiff, const TiffOptions& o, const Painter& painter, bool reduced) {
    setFields(tiff, o, reduced);
    const std::vector<std::uint64_t> places(static_cast<std::size_t>(o.levels)); // libtiff fills them in
    if (o.subPictures && !reduced && o.levels > 1)
        TIFFSetField(tiff, TIFFTAG_SUBIFD, o.levels - 1, places.data());
    const int stepX = o.tile > 0 ? o.tile : o.width, stepY = o.tile > 0 ? o.tile : o.rowsPerStrip;
    std::uint32_t index = 0;
    for (int plane = o.planar ? 0 : -1; plane < (o.planar ? o.channels : 0); ++plane)
        for (int y = 0; y < o.height; y += stepY)
            for (int x = 0; x < o.width; x += stepX, ++index) {
                if (static_cast<int>(index) == o.leaveOutTile) continue;
                const int rows = o.tile > 0 ? o.tile : std::min(stepY, o.height - y);
                auto bytes = bytesOf(o, painter, x, y, stepX, rows, plane);
                const auto size = static_cast<tmsize_t>(bytes.size());
                check((o.tile > 0 ? TIFFWriteEncodedTile(tiff, index, bytes.data(), size)
                                  : TIFFWriteEncodedStrip(tiff, index, bytes.data(), size)) >= 0,
                      "a tile was not written");
            }
    check(TIFFWriteDirectory(tiff) == 1, "a directory was not written");
}

/// A minimal EXIF segment that holds nothing but the orientation.
void writeOrientation(jpeg_compress_struct& info, int orientation) {
    std::array<unsigned char, 32> exif{'E', 'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                                       1,   0x12, 0,   3,   0, 0, 0,   1,   0, 0,  0, 0, 0, 0, 0, 0};
    exif[25] = static_cast<unsigned char>(orientation);
    jpeg_write_marker(&info, JPEG_APP0 + 1, exif.data(), static_cast<unsigned>(exif.size()));
}

} // namespace

std::uint32_t squareColor(int column, int row) {
    const auto hash = static_cast<std::uint32_t>(column * 7 + row * 13 + 1);
    return (40 + hash * 37 % 180) << 16 | (40 + hash * 91 % 180) << 8 | (40 + hash * 53 % 180);
}

Painter squares(int side) {
    return [side](int x, int y) { return squareColor(x / side, y / side); };
}

Painter gradient(int width, int height) {
    return [width, height](int x, int y) {
        return static_cast<std::uint32_t>((x * 255 / width) << 16 | (y * 255 / height) << 8 |
                                          (x + y) * 255 / (width + height));
    };
}

void writeTiff(const fs::path& path, const TiffOptions& options, const Painter& painter) {
    TIFF* tiff = TIFFOpen(path.c_str(), "w");
    check(tiff, "the TIFF was not created");
    for (int picture = 0; picture < options.pictures; ++picture)
        writeDirectory(tiff, options, painter, false);
    for (int level = 1; level < options.levels; ++level) {
        TiffOptions reduced = options;
        reduced.width = (options.width + (1 << level) - 1) >> level;
        reduced.height = (options.height + (1 << level) - 1) >> level;
        const auto half = [&](int x, int y) {
            if (options.foreignSubPictures) return 0x20u;
            return painter(std::min(x << level, options.width - 1), std::min(y << level, options.height - 1));
        };
        writeDirectory(tiff, reduced, half, true);
    }
    TIFFClose(tiff);
}

void writeHugeTiff(const fs::path& path, const HugeTiffOptions& o, const Painter& painter) {
    const fs::path single = path.string() + ".tile";
    writeTiff(single, {.width = o.tile, .height = o.tile, .tile = o.tile, .packing = Packing::Jpeg}, painter);
    TIFF* tiff = TIFFOpen(single.c_str(), "r");
    check(tiff, "the tile was not opened");
    std::string jpeg(static_cast<std::size_t>(TIFFGetStrileByteCount(tiff, 0)), 0);
    check(TIFFReadRawTile(tiff, 0, jpeg.data(), static_cast<tmsize_t>(jpeg.size())) > 0,
          "the tile was not read");
    std::uint32_t length = 0;
    void* tables = nullptr;
    check(TIFFGetField(tiff, TIFFTAG_JPEGTABLES, &length, &tables) == 1, "the tile has no tables");
    const std::string table(static_cast<const char*>(tables), length);
    TIFFClose(tiff);
    fs::remove(single);

    std::string out;
    const auto put = [&out](std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i)
            out += static_cast<char>(value >> (8 * i) & 255);
    };
    const int word = o.big ? 8 : 4;
    const std::uint64_t tiles = std::uint64_t{1} * static_cast<unsigned>((o.width + o.tile - 1) / o.tile) *
                                static_cast<unsigned>((o.height + o.tile - 1) / o.tile);
    out = o.big ? std::string("II+\0\x8\0\0\0", 8) : std::string("II*\0", 4);
    const std::uint64_t atJpeg = o.big ? 16 : 8, atTables = atJpeg + jpeg.size(),
                        atBits = atTables + table.size(), atOffsets = (atBits + 6 + 7) / 8 * 8,
                        atCounts = atOffsets + tiles * static_cast<unsigned>(word),
                        atDirectory = atCounts + tiles * 4;
    put((atDirectory + 7) / 8 * 8, word);
    out += jpeg + table;
    for (int c = 0; c < 3; ++c)
        put(8, 2);
    out.resize(atOffsets);
    const auto isThere = [&o](std::uint64_t tile) { return tile % static_cast<unsigned>(o.everyNth) == 0; };
    for (std::uint64_t tile = 0; tile < tiles; ++tile)
        put(isThere(tile) ? atJpeg : 0, word);
    for (std::uint64_t tile = 0; tile < tiles; ++tile)
        put(isThere(tile) ? jpeg.size() : 0, 4);
    out.resize((atDirectory + 7) / 8 * 8);
    struct Entry {
        std::uint16_t tag, type;
        std::uint64_t count, value;
    };
    const auto three = o.big ? std::uint64_t{0x000800080008} : atBits;
    const std::vector<Entry> entries{
        {TIFFTAG_IMAGEWIDTH, TIFF_LONG, 1, static_cast<unsigned>(o.width)},
        {TIFFTAG_IMAGELENGTH, TIFF_LONG, 1, static_cast<unsigned>(o.height)},
        {TIFFTAG_BITSPERSAMPLE, TIFF_SHORT, 3, three},
        {TIFFTAG_COMPRESSION, TIFF_SHORT, 1, COMPRESSION_JPEG},
        {TIFFTAG_PHOTOMETRIC, TIFF_SHORT, 1, PHOTOMETRIC_RGB},
        {TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, 1, 3},
        {TIFFTAG_TILEWIDTH, TIFF_LONG, 1, static_cast<unsigned>(o.tile)},
        {TIFFTAG_TILELENGTH, TIFF_LONG, 1, static_cast<unsigned>(o.tile)},
        {TIFFTAG_TILEOFFSETS, static_cast<std::uint16_t>(o.big ? TIFF_LONG8 : TIFF_LONG), tiles, atOffsets},
        {TIFFTAG_TILEBYTECOUNTS, TIFF_LONG, tiles, atCounts},
        {TIFFTAG_JPEGTABLES, TIFF_UNDEFINED, table.size(), atTables}};
    put(entries.size(), o.big ? 8 : 2);
    for (const Entry& entry : entries) {
        put(entry.tag, 2);
        put(entry.type, 2);
        put(entry.count, word);
        put(entry.value, word);
    }
    put(0, word);
    writeText(path, out);
}

void breakTile(const fs::path& path, unsigned index) {
    TIFF* tiff = TIFFOpen(path.c_str(), "r");
    check(tiff, "the TIFF was not opened");
    const auto at = TIFFGetStrileOffset(tiff, index), bytes = TIFFGetStrileByteCount(tiff, index);
    TIFFClose(tiff);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(static_cast<std::size_t>(bytes), '\x55');
    check(static_cast<bool>(file.flush()), "the tile was not overwritten");
}

void writeJpeg(const fs::path& path, const JpegOptions& options, const Painter& painter) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    check(file, "the JPEG was not created");
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_stdio_dest(&info, file);
    info.image_width = static_cast<JDIMENSION>(options.width);
    info.image_height = static_cast<JDIMENSION>(options.height);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, options.quality, TRUE);
    if (options.progressive) jpeg_simple_progression(&info);
    if (options.dotsPerInch > 0) {
        info.density_unit = 1;
        info.X_density = info.Y_density = static_cast<UINT16>(options.dotsPerInch);
    }
    jpeg_start_compress(&info, TRUE);
    if (options.orientation > 0) writeOrientation(info, options.orientation);
    std::vector<std::uint8_t> row(static_cast<std::size_t>(options.width) * 3);
    for (int y = 0; y < options.height; ++y) {
        for (int x = 0; x < options.width; ++x)
            for (int c = 0; c < 3; ++c)
                row[static_cast<std::size_t>(3 * x + c)] = channelOf(painter(x, y), c, 3);
        JSAMPROW rows[1] = {row.data()};
        jpeg_write_scanlines(&info, rows, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::fclose(file);
}

void writePicture(const fs::path& path, int width, int height, const Painter& painter,
                  const std::function<int(int x, int y)>& alpha) {
    cv::Mat picture(height, width, alpha ? CV_8UC4 : CV_8UC3);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            std::uint8_t* to = picture.ptr(y) + x * picture.channels();
            for (int c = 0; c < 3; ++c)
                to[c] = channelOf(painter(x, y), 2 - c, 3);
            if (alpha) to[3] = static_cast<std::uint8_t>(alpha(x, y));
        }
    check(cv::imwrite(path.string(), picture), "the picture was not written");
}

void copyCut(const fs::path& from, const fs::path& to, std::uintmax_t bytes) {
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write);
    fs::resize_file(to, bytes);
}

void writeText(const fs::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    check(static_cast<bool>(out.flush()), "the file was not written");
}

int difference(std::uint32_t a, std::uint32_t b) {
    int most = 0;
    for (int shift = 0; shift < 24; shift += 8)
        most = std::max(
            most, std::abs(static_cast<int>((a >> shift) & 255) - static_cast<int>((b >> shift) & 255)));
    return most;
}

} // namespace spotglass::testing
