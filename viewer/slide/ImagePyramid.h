#pragma once

#include "viewer/base/ScratchMemory.h"
#include "viewer/slide/SlideSource.h"

#include <condition_variable>
#include <mutex>

namespace spotglass {

/// Pixels of an image and its halved levels in memory, 3 bytes (blue, green, red) a pixel, filled from top to
/// bottom by one thread and read by others. Level n is level n-1 averaged over 2 x 2 pixels; sizes round up.
class ImagePyramid {
  public:
    /// Level 3 of an image that a decoder can deliver early and that then is final (JPEG at 1/8).
    static constexpr int previewLevel = 3;

    /// Levels of more bytes are kept in a temporary file, whose pages are in memory while somebody reads
    /// them.
    static constexpr std::size_t maxInMemory = std::size_t{256} << 20;

    /// Allocates level 0 and all levels above it down to 512 pixels. Throws std::bad_alloc.
    ImagePyramid(std::int64_t width, std::int64_t height, int tileSize);

    [[nodiscard]] const std::vector<SlideLevel>& levels() const {
        return levels_;
    } ///< `ready` is not kept here
    [[nodiscard]] std::uint8_t* row(int level, std::int64_t y);
    [[nodiscard]] const std::uint8_t* row(int level, std::int64_t y) const;

    // For the one thread that fills it.
    /// Level 3 has been filled: builds the coarser ones and lets readers see all of them.
    void publishPreview();
    /// The first `rows` rows of level 0 are final: builds what follows from them and lets readers see it.
    void publishRows(std::int64_t rows);
    /// Nothing more will come: waiting readers get `error` for missing rows.
    void close(Error error);

    // For readers, on any thread.
    /// Whether the whole level can be read without waiting.
    [[nodiscard]] bool isReady(int level) const;
    /// Waits for the rows of `rect`, then copies it; what is outside the image is white.
    [[nodiscard]] Result<Raster> read(int level, LevelRect rect) const;
    /// Waits until all rows of all levels are there, or never will be.
    [[nodiscard]] Result<void> waitUntilComplete() const;

  private:
    [[nodiscard]] std::int64_t halve(int level, std::int64_t from, std::int64_t sourceRows);
    [[nodiscard]] Result<void> waitForRows(int level, std::int64_t rows) const;

    std::vector<SlideLevel> levels_;
    void rest(std::int64_t rows);

    std::vector<ScratchMemory> pixels_; ///< a level each, rows without padding
    std::int64_t resting_ = 0;          ///< rows of level 0 that have left memory once
    mutable std::mutex mutex_;          ///< guards rowsReady_ and closed_
    mutable std::condition_variable changed_;
    std::vector<std::int64_t> rowsReady_; ///< a level each; rows below are final and no longer written
    std::optional<Error> closed_;
};

} // namespace spotglass
