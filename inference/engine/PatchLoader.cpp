#include "inference/engine/PatchLoader.h"

#include <algorithm>
#include <new>

namespace spotglass {
namespace {

std::size_t patchesIn(std::size_t bytes, int side) {
    return std::max<std::size_t>(
        8, bytes / (static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3));
}

PatchPixels pixelsOf(const PatchReader& reader, PatchKey patch) {
    try {
        auto rgb = reader.read(patch);
        return rgb ? std::make_shared<const std::vector<std::uint8_t>>(std::move(*rgb)) : nullptr;
    } catch (const std::bad_alloc&) { // nothing may leave a reader's thread
        return nullptr;
    }
}

} // namespace

PatchLoader::PatchLoader(const PatchReader& reader, int threads, std::size_t bytes)
    : reader_(reader), mostKept_(patchesIn(bytes, reader.patchPixels())), mostAhead_(mostKept_ / 4) {
    for (int i = 0; i < std::max(1, threads); ++i)
        threads_.emplace_back([this] { readAhead(); });
}

PatchLoader::~PatchLoader() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        queue_.clear();
    }
    changed_.notify_all();
    for (auto& thread : threads_)
        thread.join();
}

void PatchLoader::schedule(const std::vector<PatchKey>& order) {
    {
        const std::lock_guard lock(mutex_);
        queue_.assign(order.begin(), order.end());
        // Patches read for a plan that is given up must not hold the readers back for ever.
        for (auto& [patch, entry] : entries_)
            if (entry.ready && !entry.taken) markTaken(entry, patch);
        makeRoom();
    }
    changed_.notify_all();
}

void PatchLoader::readAhead() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return ending_ || (!queue_.empty() && ahead_ < mostAhead_); });
        if (ending_) return;
        const PatchKey patch = queue_.front();
        queue_.pop_front();
        if (entries_.contains(patch)) continue;
        entries_.try_emplace(patch);
        ++ahead_;
        lock.unlock();
        auto pixels = pixelsOf(reader_, patch);
        lock.lock();
        finish(patch, std::move(pixels));
    }
}

void PatchLoader::finish(PatchKey patch, PatchPixels pixels) {
    auto& entry = entries_[patch];
    entry.pixels = std::move(pixels);
    entry.ready = true;
    ++reads_;
    changed_.notify_all();
}

PatchPixels PatchLoader::get(PatchKey patch) {
    std::unique_lock lock(mutex_);
    auto found = entries_.find(patch);
    if (found == entries_.end()) { // nobody has begun it: this thread does, rather than wait
        if (!queue_.empty() && queue_.front() == patch) queue_.pop_front();
        entries_.try_emplace(patch);
        ++ahead_;
        lock.unlock();
        auto pixels = pixelsOf(reader_, patch);
        lock.lock();
        finish(patch, std::move(pixels));
        found = entries_.find(patch);
    }
    changed_.wait(lock, [&] { return found->second.ready; });
    const PatchPixels pixels = found->second.pixels;
    markTaken(found->second, patch);
    makeRoom();
    lock.unlock();
    changed_.notify_all();
    return pixels;
}

void PatchLoader::markTaken(Entry& entry, PatchKey patch) {
    if (entry.taken)
        recent_.erase(entry.place);
    else
        --ahead_;
    entry.taken = true;
    recent_.push_front(patch);
    entry.place = recent_.begin();
}

void PatchLoader::makeRoom() {
    while (recent_.size() > mostKept_ - mostAhead_) {
        entries_.erase(recent_.back());
        recent_.pop_back();
    }
}

std::size_t PatchLoader::reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
}

} // namespace spotglass
