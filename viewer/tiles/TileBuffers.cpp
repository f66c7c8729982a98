#include "viewer/tiles/TileBuffers.h"

#include <cstdlib>
#include <mutex>
#include <vector>

namespace spotglass {
namespace {

constexpr std::size_t maxIdleBytes = 32u << 20;
constexpr std::size_t alignment = 64; ///< of a cache line

} // namespace

struct TileBuffers::Store {
    struct Block {
        void* memory = nullptr;
        std::size_t bytes = 0;
    };
    /// What a picture holds on to.
    struct Loan {
        Block block;
        std::shared_ptr<Store> store;
    };

    std::mutex mutex; ///< guards what follows
    std::vector<Block> idle;
    std::size_t idleBytes = 0;

    ~Store() {
        for (const Block& block : idle)
            std::free(block.memory);
    }
    [[nodiscard]] Block take(std::size_t bytes) {
        {
            const std::lock_guard lock(mutex);
            for (auto block = idle.rbegin(); block != idle.rend(); ++block) {
                if (block->bytes != bytes) continue;
                const Block found = *block;
                idle.erase(std::next(block).base());
                idleBytes -= bytes;
                return found;
            }
        }
        return {std::aligned_alloc(alignment, bytes), bytes};
    }
    void giveBack(Block block) {
        {
            const std::lock_guard lock(mutex);
            if (idleBytes + block.bytes <= maxIdleBytes) {
                idle.push_back(block);
                idleBytes += block.bytes;
                return;
            }
        }
        std::free(block.memory);
    }
};

TileBuffers::TileBuffers() : store_(std::make_shared<Store>()) {}

QImage TileBuffers::take(int width, int height) const {
    if (width <= 0 || height <= 0) return {};
    const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4;
    const std::size_t bytes = (pixels + alignment - 1) / alignment * alignment;
    const Store::Block block = store_->take(bytes);
    if (!block.memory) return {};
    return {static_cast<uchar*>(block.memory),
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
