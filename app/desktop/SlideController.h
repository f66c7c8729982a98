#pragma once

#include "app/desktop/SerialWorker.h"
#include "ui/Services.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spotglass {

/// What is remembered about slides between sessions. Used on the worker thread of SlideController alone; may
/// block.
class SlideMemory {
  public:
    virtual ~SlideMemory() = default;
    /// The scale the user gave for the slide with that fingerprint.
    virtual Result<std::optional<MicronsPerPixel>> scale(const std::string& fingerprint) = 0;
    virtual Result<void> setScale(const OpenedSlide& slide, MicronsPerPixel scale) = 0;
    /// Puts a slide at the head of the recent ones.
    virtual Result<void> addRecent(const OpenedSlide& slide) = 0;
    /// Newest first.
    virtual Result<std::vector<std::filesystem::path>> recent() = 0;
};

/// Opens slides on a thread of its own, and keeps what the user said about them. Lives on the GUI thread;
/// none of its functions waits, except the destructor, which waits for the file in hand.
class SlideController final : public SlideService {
    Q_OBJECT

  public:
    /// Opens the memory; called once, on the worker thread. An error means that nothing is remembered; it is
    /// logged.
    using OpenMemory = std::function<Result<std::unique_ptr<SlideMemory>>()>;

    explicit SlideController(OpenMemory openMemory, QObject* parent = nullptr);
    ~SlideController() override;

    void openSlide(const std::filesystem::path& path, std::optional<MicronsPerPixel> given = {}) override;
    void rememberScale(const OpenedSlide& slide, MicronsPerPixel scale) override;
    [[nodiscard]] QStringList recentSlides() const override { return recent_; }

  private:
    struct Memory;

    static Result<OpenedSlide> openOnWorker(Memory& memory, const std::filesystem::path& path,
                                            std::optional<MicronsPerPixel> given);
    void finishOpening(const Result<OpenedSlide>& slide, std::uint64_t ticket);
    void watch(const std::shared_ptr<SlideSource>& source);
    void updateRecent(std::optional<OpenedSlide> added);

    std::uint64_t ticket_ = 0; ///< answers to older requests are dropped
    QStringList recent_;
    std::weak_ptr<SlideSource> watched_;
    std::shared_ptr<Memory> memory_;       ///< used by the worker
    std::unique_ptr<SerialWorker> worker_; // last: ends first
};

} // namespace spotglass
