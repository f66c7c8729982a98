#pragma once

#include "viewer/slide/LargeTileCache.h"
#include "viewer/slide/OpenSlideSource.h"
#include "viewer/slide/TiledTiff.h"

#include <mutex>

namespace spotglass {

/// A slide that is a tiled TIFF inside (Aperio, generic pyramids, OME-TIFF, Philips and Ventana where they
/// are plain), read past OpenSlide, which is several times slower. OpenSlide stays the authority: for vendor,
/// levels, scale and associated images, for whatever lies in tiles that are missing or damaged, and for the
/// pixels: before a level is read for the first time some of its tiles are compared, and where they differ by
/// more than one grey level OpenSlide reads that level instead, with a line in the log. All functions are
/// safe on several threads.
class TiledTiffSource final : public SlideSource {
  public:
    /// `slide` in its fast form, or `slide` itself when there is nothing to gain. Levels that OpenSlide does
    /// not see, because they are SubIFDs of the full resolution (OME-TIFF), are added. Blocking.
    [[nodiscard]] static std::shared_ptr<SlideSource> wrap(const std::filesystem::path& path,
                                                           std::shared_ptr<OpenSlideSource> slide);
    ~TiledTiffSource() override;

    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override { return info_; }
    [[nodiscard]] Result<Raster> readRegion(int level, LevelRect rect) const override;
    [[nodiscard]] Result<void> readReduced(int level, LevelRect rect, int reduction,
                                           PixelTarget out) const override;
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string& name) const override;
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override {
        return slide_->properties();
    }

    /// Whether that level is read directly. Compares first if that has not been done. Blocking.
    [[nodiscard]] bool isDirect(int level) const;
    /// Tiles of more than 1024 pixels along a side are kept decoded, in up to 256 MiB (or one tile, where a
    /// single one needs more), and others of which a part was asked for in up to 64: how many of both have
    /// been decoded so far.
    [[nodiscard]] std::size_t tilesDecodedForParts() const { return large_.decoded() + parts_.decoded(); }

  private:
    struct Level;

    TiledTiffSource(std::filesystem::path path, std::shared_ptr<OpenSlideSource> slide,
                    std::shared_ptr<const TiledTiff> tiff);
    void matchLevels();
    void findDoubtfulTiles();
    void addSubPictures();
    [[nodiscard]] bool isDoubtful(int level, std::int64_t column, std::int64_t row) const;
    [[nodiscard]] bool agrees(int level) const;
    [[nodiscard]] bool agreesAt(int level, std::int64_t column, std::int64_t row) const;
    [[nodiscard]] Result<void> readTiles(int level, LevelRect rect, int reduction, PixelTarget out) const;
    [[nodiscard]] Result<void> readTilePart(int level, std::int64_t column, std::int64_t row, LevelRect part,
                                            int reduction, PixelTarget out) const;
    [[nodiscard]] Result<void> readFromDecoded(const TiledTiffPicture& picture, std::int64_t column,
                                               std::int64_t row, int x, int y, int reduction,
                                               PixelTarget out) const;

    const std::filesystem::path path_;
    const std::shared_ptr<OpenSlideSource> slide_;
    const std::shared_ptr<const TiledTiff> tiff_;
    std::shared_ptr<const SlideInfo> info_;
    std::vector<std::unique_ptr<Level>> levels_; ///< one each of info_
    mutable LargeTileCache large_;               ///< shown in parts
    mutable LargeTileCache parts_;               ///< read in parts by whoever cuts patches
    int openSlideLevels_ = 0;                    ///< those from here on OpenSlide does not see
};

} // namespace spotglass
