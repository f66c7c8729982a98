#include "viewer/tiles/TileScheduler.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <QMetaObject>

namespace spotglass {

/// What the GUI thread and the reading threads share; `mutex` guards everything but `threads`.
struct TileScheduler::Shared {
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::shared_ptr<const TileWishes> wishes; ///< never altered once it is here
    std::size_t next = 0;                     ///< first request of `wishes` that nobody has looked at
    std::unordered_set<TileKey> inFlight; ///< of the generation of `wishes`; until the answer is delivered
    std::vector<std::shared_ptr<const SlideSource>> retired;
    std::vector<std::shared_ptr<const TileWishes>> dropped; ///< may hold the last reference to a slide
    bool stop = false;
    std::vector<std::thread> threads;

    /// The next tile that nobody is reading. Call with the mutex held.
    [[nodiscard]] const TileRequest* take() {
        while (wishes && next < wishes->requests.size()) {
            const TileRequest& request = wishes->requests[next++];
            if (inFlight.insert(request.key).second) return &request;
        }
        return nullptr;
    }
};

namespace {

Result<Raster> read(const SlideSource& slide, const TileRequest& request) {
    try {
        Result<Raster> raster = slide.readRegion(request.key.level, request.rect);
        if (!raster) return raster;
        const auto pixels =
            static_cast<std::size_t>(raster->width) * static_cast<std::size_t>(raster->height);
        if (raster->width != request.rect.width || raster->height != request.rect.height ||
            raster->pixels.size() != pixels || pixels == 0)
            return fail(ErrorKind::Defect, "A tile came back with another size than asked for");
        return raster;
    } catch (const std::exception& error) { // memory that ran out must not end the program
        return fail(ErrorKind::Device, std::string("A tile could not be read (") + error.what() + ")", {},
                    "Close other programs and open the slide again");
    }
}

} // namespace

QImage toImage(Raster raster) {
    auto* pixels = new std::vector<std::uint32_t>(std::move(raster.pixels));
    return {reinterpret_cast<uchar*>(pixels->data()),
            raster.width,
            raster.height,
            qsizetype{raster.width} * 4,
            QImage::Format_RGB32,
            [](void* held) { delete static_cast<std::vector<std::uint32_t>*>(held); },
            pixels};
}

TileScheduler::TileScheduler(int threads, QObject* parent)
    : QObject(parent), shared_(std::make_unique<Shared>()) {
    if (threads <= 0) threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 8);
    for (int i = 0; i < threads; ++i)
        shared_->threads.emplace_back([this] { work(); });
}

TileScheduler::~TileScheduler() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->stop = true;
    }
    shared_->changed.notify_all();
    for (std::thread& thread : shared_->threads)
        thread.join();
}

void TileScheduler::request(TileWishes wishes) {
    const bool fresh = wishes.generation != generation_;
    generation_ = wishes.generation;
    if (fresh) broken_.clear();
    std::erase_if(wishes.requests, [this](const TileRequest& each) { return isBroken(each.key); });
    auto list = std::make_shared<const TileWishes>(std::move(wishes));
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->wishes.swap(list);
        shared_->next = 0;
        if (fresh) {
            shared_->inFlight.clear();
            if (list) shared_->dropped.push_back(std::move(list));
        }
    }
    shared_->changed.notify_all();
}

void TileScheduler::retire(std::shared_ptr<const SlideSource> slide) {
    if (!slide) return;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->retired.push_back(std::move(slide));
    }
    shared_->changed.notify_one();
}

QString TileScheduler::errorOf(const TileKey& key) const {
    const auto found = broken_.find(key);
    return found == broken_.end() ? QString() : found->second;
}

int TileScheduler::inFlight() const {
    const std::lock_guard lock(shared_->mutex);
    return static_cast<int>(shared_->inFlight.size());
}

int TileScheduler::waiting() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->wishes ? static_cast<int>(shared_->wishes->requests.size() - shared_->next) : 0;
}

void TileScheduler::deliver(const TileKey& key, const QImage& image, const QString& error,
                            quint64 generation) {
    if (generation != generation_) return;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->inFlight.erase(key);
    }
    if (image.isNull()) {
        broken_.emplace(key, error);
        Q_EMIT tileFailed(key, error, generation);
    } else {
        Q_EMIT tileReady(key, image, generation);
    }
}

// The loop of a reading thread. Nothing is destroyed while the mutex is held: the last reference to a slide
// closes files.
void TileScheduler::work() {
    std::unique_lock lock(shared_->mutex);
    while (!shared_->stop) {
        if (!shared_->retired.empty() || !shared_->dropped.empty()) {
            auto retired = std::exchange(shared_->retired, {});
            auto dropped = std::exchange(shared_->dropped, {});
            lock.unlock();
            dropped.clear();
            retired.clear();
            lock.lock();
            continue;
        }
        const TileRequest* next = shared_->take();
        if (!next) {
            shared_->changed.wait(lock);
            continue;
        }
        const TileRequest request = *next;
        std::shared_ptr<const TileWishes> wishes = shared_->wishes;
        lock.unlock();
        Result<Raster> raster = read(*wishes->slide, request);
        const quint64 generation = wishes->generation;
        wishes.reset();
        QImage image = raster ? toImage(std::move(*raster)) : QImage();
        const QString error = raster ? QString() : QString::fromStdString(raster.error().sentence());
        QMetaObject::invokeMethod(
            this, [=, this] { deliver(request.key, image, error, generation); }, Qt::QueuedConnection);
        image = QImage(); // the GUI thread is the only owner from here on
        lock.lock();
    }
}

} // namespace spotglass
