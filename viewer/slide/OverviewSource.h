#pragma once

#include "viewer/slide/SlideSource.h"

#include <condition_variable>
#include <mutex>

namespace spotglass {

/// A slide whose coarsest level is still huge, with one more level, at most 4096 pixels a side, that is made
/// from it. The level is made a block at a time, when it is first read, and kept in memory (up to 64 MiB), so
/// that the file is read once however often the whole slide is looked at. All functions are safe on several
/// threads.
class OverviewSource final : public SlideSource {
  public:
    /// `slide` with such a level, or `slide` itself where its coarsest level is at most 16,384 pixels a side.
    /// Does not read. The levels of `slide` must not change any more.
    [[nodiscard]] static std::shared_ptr<SlideSource> wrap(std::shared_ptr<SlideSource> slide);

    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override { return info_; }
    /// A damaged part of the file is grey in the added level, where its neighbours can be read.
    [[nodiscard]] Result<Raster> readRegion(int level, LevelRect rect) const override;
    [[nodiscard]] Result<void> readReduced(int level, LevelRect rect, int reduction,
                                           PixelTarget out) const override;
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string& name) const override {
        return slide_->readAssociatedImage(name);
    }
    [[nodiscard]] std::string fingerprint() const override { return slide_->fingerprint(); }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override {
        return slide_->properties();
    }

  private:
    enum class State : std::uint8_t { Missing, InWork, Ready };

    OverviewSource(std::shared_ptr<SlideSource> slide, int factor);
    [[nodiscard]] Result<void> need(std::int64_t column, std::int64_t row) const;
    [[nodiscard]] Result<void> make(std::int64_t column, std::int64_t row) const;
    [[nodiscard]] Result<void> makePart(LevelRect from) const;
    [[nodiscard]] LevelRect sourceOf(std::int64_t column, std::int64_t row) const;

    const std::shared_ptr<SlideSource> slide_;
    const int factor_; ///< pixels of the slide's coarsest level for one of ours, along each axis; at least 8
    std::shared_ptr<const SlideInfo> info_;
    SlideLevel level_; ///< the added one
    std::int64_t columns_ = 0, rows_ = 0;
    mutable std::mutex mutex_; ///< guards states_; what is Ready in pixels_ is no longer written
    mutable std::condition_variable changed_;
    mutable std::vector<State> states_; ///< of the blocks, row by row
    mutable Raster pixels_;             ///< the whole level
};

} // namespace spotglass
