#pragma once

#include "viewer/slide/TiledTiff.h"

struct tiff;

namespace spotglass {

/// Decodes tiles of one TIFF file. Belongs to one thread at a time; keeps its buffers and tables between
/// tiles.
class TileDecoder {
  public:
    explicit TileDecoder(const std::filesystem::path& path);
    ~TileDecoder();
    TileDecoder(const TileDecoder&) = delete;
    TileDecoder& operator=(const TileDecoder&) = delete;

    /// See TiledTiff::readTile(); false when the tile is damaged. `file` is only read from for JPEG.
    [[nodiscard]] bool decode(const RandomAccessFile& file, const TiledTiffPicture& picture,
                              std::size_t index, int reduction, PixelTarget out);

  private:
    struct Jpeg;
    struct TiffCloser {
        void operator()(tiff* handle) const;
    };
    [[nodiscard]] bool decodeByTiff(const TiledTiffPicture& picture, std::size_t index, PixelTarget out);

    std::filesystem::path path_;
    std::unique_ptr<Jpeg> jpeg_;
    std::vector<std::uint8_t> bytes_;   ///< one packed tile
    std::vector<std::uint32_t> pixels_; ///< one tile, or one row of it
    std::unique_ptr<tiff, TiffCloser> tiff_;
    std::uint64_t directory_ = 0; ///< where tiff_ is
};

} // namespace spotglass
