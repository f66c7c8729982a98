#pragma once

#include "viewer/slide/SlideSource.h"

#include <functional>

/// Slides and images of known colours, written for the tests. Everything here asserts by exception: a test
/// that cannot write its file has failed.
namespace spotglass::testing {

/// 0xRRGGBB at a pixel.
using Painter = std::function<std::uint32_t(int x, int y)>;

/// A different saturated colour for each square of `side` pixels.
[[nodiscard]] Painter squares(int side);
/// A colour for each square of `side` pixels, as squares() paints it.
[[nodiscard]] std::uint32_t squareColor(int column, int row);
/// Colours that change smoothly, as JPEG likes them.
[[nodiscard]] Painter gradient(int width, int height);

enum class Packing { None, Deflate, Jpeg };

struct TiffOptions {
    int width = 0, height = 0;
    int tile = 0; ///< 0: strips
    int rowsPerStrip = 16;
    Packing packing = Packing::Deflate;
    int channels = 3, bits = 8;
    bool planar = false;
    int orientation = 1;
    int levels = 1;                 ///< each half as large, in directories of their own
    double pixelsPerCentimetre = 0; ///< 0: not said
    std::string description = {};
    int pictures = 1;
    int leaveOutTile = -1;           ///< a tile of each directory that is not written
    bool subPictures = false;        ///< the smaller levels are SubIFDs of the first, as in OME-TIFF
    bool foreignSubPictures = false; ///< and show something else
};
void writeTiff(const std::filesystem::path& path, const TiffOptions& options, const Painter& painter);
struct HugeTiffOptions {
    int width = 0, height = 0, tile = 256;
    bool big = false; ///< BigTIFF
    int everyNth = 1; ///< only each so manieth tile has bytes
};
/// A JPEG TIFF of one level whose tiles are all the same bytes of the file, so that it is small and soon
/// written; `painter` paints that tile.
void writeHugeTiff(const std::filesystem::path& path, const HugeTiffOptions& options, const Painter& painter);
/// Overwrites the bytes of one tile or strip of the first directory.
void breakTile(const std::filesystem::path& path, unsigned index);

struct JpegOptions {
    int width = 0, height = 0, quality = 95;
    bool progressive = false;
    int orientation = 0; ///< EXIF; 0: no EXIF
    int dotsPerInch = 0; ///< JFIF; 0: none
};
void writeJpeg(const std::filesystem::path& path, const JpegOptions& options, const Painter& painter);
/// Through OpenCV: PNG or BMP by the extension; `alpha` gives 0 to 255 at a pixel when set.
void writePicture(const std::filesystem::path& path, int width, int height, const Painter& painter,
                  const std::function<int(int x, int y)>& alpha = {});

/// Copies `from` to `to`, cut after `bytes`.
void copyCut(const std::filesystem::path& from, const std::filesystem::path& to, std::uintmax_t bytes);
void writeText(const std::filesystem::path& path, const std::string& text);

/// Largest difference of a channel between two opaque colours.
[[nodiscard]] int difference(std::uint32_t a, std::uint32_t b);
[[nodiscard]] inline std::uint32_t pixel(const Raster& raster, int x, int y) {
    return raster.pixels.at(static_cast<std::size_t>(y) * static_cast<std::size_t>(raster.width) +
                            static_cast<std::size_t>(x));
}

} // namespace spotglass::testing
