#pragma once

#include "viewer/base/RandomAccessFile.h"
#include "viewer/slide/SlideSource.h"

#include <mutex>

namespace spotglass {

class TileDecoder;

/// One tiled picture of a TIFF file (TIFF 6.0 section 15; BigTIFF and SubIFDs as well): where its tiles lie
/// and how they are packed.
struct TiledTiffPicture {
    std::int64_t width = 0, height = 0; ///< pixels
    int tileWidth = 0, tileHeight = 0;
    std::int64_t columns = 0, rows = 0;
    std::uint64_t directory = 0; ///< file offset of its directory
    bool isSubPicture = false;   ///< reached through a SubIFD of another one, as OME-TIFF keeps its pyramid
    /// Baseline JPEG (compression 7) of 8-bit grey, RGB or YCbCr: decoded by libjpeg itself, other tiles by
    /// libtiff.
    bool isJpeg = false;
    bool isYCbCr = false;
    bool isPlainRgb = false; ///< for libtiff: three 8-bit samples side by side, wanting no conversion
    std::vector<std::uint8_t> jpegTables;
    std::vector<std::uint64_t> offsets, byteCounts; ///< of the tiles, row by row
};

/// Reads single tiles of a TIFF file, fast: libtiff is asked for the structure once, the bytes of a tile are
/// read at their place and decoded by a decoder of the reading thread, without a common lock. Immutable after
/// opening; every function may be called on several threads at once.
class TiledTiff {
  public:
    /// Blocking (reads every directory). BadInput when it is no TIFF, its directories are damaged, or it has
    /// no tiled picture.
    [[nodiscard]] static Result<std::shared_ptr<const TiledTiff>> open(const std::filesystem::path& path);
    ~TiledTiff();

    /// In the order of the file; the SubIFDs of a picture follow it.
    [[nodiscard]] const std::vector<TiledTiffPicture>& pictures() const { return pictures_; }

    /// False for a tile that the file leaves out (no bytes), or that lies beyond the end of the file.
    [[nodiscard]] bool hasTile(const TiledTiffPicture& picture, std::int64_t column, std::int64_t row) const;

    /// Decodes one tile at 1 / 2^reduction of its size (reduction above 0 for JPEG alone, and only where the
    /// tile's sides are multiples of 2^reduction) into `out`, which may be smaller than the tile: the top
    /// left part then. Blocking. BadInput when the tile is damaged in any way, also where other readers only
    /// warn.
    [[nodiscard]] Result<void> readTile(const TiledTiffPicture& picture, std::int64_t column,
                                        std::int64_t row, int reduction, PixelTarget out) const;

  private:
    TiledTiff(std::filesystem::path path, RandomAccessFile file);

    const std::filesystem::path path_;
    [[nodiscard]] std::shared_ptr<const RandomAccessFile> file() const;
    [[nodiscard]] bool reopen() const;

    std::uint64_t size_ = 0; ///< of the file
    std::vector<TiledTiffPicture> pictures_;
    mutable std::mutex mutex_; ///< guards what follows
    mutable std::shared_ptr<const RandomAccessFile> file_;
    mutable std::vector<std::unique_ptr<TileDecoder>> idle_; ///< decoders that nobody uses
};

} // namespace spotglass
