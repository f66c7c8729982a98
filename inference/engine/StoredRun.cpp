#include "inference/engine/StoredRun.h"

namespace spotglass {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{64} << 20; ///< bytes

std::vector<FeaturePlace> placesOf(const std::vector<PatchKey>& patches) {
    std::vector<FeaturePlace> places;
    places.reserve(patches.size());
    for (const auto& patch : patches)
        places.push_back({patch.x, patch.y});
    return places;
}

} // namespace

Result<std::unique_ptr<StoredRun>> StoredRun::open(const SlideCacheSettings& settings,
                                                   const std::string& fingerprint, RunNames names) {
    auto reader = SlideCache::open(settings, fingerprint);
    if (!reader) return Failure(reader.error());
    auto writer = SlideCache::open(settings, fingerprint);
    if (!writer) return Failure(writer.error());
    return std::unique_ptr<StoredRun>(
        new StoredRun(std::move(*reader), std::move(*writer), std::move(names)));
}

StoredRun::StoredRun(std::unique_ptr<SlideCache> reader, std::unique_ptr<SlideCache> writer, RunNames names)
    : names_(std::move(names)), reader_(std::move(reader)), writer_(std::move(writer)),
      notes_(reader_->warnings()), thread_([this] { writeAll(); }) {}

StoredRun::~StoredRun() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void StoredRun::post(std::size_t bytes, Write write) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waitingBytes_ < kMostWaiting; });
    waiting_.emplace_back(bytes, std::move(write));
    waitingBytes_ += bytes;
    lock.unlock();
    changed_.notify_all();
}

void StoredRun::writeAll() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const auto [bytes, write] = std::move(waiting_.front());
        waiting_.pop_front();
        writing_ = true;
        lock.unlock();
        Result<void> done;
        try {
            done = write(*writer_);
        } catch (const std::exception& error) { // too little memory
            done = fail(ErrorKind::Device, std::string("nothing could be kept (") + error.what() + ")");
        }
        lock.lock();
        writing_ = false;
        waitingBytes_ -= bytes;
        if (!done) tell(done.error());
        changed_.notify_all();
    }
}

/// Once for each of the two things that can go on for long; the mutex is held.
void StoredRun::tell(const Error& error) {
    auto& told = SlideCache::isLimit(error) ? toldLimit_ : toldError_;
    if (!std::exchange(told, true))
        notes_.push_back(error.sentence() + " The prediction goes on; what is not kept has to be computed "
                                            "again another time.");
}

void StoredRun::load(const std::vector<PatchKey>& wanted,
                     const std::function<void(PatchKey, const std::uint16_t*)>& take) {
    const auto rows = reader_->features(names_.features, names_.featureWidth, placesOf(wanted));
    if (!rows) {
        const std::lock_guard lock(mutex_);
        return tell(rows.error());
    }
    const auto* row = rows->values.data();
    for (const auto& place : rows->places) {
        take({place.x, place.y}, row);
        row += names_.featureWidth;
    }
}

void StoredRun::save(const std::vector<PatchKey>& patches, const std::uint16_t* rows) {
    auto places = placesOf(patches);
    std::vector<std::uint16_t> copy(rows,
                                    rows + patches.size() * static_cast<std::size_t>(names_.featureWidth));
    const auto bytes = copy.size() * sizeof copy[0];
    post(bytes, [this, places = std::move(places), copy = std::move(copy)](SlideCache& cache) {
        return cache.addFeatures(names_.features, names_.featureWidth, places, copy);
    });
}

void StoredRun::loadPredictions(const std::function<void(std::int64_t, const float*)>& take) {
    if (names_.predictions.empty()) return;
    const auto done =
        reader_->readPredictions(names_.predictions, names_.genes,
                                 [&](std::span<const std::int64_t> cells, std::span<const float> values) {
                                     for (std::size_t i = 0; i < cells.size(); ++i)
                                         take(cells[i], values.data() + i * names_.genes);
                                     return true;
                                 });
    if (done) return;
    const std::lock_guard lock(mutex_);
    tell(done.error());
}

void StoredRun::savePredictions(const std::vector<std::int64_t>& cells, const float* values) {
    if (names_.predictions.empty()) return;
    std::vector<float> copy(values, values + cells.size() * names_.genes);
    const auto bytes = copy.size() * sizeof copy[0];
    post(bytes, [this, cells, copy = std::move(copy)](SlideCache& cache) {
        return cache.addPredictions(names_.predictions, names_.genes, cells, copy);
    });
}

void StoredRun::begin(std::size_t spots) {
    if (names_.predictions.empty()) return;
    post(0, [this, spots](SlideCache& cache) {
        return cache.noteRun(names_.predictions, names_.description, spots);
    });
}

void StoredRun::complete() {
    if (names_.predictions.empty()) return;
    post(0, [this](SlideCache& cache) { return cache.noteRunComplete(names_.predictions); });
}

void StoredRun::forget() {
    if (names_.predictions.empty()) return;
    post(0, [this](SlideCache& cache) { return cache.forgetRun(names_.predictions); });
}

void StoredRun::waitUntilWritten() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !writing_; });
}

std::vector<std::string> StoredRun::takeNotes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
}

} // namespace spotglass
