#include "viewer/tiles/TileBuffers.h"

#include "viewer/base/LargeMemory.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace spotglass {
namespace {

constexpr std::size_t step = 64u << 10; ///< sizes are rounded up to it, so that few different ones are kept
constexpr std::size_t maxIdleBytes = 32u << 20; ///< beyond, memory that nobody uses goes back to the system

std::size_t roundedUp(std::size_t bytes, std::size_t to) {
    return (bytes + to - 1) / to * to;
}

} // namespace

struct TileBuffers::Store {
    /// Memory of one or more large pages, cut into blocks of one size.
    struct Slab {
        std::byte* memory = nullptr;
        std::size_t bytes = 0, blockBytes = 0;
        std::size_t used = 0; ///< blocks that are lent
    };
    struct Block {
        std::byte* memory = nullptr;
        Slab* slab = nullptr;
    };
    /// What a picture holds on to.
    struct Loan {
        Block block;
        std::shared_ptr<Store> store;
    };

    std::mutex mutex; ///< guards what follows
    std::vector<std::unique_ptr<Slab>> slabs;
    std::vector<Block> idle;
    std::size_t idleBytes = 0;

    ~Store() {
        for (const auto& slab : slabs)
            freeLarge(slab->memory, slab->bytes);
    }
    [[nodiscard]] Block take(std::size_t bytes) {
        const std::lock_guard lock(mutex);
        const auto fits = [bytes](const Block& block) { return block.slab->blockBytes == bytes; };
        auto found = std::find_if(idle.rbegin(), idle.rend(), fits);
        if (found == idle.rend()) {
            if (!addSlab(bytes)) return {};
            found = idle.rbegin();
        }
        const Block block = *found;
        idle.erase(std::next(found).base());
        idleBytes -= bytes;
        ++block.slab->used;
        return block;
    }
    void giveBack(Block block) {
        const std::lock_guard lock(mutex);
        idle.push_back(block);
        idleBytes += block.slab->blockBytes;
        if (--block.slab->used == 0 && idleBytes > maxIdleBytes) drop(block.slab);
    }

  private:
    [[nodiscard]] bool addSlab(std::size_t blockBytes) {
        auto slab = std::make_unique<Slab>();
        slab->bytes = roundedUp(blockBytes, largePage);
        slab->blockBytes = blockBytes;
        slab->memory = static_cast<std::byte*>(allocateLarge(slab->bytes));
        if (!slab->memory) return false;
        for (std::size_t at = 0; at + blockBytes <= slab->bytes; at += blockBytes) {
            idle.push_back({slab->memory + at, slab.get()});
            idleBytes += blockBytes;
        }
        slabs.push_back(std::move(slab));
        return true;
    }
    void drop(Slab* slab) {
        idleBytes -=
            slab->blockBytes * std::erase_if(idle, [slab](const Block& block) { return block.slab == slab; });
        freeLarge(slab->memory, slab->bytes);
        std::erase_if(slabs, [slab](const auto& each) { return each.get() == slab; });
    }
};

TileBuffers::TileBuffers() : store_(std::make_shared<Store>()) {}

QImage TileBuffers::take(int width, int height) const {
    if (width <= 0 || height <= 0) return {};
    const std::size_t bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4;
    const Store::Block block = store_->take(roundedUp(bytes, step));
    if (!block.memory) return {};
    return {reinterpret_cast<uchar*>(block.memory),
            width,
            height,
            qsizetype{width} * 4,
            QImage::Format_RGB32,
            [](void* held) {
                const std::unique_ptr<Store::Loan> loan(static_cast<Store::Loan*>(held));
                loan->store->giveBack(loan->block);
            },
            new Store::Loan{block, store_}};
}

} // namespace spotglass
