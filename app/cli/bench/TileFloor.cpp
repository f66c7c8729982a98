#include "app/cli/bench/TileFloor.h"

#include <chrono>
#include <cstring>
#include <thread>
#include <turbojpeg.h>

namespace spotglass {
namespace {

using Clock = std::chrono::steady_clock;

class Decoder {
  public:
    Decoder() : handle_(tjInitDecompress()) {}
    ~Decoder() { tjDestroy(handle_); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    [[nodiscard]] bool decode(const RandomAccessFile& file, const FloorTile& tile) {
        const TiledTiffPicture& picture = *tile.picture;
        const auto index = static_cast<std::size_t>(tile.row * picture.columns + tile.column);
        const std::size_t count = picture.byteCounts[index];
        // The tables without their end marker, then the tile without its start marker.
        const std::size_t tables = picture.jpegTables.empty() ? 0 : picture.jpegTables.size() - 2;
        bytes_.resize(tables + count);
        std::uint8_t* at = bytes_.data() + (tables ? tables - 2 : 0);
        if (!file.readAt(picture.offsets[index], at, count)) return false;
        if (tables) std::memcpy(bytes_.data(), picture.jpegTables.data(), tables);
        const std::size_t all = tables ? tables - 2 + count : count;
        pixels_.resize(static_cast<std::size_t>(picture.tileWidth) *
                       static_cast<std::size_t>(picture.tileHeight) * 4);
        return tjDecompress2(handle_, bytes_.data(), all, pixels_.data(), picture.tileWidth,
                             picture.tileWidth * 4, picture.tileHeight, TJPF_BGRX, 0) == 0;
    }

  private:
    tjhandle handle_;
    std::vector<std::uint8_t> bytes_, pixels_;
};

} // namespace

double floorRate(const std::filesystem::path& path, const std::vector<FloorTile>& tiles, int threads,
                 double seconds) {
    const auto file = RandomAccessFile::open(path);
    if (!file) return 0;
    std::atomic<std::size_t> next{0}, done{0};
    std::atomic<bool> failed{false};
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration<double>(seconds);
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i)
        workers.emplace_back([&] {
            Decoder decoder;
            for (std::size_t k = next++; k < tiles.size() && Clock::now() < end && !failed; k = next++) {
                if (!decoder.decode(*file, tiles[k])) failed = true;
                ++done;
            }
        });
    for (std::thread& worker : workers)
        worker.join();
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    return failed ? 0 : static_cast<double>(done) / took;
}

} // namespace spotglass
