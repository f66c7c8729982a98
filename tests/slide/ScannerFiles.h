#pragma once

#include "SlideFiles.h"

/// Small slides in the forms of scanners' own TIFF files, as far as OpenSlide recognises them by. Everything
/// here asserts by exception, as in SlideFiles.h.
namespace spotglass::testing {

struct PhilipsOptions {
    int width = 0, height = 0, tile = 512, levels = 3;
    int leaveOutTile = -1; ///< a tile of each level that has no bytes
    double micronsPerPixel = 0.25;
    int spacings = -1; ///< how many levels the XML speaks of; -1: all
};
/// Philips TIFF: each level padded to whole tiles, so that the coarser ones are larger than their share of
/// the full resolution. What is painted beyond the edge is the padding's grey.
void writePhilips(const std::filesystem::path& path, const PhilipsOptions& options, const Painter& painter);
inline constexpr std::uint32_t philipsPadding = 0xd0d0d0;

struct VentanaOptions {
    int tile = 256, columns = 4, rows = 3, levels = 3;
    int overlap = 0;         ///< pixels by which neighbouring tiles overlap
    bool saysAreas = true;   ///< false: an older kind, which knows neither areas nor overlaps
    int scannedColumns = -1; ///< the area that was scanned is so many columns wide; -1: all
};
/// Ventana BIF. `painter` paints the stored picture, overlaps and all.
void writeVentana(const std::filesystem::path& path, const VentanaOptions& options, const Painter& painter);

struct AperioOptions {
    int width = 0, height = 0, tile = 240;
    std::vector<int> downsamples{1, 4, 16}; ///< of the levels
    int leaveOutTile = -1;                  ///< of each level
    int jpeg2000 = 0;                       ///< 33003 (YCbCr) or 33005 (RGB); 0: JPEG
};
/// Aperio SVS with a thumbnail.
void writeAperio(const std::filesystem::path& path, const AperioOptions& options, const Painter& painter);

/// Leica SCN with one scanned area of three levels.
void writeLeica(const std::filesystem::path& path, int width, int height, const Painter& painter);

} // namespace spotglass::testing
