#include "viewer/tiles/TileScheduler.h"
#include "viewer/base/Processors.h"

#include "viewer/tiles/TileBuffers.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <QMetaObject>

namespace spotglass {
namespace {

constexpr auto callPause = std::chrono::milliseconds(4); ///< a quarter of a frame
constexpr int mostThreads = 64;                          ///< those that drives hold up among them
constexpr auto parting =
    std::chrono::milliseconds(1000); ///< longer than a read takes where the drive answers

} // namespace

/// What became of a request.
struct TileScheduler::Answer {
    TileKey key;
    QImage image; ///< null when it failed
    QString error;
    quint64 generation = 0;
};

/// What the GUI thread and the reading threads share; `mutex` guards everything but `buffers`. Threads that a
/// drive holds up may outlive the scheduler, and this with them.
struct TileScheduler::Shared {
    mutable std::mutex mutex;
    std::condition_variable ended;
    int wanted = 0, running = 0; ///< threads
    int busy = 0; ///< those of them that read or close files since the present generation began
    std::condition_variable changed;
    std::shared_ptr<const TileWishes> wishes; ///< never altered once it is here
    std::size_t next = 0;                     ///< first request of `wishes` that nobody has looked at
    std::unordered_set<TileKey> inFlight; ///< of the generation of `wishes`; until the answer is delivered
    std::vector<std::shared_ptr<const SlideSource>> retired;
    std::vector<std::shared_ptr<const TileWishes>> dropped; ///< may hold the last reference to a slide
    std::vector<Answer> answers;                            ///< not told yet
    bool called = false;                                    ///< the GUI thread has been asked to fetch them
    std::chrono::steady_clock::time_point calledAt;
    bool stop = false;
    TileBuffers buffers;

    /// The calling thread begins something that takes time; returns the present generation. Call with the
    /// mutex held.
    quint64 begin() {
        ++busy;
        return wishes ? wishes->generation : 0;
    }
    /// It has ended; false when another thread has been started instead, and this one is not needed any more.
    [[nodiscard]] bool end(quint64 generation) {
        if (generation != (wishes ? wishes->generation : 0)) return running <= wanted;
        --busy;
        return true;
    }
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

/// Reads into `image`, which has the size that is asked for.
Result<void> read(const SlideSource& slide, const TileRequest& request, QImage& image) {
    if (image.isNull())
        return fail(ErrorKind::Device, "There is not enough memory for a tile", {},
                    "Close other programs and open the slide again");
    const PixelTarget out{reinterpret_cast<std::uint32_t*>(image.bits()), image.width(), image.height(),
                          image.width()};
    try {
        return slide.readReduced(request.level, request.rect, request.reduction, out);
    } catch (const std::exception& error) { // memory that ran out must not end the program
        return fail(ErrorKind::Device, std::string("A tile could not be read (") + error.what() + ")", {},
                    "Close other programs and open the slide again");
    }
}

int reducedSide(int side, int reduction) {
    return (side + (1 << reduction) - 1) >> reduction;
}

} // namespace

TileScheduler::TileScheduler(int threads, QObject* parent)
    : QObject(parent), shared_(std::make_shared<Shared>()) {
    if (threads <= 0) threads = std::clamp(availableProcessors(), 2, 8);
    const std::lock_guard lock(shared_->mutex);
    shared_->wanted = threads;
    start(threads);
}

// Call with the mutex held.
void TileScheduler::start(int threads) {
    for (int i = 0; i < threads; ++i, ++shared_->running)
        std::thread([this, shared = shared_] {
            work(*shared);
            const std::lock_guard lock(shared->mutex);
            --shared->running;
            shared->ended.notify_all();
        }).detach();
}

TileScheduler::~TileScheduler() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->stop = true;
    }
    shared_->changed.notify_all();
    std::unique_lock lock(shared_->mutex);
    if (!shared_->ended.wait_for(lock, parting, [this] { return shared_->running == 0; })) return;
    // Slides are given back now, not when the last thread has quite gone.
    const auto wishes = std::exchange(shared_->wishes, nullptr);
    const auto retired = std::exchange(shared_->retired, {});
    const auto dropped = std::exchange(shared_->dropped, {});
    lock.unlock();
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
            // A drive that hangs must not hold up a slide on another one.
            start(std::min(std::exchange(shared_->busy, 0), mostThreads - shared_->running));
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

void TileScheduler::deliver() {
    std::vector<Answer> answers;
    {
        const std::lock_guard lock(shared_->mutex);
        answers.swap(shared_->answers);
        shared_->called = false;
        for (const Answer& answer : answers)
            if (answer.generation == generation_) shared_->inFlight.erase(answer.key);
    }
    for (const Answer& answer : answers)
        if (answer.generation == generation_) tell(answer);
    Q_EMIT delivered();
}

void TileScheduler::tell(const Answer& answer) {
    if (answer.image.isNull()) {
        broken_.emplace(answer.key, answer.error);
        Q_EMIT tileFailed(answer.key, answer.error, answer.generation);
    } else {
        Q_EMIT tileReady(answer.key, answer.image, answer.generation);
    }
}

// The loop of a reading thread. Nothing is destroyed while the mutex is held: the last reference to a slide
// closes files. This object is there until `stop` is set, and may be gone afterwards.
void TileScheduler::work(Shared& shared) {
    std::unique_lock lock(shared.mutex);
    while (!shared.stop) {
        if (!shared.retired.empty() || !shared.dropped.empty()) {
            auto retired = std::exchange(shared.retired, {});
            auto dropped = std::exchange(shared.dropped, {});
            const quint64 generation = shared.begin();
            lock.unlock();
            dropped.clear();
            retired.clear();
            lock.lock();
            if (!shared.end(generation)) return;
            continue;
        }
        const TileRequest* next = shared.take();
        // Waking the GUI thread for every single tile costs the readers time; a frame shows several of them
        // anyway.
        const auto now = std::chrono::steady_clock::now();
        if (!shared.answers.empty() && !shared.called && (!next || now - shared.calledAt >= callPause)) {
            shared.called = true;
            shared.calledAt = now;
            QMetaObject::invokeMethod(this, &TileScheduler::deliver, Qt::QueuedConnection);
        }
        if (!next) {
            shared.changed.wait(lock);
            continue;
        }
        const TileRequest request = *next;
        std::shared_ptr<const TileWishes> wishes = shared.wishes;
        const quint64 generation = shared.begin();
        lock.unlock();
        QImage image = shared.buffers.take(reducedSide(request.rect.width, request.reduction),
                                           reducedSide(request.rect.height, request.reduction));
        const Result<void> done = read(*wishes->slide, request, image);
        Answer answer{request.key, {}, {}, generation};
        wishes.reset();
        if (done)
            answer.image = std::move(image);
        else
            answer.error = QString::fromStdString(done.error().sentence());
        image = QImage();
        lock.lock();
        if (!shared.end(generation)) return;
        shared.answers.push_back(std::move(answer));
    }
}

} // namespace spotglass
