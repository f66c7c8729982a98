#include "app/desktop/SlideController.h"

#include "viewer/slide/SlideFolder.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <map>
#include <spdlog/spdlog.h>
#include <system_error>
#include <utility>

namespace spotglass {

/// Opened when it is first needed, and never tried again after a failure.
struct SlideController::Memory {
    OpenMemory open;
    std::unique_ptr<SlideMemory> opened;
    Error why;                                     ///< there is no memory
    std::map<std::string, QList<Bookmark>> unkept; ///< bookmarks that could not be kept, for this session

    SlideMemory* get() {
        if (auto opening = std::exchange(open, nullptr)) {
            auto result = opening();
            if (result)
                opened = std::move(*result);
            else {
                why = result.error();
                spdlog::warn("Nothing is remembered in this session: {}", why.sentence());
            }
        }
        return opened.get();
    }
};

namespace {

/// The window works without a memory, so a failure is no reason to disturb anybody.
template <typename T> bool remembered(const Result<T>& result) {
    if (!result) spdlog::warn("{}", result.error().sentence());
    return result.has_value();
}

} // namespace

SlideController::SlideController(OpenMemory openMemory, QObject* parent)
    : SlideService(parent), memory_(std::make_shared<Memory>()), folders_(std::make_unique<SerialWorker>()),
      worker_(std::make_unique<SerialWorker>()) {
    connect(&watch_, &FileWatch::changed, this, &SlideService::fileStateChanged);
    memory_->open = std::move(openMemory);
    updateRecent({});
}

SlideController::~SlideController() {
    if (const auto source = watched_.lock()) source->setChangeListener({});
    worker_.reset();
    folders_.reset();
}

void SlideController::openSlide(const std::filesystem::path& path, std::optional<MicronsPerPixel> given) {
    const auto ticket = ++ticket_;
    worker_->post([this, path, given, ticket, memory = memory_] {
        auto slide = openOnWorker(*memory, path, given);
        auto fingerprint = slide ? slide->source->fingerprint() : std::string();
        QMetaObject::invokeMethod(
            this,
            [this, ticket, slide = std::move(slide), fingerprint = std::move(fingerprint)] {
                finishOpening(slide, fingerprint, ticket);
            },
            Qt::QueuedConnection);
    });
}

Result<OpenedSlide> SlideController::openOnWorker(Memory& memory, const std::filesystem::path& path,
                                                  std::optional<MicronsPerPixel> given) {
    auto source = spotglass::openSlide(path);
    if (!source) return tl::unexpected(source.error());
    OpenedSlide slide{std::filesystem::absolute(path), *source,
                      given ? given : (*source)->info()->micronsPerPixel};
    if (auto profile = readIccProfile(path))
        slide.iccProfile = std::move(*profile);
    else
        spdlog::warn("The colours of this slide are shown without its profile: {}",
                     profile.error().sentence());
    if (!given && slide.scale) return slide; // the usual case does not wait for the memory
    SlideMemory* known = memory.get();
    if (!known) return slide;
    if (given) {
        (void)remembered(known->setScale(slide, *given));
    } else if (auto scale = known->scale(slide.source->fingerprint()); remembered(scale)) {
        slide.scale = *scale;
    }
    return slide;
}

void SlideController::finishOpening(const Result<OpenedSlide>& slide, const std::string& fingerprint,
                                    std::uint64_t ticket) {
    if (ticket != ticket_) return;
    if (!slide) {
        Q_EMIT failed(slide.error());
        return;
    }
    fingerprint_ = fingerprint;
    loadBookmarks();
    Q_EMIT opened(*slide);
    watch(slide->source);
    watch_.watch(slide->path);
    updateRecent(*slide);
}

void SlideController::watch(const std::shared_ptr<SlideSource>& source) {
    if (const auto former = watched_.lock()) former->setChangeListener({});
    watched_ = source;
    const auto before = source->info();
    source->setChangeListener([this, ticket = ticket_] {
        QMetaObject::invokeMethod(
            this,
            [this, ticket] {
                if (ticket == ticket_) Q_EMIT slideImproved();
            },
            Qt::QueuedConnection);
    });
    if (source->info() != before) Q_EMIT slideImproved();
}

void SlideController::rememberScale(const OpenedSlide& slide, MicronsPerPixel scale) {
    worker_->post([slide, scale, memory = memory_] {
        if (SlideMemory* known = memory->get()) (void)remembered(known->setScale(slide, scale));
    });
}

void SlideController::updateRecent(std::optional<OpenedSlide> added) {
    worker_->post([this, added = std::move(added), memory = memory_] {
        SlideMemory* known = memory->get();
        if (!known || (added && !remembered(known->addRecent(*added)))) return;
        auto slides = known->recent();
        if (!remembered(slides)) return;
        QMetaObject::invokeMethod(
            this, [this, slides = std::move(*slides)] { showRecent(slides); }, Qt::QueuedConnection);
    });
}

// At once as they are remembered; which of them have gone is known when their drives have answered.
void SlideController::showRecent(const QList<RecentSlide>& slides) {
    QStringList gone;
    for (const RecentSlide& slide : recent_)
        if (slide.missing) gone.append(slide.file);
    recent_ = slides;
    for (RecentSlide& slide : recent_)
        slide.missing = gone.contains(slide.file); // until it is known better
    Q_EMIT recentSlidesChanged();
    folders_->post([this, slides] {
        QStringList missing;
        for (const RecentSlide& slide : slides) {
            std::error_code error;
            if (!std::filesystem::exists(slide.file.toStdString(), error)) missing.append(slide.file);
        }
        QMetaObject::invokeMethod(
            this,
            [this, missing] {
                bool news = false;
                for (RecentSlide& slide : recent_)
                    news |= std::exchange(slide.missing, missing.contains(slide.file)) !=
                            missing.contains(slide.file);
                if (news) Q_EMIT recentSlidesChanged();
            },
            Qt::QueuedConnection);
    });
}

void SlideController::keepPicture(const OpenedSlide& slide, const QImage& picture) {
    worker_->post([slide, picture, memory = memory_] {
        if (SlideMemory* known = memory->get())
            (void)remembered(known->setPicture(slide.source->fingerprint(), picture));
    });
    updateRecent({});
}

void SlideController::loadBookmarks() {
    bookmarks_.clear();
    Q_EMIT bookmarksChanged();
    worker_->post([this, fingerprint = fingerprint_, load = ++loads_, memory = memory_] {
        QList<Bookmark> all;
        if (SlideMemory* known = memory->get())
            if (auto kept = known->bookmarks(fingerprint); remembered(kept)) all = std::move(*kept);
        if (const auto unkept = memory->unkept.find(fingerprint); unkept != memory->unkept.end())
            all += unkept->second;
        QMetaObject::invokeMethod(
            this,
            [this, load, all] {
                if (load != loads_ || all.isEmpty()) return;
                bookmarks_ = all + bookmarks_; // one may have been added meanwhile
                Q_EMIT bookmarksChanged();
            },
            Qt::QueuedConnection);
    });
}

void SlideController::addBookmark(const Bookmark& bookmark) {
    bookmarks_.append(bookmark);
    Q_EMIT bookmarksChanged();
    keepOnWorker(bookmark);
}

void SlideController::keepOnWorker(const Bookmark& bookmark) {
    worker_->post([this, fingerprint = fingerprint_, bookmark, memory = memory_] {
        SlideMemory* known = memory->get();
        const Result<void> kept = known ? known->keepBookmark(fingerprint, bookmark) : Failure(memory->why);
        QList<Bookmark>& unkept = memory->unkept[fingerprint];
        erase_if(unkept, [&bookmark](const Bookmark& other) { return other.id == bookmark.id; });
        if (kept) return;
        unkept.append(bookmark);
        QMetaObject::invokeMethod(
            this, [this, error = kept.error()] { Q_EMIT bookmarkNotKept(error); }, Qt::QueuedConnection);
    });
}

void SlideController::renameBookmark(const QString& id, const QString& name) {
    const auto found = std::ranges::find(bookmarks_, id, &Bookmark::id);
    if (found == bookmarks_.end() || found->name == name) return;
    found->name = name;
    const Bookmark renamed = *found;
    Q_EMIT bookmarksChanged();
    keepOnWorker(renamed);
}

void SlideController::removeBookmark(const QString& id) {
    if (erase_if(bookmarks_, [&id](const Bookmark& bookmark) { return bookmark.id == id; }) == 0) return;
    Q_EMIT bookmarksChanged();
    worker_->post([id, memory = memory_] {
        for (auto& [fingerprint, unkept] : memory->unkept)
            erase_if(unkept, [&id](const Bookmark& bookmark) { return bookmark.id == id; });
        if (SlideMemory* known = memory->get()) (void)remembered(known->removeBookmark(id));
    });
}

void SlideController::findNeighbour(const std::filesystem::path& file, int step) {
    const quint64 asked = ++asked_;
    folders_->clear(); // who presses the key fast wants the last one
    folders_->post([this, file, step, asked] {
        auto found = neighbourOf(file, step);
        QMetaObject::invokeMethod(
            this,
            [this, asked, found = std::move(found), step] {
                if (asked != asked_) return;
                if (!found)
                    Q_EMIT noNeighbour(QString::fromStdString(found.error().sentence()));
                else if (!*found)
                    Q_EMIT noNeighbour(step > 0 ? tr("This is the last slide of its folder.")
                                                : tr("This is the first slide of its folder."));
                else
                    Q_EMIT neighbourFound(**found);
            },
            Qt::QueuedConnection);
    });
}

} // namespace spotglass
