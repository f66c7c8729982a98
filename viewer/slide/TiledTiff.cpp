#include "viewer/slide/TiledTiff.h"

#include "viewer/slide/TileDecoder.h"

#include <algorithm>
#include <fmt/format.h>
#include <tiffio.h>

namespace spotglass {
namespace {

constexpr int maxPictures = 1000;
constexpr int maxTileSide = 1 << 14;
constexpr int maxKeptPixels =
    1 << 22; ///< a decoder that has met larger tiles holds too much memory to be kept
constexpr std::uint64_t maxTileBytes = 1u << 30; ///< packed; more is damage

template <typename T> T field(TIFF* tiff, std::uint32_t tag, T otherwise) {
    T value{};
    return TIFFGetFieldDefaulted(tiff, tag, &value) ? value : otherwise;
}

/// Whether libjpeg converts these colours by itself as libtiff would.
bool hasLibraryColours(int photometric, int bits, int samples) {
    return bits == 8 && (samples == 1 ? photometric == PHOTOMETRIC_MINISBLACK
                                      : samples == 3 && (photometric == PHOTOMETRIC_RGB ||
                                                         photometric == PHOTOMETRIC_YCBCR));
}

/// The directory that `tiff` is at; nothing when it is not tiled or makes no sense.
std::optional<TiledTiffPicture> pictureAt(TIFF* tiff) {
    if (!TIFFIsTiled(tiff)) return std::nullopt;
    TiledTiffPicture p;
    p.width = field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH, 0);
    p.height = field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH, 0);
    const auto tileWidth = field<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH, 0),
               tileHeight = field<std::uint32_t>(tiff, TIFFTAG_TILELENGTH, 0);
    if (p.width < 1 || p.height < 1 || tileWidth < 1 || tileHeight < 1 || tileWidth > maxTileSide ||
        tileHeight > maxTileSide || field<std::uint16_t>(tiff, TIFFTAG_ORIENTATION, 1) != ORIENTATION_TOPLEFT)
        return std::nullopt;
    p.tileWidth = static_cast<int>(tileWidth);
    p.tileHeight = static_cast<int>(tileHeight);
    p.columns = (p.width + p.tileWidth - 1) / p.tileWidth;
    p.rows = (p.height + p.tileHeight - 1) / p.tileHeight;
    p.directory = TIFFCurrentDirOffset(tiff);
    const auto small = [tiff](std::uint32_t tag, int otherwise) {
        return static_cast<int>(field<std::uint16_t>(tiff, tag, static_cast<std::uint16_t>(otherwise)));
    };
    const int bits = small(TIFFTAG_BITSPERSAMPLE, 1), samples = small(TIFFTAG_SAMPLESPERPIXEL, 1),
              photometric = small(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
    const bool together =
        samples == 1 || small(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_CONTIG;
    const int compression = small(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    if (!TIFFIsCODECConfigured(static_cast<std::uint16_t>(compression))) return std::nullopt; // JPEG 2000
    const bool isJpeg = compression == COMPRESSION_JPEG;
    p.isJpeg = isJpeg && together && hasLibraryColours(photometric, bits, samples);
    p.isYCbCr = photometric == PHOTOMETRIC_YCBCR;
    p.isPlainRgb = !isJpeg && together && bits == 8 && samples == 3 && photometric == PHOTOMETRIC_RGB;
    const auto count = static_cast<std::uint64_t>(p.columns * p.rows);
    if (together && TIFFNumberOfTiles(tiff) != count) return std::nullopt;
    std::uint64_t *offsets = nullptr, *byteCounts = nullptr;
    if (!TIFFGetField(tiff, TIFFTAG_TILEOFFSETS, &offsets) || !offsets ||
        !TIFFGetField(tiff, TIFFTAG_TILEBYTECOUNTS, &byteCounts) || !byteCounts)
        return std::nullopt;
    p.offsets.assign(offsets, offsets + count);
    p.byteCounts.assign(byteCounts, byteCounts + count);
    std::uint32_t length = 0;
    void* tables = nullptr;
    if (p.isJpeg && TIFFGetField(tiff, TIFFTAG_JPEGTABLES, &length, &tables) && tables)
        p.jpegTables.assign(static_cast<const std::uint8_t*>(tables),
                            static_cast<const std::uint8_t*>(tables) + length);
    return p;
}

std::vector<std::uint64_t> subDirectoriesOf(TIFF* tiff) {
    std::uint16_t count = 0;
    std::uint64_t* offsets = nullptr;
    if (!TIFFGetField(tiff, TIFFTAG_SUBIFD, &count, &offsets) || !offsets) return {};
    return {offsets, offsets + std::min<int>(count, 64)};
}

} // namespace

TiledTiff::TiledTiff(std::filesystem::path path, RandomAccessFile file)
    : path_(std::move(path)), size_(file.size()),
      file_(std::make_shared<const RandomAccessFile>(std::move(file))) {}
TiledTiff::~TiledTiff() = default;

Result<std::shared_ptr<const TiledTiff>> TiledTiff::open(const std::filesystem::path& path) {
    auto file = RandomAccessFile::open(path);
    if (!file) return Failure(file.error());
    const std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff(TIFFOpen(path.string().c_str(), "rm"), &TIFFClose);
    if (!tiff) return badInput("this is no TIFF file, or it is damaged", path.string());
    std::shared_ptr<TiledTiff> opened(new TiledTiff(path, std::move(*file)));
    std::vector<std::pair<std::size_t, std::uint64_t>> subDirectories; // after how many pictures, where
    int seen = 0;
    do {
        if (auto picture = pictureAt(tiff.get())) {
            opened->pictures_.push_back(std::move(*picture));
            for (const std::uint64_t offset : subDirectoriesOf(tiff.get()))
                subDirectories.emplace_back(opened->pictures_.size(), offset);
        }
    } while (++seen < maxPictures && TIFFReadDirectory(tiff.get()));
    // From the last one on, so that the places noted before stay right.
    for (auto each = subDirectories.rbegin(); each != subDirectories.rend() && seen < maxPictures;
         ++each, ++seen) {
        if (!TIFFSetSubDirectory(tiff.get(), each->second)) continue;
        auto picture = pictureAt(tiff.get());
        if (!picture) continue;
        picture->isSubPicture = true;
        opened->pictures_.insert(opened->pictures_.begin() + static_cast<std::ptrdiff_t>(each->first),
                                 std::move(*picture));
    }
    if (opened->pictures_.empty()) return badInput("this TIFF file holds no tiled picture", path.string());
    return opened;
}

bool TiledTiff::hasTile(const TiledTiffPicture& picture, std::int64_t column, std::int64_t row) const {
    if (column < 0 || row < 0 || column >= picture.columns || row >= picture.rows) return false;
    const auto index = static_cast<std::size_t>(row * picture.columns + column);
    const std::uint64_t offset = picture.offsets[index], count = picture.byteCounts[index];
    return count > 0 && count <= maxTileBytes && offset <= size_ && count <= size_ - offset;
}

std::shared_ptr<const RandomAccessFile> TiledTiff::file() const {
    const std::lock_guard lock(mutex_);
    return file_;
}

bool TiledTiff::reopen() const {
    auto fresh = RandomAccessFile::open(path_);
    if (!fresh || fresh->size() != size_) return false;
    const std::lock_guard lock(mutex_);
    file_ = std::make_shared<const RandomAccessFile>(std::move(*fresh));
    idle_.clear(); // their files are as old
    return true;
}

Result<void> TiledTiff::readTile(const TiledTiffPicture& picture, std::int64_t column, std::int64_t row,
                                 int reduction, PixelTarget out) const {
    std::unique_ptr<TileDecoder> decoder;
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            decoder = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!decoder) decoder = std::make_unique<TileDecoder>(path_);
    const auto index = static_cast<std::size_t>(row * picture.columns + column);
    bool done = hasTile(picture, column, row);
    if (done) {
        // A drive that was away leaves the open file unreadable for ever, but not the one that is there
        // again.
        done = decoder->decode(*file(), picture, index, reduction, out);
        if (!done && !file()->isReadable() && reopen()) {
            decoder = std::make_unique<TileDecoder>(path_);
            done = decoder->decode(*file(), picture, index, reduction, out);
        }
    }
    if (picture.tileWidth * picture.tileHeight <= maxKeptPixels) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(decoder));
    }
    if (!done)
        return badInput(fmt::format("the tile in column {}, row {} is damaged", column, row), path_.string(),
                        "The rest of the slide stays readable; copy the file again if you need this part");
    return {};
}

} // namespace spotglass
