#pragma once

#include "app/desktop/FileWatch.h"
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
    /// Newest first, with their pictures. Whether the files are still there is not looked at.
    virtual Result<QList<RecentSlide>> recent() = 0;
    /// Keeps a small picture for the list of recent slides.
    virtual Result<void> setPicture(const std::string& fingerprint, const QImage& picture) = 0;
    /// Oldest first.
    virtual Result<QList<Bookmark>> bookmarks(const std::string& fingerprint) = 0;
    /// Adds a bookmark, or gives one that is there its new name.
    virtual Result<void> keepBookmark(const std::string& fingerprint, const Bookmark& bookmark) = 0;
    virtual Result<void> removeBookmark(const QString& id) = 0;
};

/// Opens slides on a thread of its own, and keeps what the user said about them. A second thread looks into
/// folders, where a drive that does not answer holds up nobody else. Lives on the GUI thread; none of its
/// functions waits, except the destructor, which waits for the file in hand.
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
    [[nodiscard]] QList<RecentSlide> recentSlides() const override { return recent_; }
    void keepPicture(const OpenedSlide& slide, const QImage& picture) override;
    [[nodiscard]] QList<Bookmark> bookmarks() const override { return bookmarks_; }
    void addBookmark(const Bookmark& bookmark) override;
    void renameBookmark(const QString& id, const QString& name) override;
    void removeBookmark(const QString& id) override;
    void findNeighbour(const std::filesystem::path& file, int step) override;

  private:
    struct Memory;

    static Result<OpenedSlide> openOnWorker(Memory& memory, const std::filesystem::path& path,
                                            std::optional<MicronsPerPixel> given);
    void finishOpening(const Result<OpenedSlide>& slide, const std::string& fingerprint,
                       std::uint64_t ticket);
    void watch(const std::shared_ptr<SlideSource>& source);
    void updateRecent(std::optional<OpenedSlide> added);
    void showRecent(const QList<RecentSlide>& slides);
    void loadBookmarks();
    void keepOnWorker(const Bookmark& bookmark);

    std::uint64_t ticket_ = 0; ///< answers to older requests are dropped
    QList<RecentSlide> recent_;
    std::string fingerprint_;   ///< of the slide opened last
    QList<Bookmark> bookmarks_; ///< of the same
    quint64 loads_ = 0;         ///< of bookmarks
    quint64 asked_ = 0;         ///< for neighbours; answers to older questions are dropped
    FileWatch watch_;
    std::weak_ptr<SlideSource> watched_;
    std::shared_ptr<Memory> memory_;        ///< used by the worker
    std::unique_ptr<SerialWorker> folders_; ///< looks for files by name
    std::unique_ptr<SerialWorker> worker_;  // last: ends first
};

} // namespace spotglass
