#pragma once

#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>
#include <vector>

namespace spotglass::test {

/// A slide that is a function of level-0 coordinates: red grows along x, green along y, blue is 128
/// everywhere. Reads can be held back, counted and made to fail; the threads they came from are remembered.
class GradientSlide : public SlideSource {
  public:
    static constexpr int blue = 128;

    GradientSlide(std::int64_t width, std::int64_t height, int levels, double step = 4, int tile = 256)
        : width_(width), height_(height) {
        SlideInfo info;
        info.vendor = "gradient";
        info.micronsPerPixel = MicronsPerPixel{0.5, 0.5};
        double downsample = 1;
        for (int level = 0; level < levels; ++level, downsample *= step) {
            info.levels.push_back({std::max<std::int64_t>(static_cast<std::int64_t>(width / downsample), 1),
                                   std::max<std::int64_t>(static_cast<std::int64_t>(height / downsample), 1),
                                   downsample, tile, tile});
        }
        info_ = std::make_shared<const SlideInfo>(std::move(info));
    }

    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override {
        const std::lock_guard lock(mutex_);
        return info_;
    }
    void setInfo(SlideInfo info) {
        const std::lock_guard lock(mutex_);
        info_ = std::make_shared<const SlideInfo>(std::move(info));
    }

    /// The colour at a level-0 point, 0..255 without rounding.
    [[nodiscard]] double red(double x) const {
        return std::clamp(255 * x / static_cast<double>(width_), 0.0, 255.0);
    }
    [[nodiscard]] double green(double y) const {
        return std::clamp(255 * y / static_cast<double>(height_), 0.0, 255.0);
    }

    [[nodiscard]] Result<Raster> readRegion(int level, LevelRect rect) const override {
        {
            const std::lock_guard lock(mutex_);
            started_.push_back({level, rect});
            threads_.insert(std::this_thread::get_id());
        }
        if (held_) gate_.acquire();
        const double step = info()->levels[static_cast<std::size_t>(level)].downsample;
        const Level0Rect area{static_cast<double>(rect.x) * step, static_cast<double>(rect.y) * step,
                              rect.width * step, rect.height * step};
        if (!broken_.isEmpty() && area.intersects(broken_))
            return badInput("The file is broken here", "gradient.svs");
        Raster raster{rect.width, rect.height, {}};
        raster.pixels.reserve(static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height));
        for (int y = 0; y < rect.height; ++y) {
            const auto g = static_cast<std::uint32_t>(green(area.y + (y + 0.5) * step) + 0.5);
            for (int x = 0; x < rect.width; ++x) {
                const auto r = static_cast<std::uint32_t>(red(area.x + (x + 0.5) * step) + 0.5);
                raster.pixels.push_back(0xFF000000U | r << 16 | g << 8 | blue);
            }
        }
        return raster;
    }
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string&) const override {
        return badInput("none");
    }
    [[nodiscard]] std::string fingerprint() const override { return "gradient"; }

    /// From now on a read waits for one release() each. Set before the slide is shown.
    void hold() { held_ = true; }
    void release(int reads = 1) const { gate_.release(reads); }
    /// Reads that touch it fail. Set before the slide is shown, or while no read is under way.
    void breakAt(Level0Rect area) { broken_ = area; }

    struct Read {
        int level = 0;
        LevelRect rect;
        bool operator==(const Read&) const = default;
    };
    /// The reads begun so far, in order.
    [[nodiscard]] std::vector<Read> started() const {
        const std::lock_guard lock(mutex_);
        return started_;
    }
    [[nodiscard]] bool wasReadOn(std::thread::id thread) const {
        const std::lock_guard lock(mutex_);
        return threads_.contains(thread);
    }

  private:
    std::int64_t width_, height_;
    std::shared_ptr<const SlideInfo> info_; // guarded by mutex_, like the records of reads
    mutable std::mutex mutex_;
    mutable std::vector<Read> started_;
    mutable std::set<std::thread::id> threads_;
    mutable std::counting_semaphore<> gate_{0};
    std::atomic<bool> held_ = false;
    Level0Rect broken_;
};

} // namespace spotglass::test
