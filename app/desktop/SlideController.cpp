#include "app/desktop/SlideController.h"

#include "viewer/slide/SlideSource.h"

#include <spdlog/spdlog.h>
#include <utility>

namespace spotglass {

/// Opened when it is first needed, and never tried again after a failure.
struct SlideController::Memory {
    OpenMemory open;
    std::unique_ptr<SlideMemory> opened;

    SlideMemory* get() {
        if (auto opening = std::exchange(open, nullptr)) {
            auto result = opening();
            if (result)
                opened = std::move(*result);
            else
                spdlog::warn("Nothing is remembered in this session: {}", result.error().sentence());
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
    : SlideService(parent), memory_(std::make_shared<Memory>()), worker_(std::make_unique<SerialWorker>()) {
    memory_->open = std::move(openMemory);
    updateRecent({});
}

SlideController::~SlideController() {
    if (const auto source = watched_.lock()) source->setChangeListener({});
    worker_.reset();
}

void SlideController::openSlide(const std::filesystem::path& path, std::optional<MicronsPerPixel> given) {
    const auto ticket = ++ticket_;
    worker_->post([this, path, given, ticket, memory = memory_] {
        auto slide = openOnWorker(*memory, path, given);
        QMetaObject::invokeMethod(
            this, [this, ticket, slide = std::move(slide)] { finishOpening(slide, ticket); },
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

void SlideController::finishOpening(const Result<OpenedSlide>& slide, std::uint64_t ticket) {
    if (ticket != ticket_) return;
    if (!slide) {
        Q_EMIT failed(slide.error());
        return;
    }
    Q_EMIT opened(*slide);
    watch(slide->source);
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
        const auto files = known->recent();
        if (!remembered(files)) return;
        QStringList names;
        for (const auto& file : *files)
            names.append(QString::fromStdString(file.string()));
        QMetaObject::invokeMethod(
            this,
            [this, names] {
                recent_ = names;
                Q_EMIT recentSlidesChanged();
            },
            Qt::QueuedConnection);
    });
}

} // namespace spotglass
