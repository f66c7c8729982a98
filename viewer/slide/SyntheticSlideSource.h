#pragma once

#include "viewer/slide/SlideSource.h"

#include <atomic>
#include <chrono>

namespace spotglass {

/// What a SyntheticSlideSource draws. Lengths are level-0 pixels unless said otherwise.
struct SyntheticSlideOptions {
    std::int64_t width = 40000, height = 30000;
    std::uint64_t seed = 1;
    std::optional<MicronsPerPixel> micronsPerPixel = MicronsPerPixel{0.5, 0.5};
    double objectivePower = 20;
    int levelStep =
        4; ///< downsample between neighbouring levels; levels are added until one is at most 1,024 px
    int tileSize = 256;                     ///< level pixels
    int tissueBlobs = 3;                    ///< 0: bare glass
    bool allTissue = false;                 ///< tissue to the very edge
    std::vector<Level0Rect> broken = {};    ///< a read that touches one fails with BadInput
    std::chrono::microseconds readDelay{0}; ///< every read takes this much longer
    std::function<void(int level, LevelRect rect)> beforeRead =
        {}; ///< called on the reading thread; may block, for tests
};

/// A slide that is drawn, not read: for tests, benchmarks and demonstrations. Deterministic: level-0 pixels
/// are a pure function of their coordinates and the seed, and a pixel of a coarser level is that function,
/// without the detail that is too fine for the level, at the pixel's centre. So any region of any level fits
/// its neighbours. No file, any size. All functions are safe on several threads.
class SyntheticSlideSource final : public SlideSource {
  public:
    explicit SyntheticSlideSource(SyntheticSlideOptions options = {});

    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override;
    [[nodiscard]] Result<Raster> readRegion(int level, LevelRect rect) const override;
    /// Has one, "label": 64 x 64 pixels of one colour.
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string& name) const override;
    [[nodiscard]] std::string fingerprint() const override;

    /// The colour (0xFFRRGGBB) at a level-0 point, seen at `downsample`. Pure.
    [[nodiscard]] std::uint32_t colorAt(Level0Point point, double downsample = 1) const;
    /// Whether a level-0 point lies on drawn tissue. Pure; the truth for tests of TissueMask.
    [[nodiscard]] bool isTissue(Level0Point point) const;
    /// How many regions have been asked for so far, failed ones included.
    [[nodiscard]] std::size_t readCount() const { return reads_; }

  private:
    struct Blob {
        double x, y, radiusX, radiusY;
    };
    [[nodiscard]] double tissueDepth(Level0Point point) const;

    SyntheticSlideOptions options_;
    std::vector<Blob> blobs_;
    std::shared_ptr<const SlideInfo> info_;
    mutable std::atomic<std::size_t> reads_{0};
};

} // namespace spotglass
