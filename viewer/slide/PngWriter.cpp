#include "viewer/slide/PictureWriter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <span>
#include <zlib.h>

namespace spotglass {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t chunkBytes = std::size_t{1} << 18;
constexpr int compressionLevel = 5; // a level more costs half as much time again and saves about 1 %
constexpr int channels = 3;

void put32(Bytes& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

void put(Bytes& bytes, const std::string& text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
}

/// tEXt is Latin-1; anything beyond ASCII goes into iTXt, which is UTF-8 and less widely read.
std::pair<const char*, Bytes> textChunk(const std::string& keyword, const std::string& text) {
    const bool ascii =
        std::ranges::all_of(text, [](char letter) { return static_cast<unsigned char>(letter) < 128; });
    Bytes bytes;
    put(bytes, keyword);
    bytes.push_back(0);
    if (!ascii) bytes.insert(bytes.end(), {0, 0, 0, 0}); // not compressed; no language, no translated keyword
    put(bytes, text);
    return {ascii ? "tEXt" : "iTXt", bytes};
}

int paeth(int left, int above, int corner) {
    const int guess = left + above - corner;
    const int a = std::abs(guess - left), b = std::abs(guess - above), c = std::abs(guess - corner);
    return a <= b && a <= c ? left : b <= c ? above : corner;
}

class PngWriter final : public PictureWriter {
  public:
    PngWriter(std::filesystem::path path, int width, int height)
        : path_(std::move(path)), width_(width), height_(height),
          above_(static_cast<std::size_t>(width) * channels), now_(above_.size()) {}
    ~PngWriter() override {
        if (deflating_) deflateEnd(&stream_);
    }

    Result<void> open(const PictureMeta& meta) {
        out_.open(path_, std::ios::binary | std::ios::trunc);
        if (deflateInit2(&stream_, compressionLevel, Z_DEFLATED, 15, 9, Z_FILTERED) != Z_OK)
            return fail(ErrorKind::Device, "there is not enough memory to write this picture",
                        path_.string());
        deflating_ = true;
        out_.write("\x89PNG\r\n\x1a\n", 8);
        Bytes head;
        put32(head, static_cast<std::uint32_t>(width_));
        put32(head, static_cast<std::uint32_t>(height_));
        head.insert(head.end(), {8, 2, 0, 0, 0}); // 8 bits, red green blue, not interlaced
        chunk("IHDR", head);
        chunk("sRGB", std::array<std::uint8_t, 1>{0});
        Bytes size;
        const auto perMetre = static_cast<std::uint32_t>(std::lround(meta.dotsPerInch / 0.0254));
        put32(size, perMetre);
        put32(size, perMetre);
        size.push_back(1);
        chunk("pHYs", size);
        for (const auto& [keyword, text] : meta.texts) {
            const auto [type, bytes] = textChunk(keyword, text);
            chunk(type, bytes);
        }
        return state();
    }

    [[nodiscard]] Result<void> append(const std::uint32_t* rows, int count) override {
        for (int y = 0; y < count; ++y) {
            const std::uint32_t* row = rows + static_cast<std::ptrdiff_t>(y) * width_;
            for (std::size_t x = 0; x < static_cast<std::size_t>(width_); ++x) {
                now_[channels * x] = static_cast<std::uint8_t>(row[x] >> 16);
                now_[channels * x + 1] = static_cast<std::uint8_t>(row[x] >> 8);
                now_[channels * x + 2] = static_cast<std::uint8_t>(row[x]);
            }
            pack(filtered(), Z_NO_FLUSH);
            std::swap(now_, above_);
        }
        return state();
    }

    [[nodiscard]] Result<void> finish() override {
        pack({}, Z_FINISH);
        if (used_ > 0) chunk("IDAT", std::span(packed_).first(used_));
        chunk("IEND", {});
        out_.close();
        return state();
    }

  private:
    /// The row as differences to its neighbours, by the filter whose differences are smallest.
    std::span<const std::uint8_t> filtered() {
        std::size_t best = 0;
        long leastSum = -1;
        for (std::size_t kind = 0; kind < tries_.size(); ++kind) {
            Bytes& out = tries_[kind];
            out.resize(now_.size() + 1);
            out[0] = filters[kind];
            long sum = 0;
            for (std::size_t i = 0; i < now_.size(); ++i) {
                const int left = i >= channels ? now_[i - channels] : 0, above = above_[i],
                          corner = i >= channels ? above_[i - channels] : 0;
                const int guess = filters[kind] == 1   ? left
                                  : filters[kind] == 2 ? above
                                                       : paeth(left, above, corner);
                out[i + 1] = static_cast<std::uint8_t>(now_[i] - guess);
                sum += std::abs(static_cast<std::int8_t>(out[i + 1]));
            }
            if (leastSum < 0 || sum < leastSum) {
                leastSum = sum;
                best = kind;
            }
        }
        return tries_[best];
    }

    void pack(std::span<const std::uint8_t> bytes, int flush) {
        stream_.next_in = const_cast<Bytef*>(bytes.data()); // zlib does not write there
        stream_.avail_in = static_cast<uInt>(bytes.size());
        int state = Z_OK;
        do {
            stream_.next_out = packed_.data() + used_;
            stream_.avail_out = static_cast<uInt>(packed_.size() - used_);
            state = deflate(&stream_, flush);
            used_ = packed_.size() - stream_.avail_out;
            if (used_ < packed_.size()) continue;
            chunk("IDAT", packed_);
            used_ = 0;
        } while (stream_.avail_in > 0 || (flush == Z_FINISH && state == Z_OK));
    }

    void chunk(const char* type, std::span<const std::uint8_t> bytes) {
        Bytes length, check;
        put32(length, static_cast<std::uint32_t>(bytes.size()));
        uLong sum = crc32(0, reinterpret_cast<const Bytef*>(type), 4);
        if (!bytes.empty()) sum = crc32(sum, bytes.data(), static_cast<uInt>(bytes.size()));
        put32(check, static_cast<std::uint32_t>(sum));
        write(length);
        out_.write(type, 4);
        write(bytes);
        write(check);
    }
    void write(std::span<const std::uint8_t> bytes) {
        out_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    [[nodiscard]] Result<void> state() const {
        if (out_) return {};
        return fail(ErrorKind::Device, "this file cannot be written", path_.string(),
                    "Check the free space and the permissions of the folder");
    }

    static constexpr std::array<std::uint8_t, 3> filters{1, 2, 4}; // Sub, Up, Paeth
    std::filesystem::path path_;
    int width_, height_;
    std::ofstream out_;
    z_stream stream_{};
    bool deflating_ = false;
    Bytes above_, now_, packed_ = Bytes(chunkBytes);
    std::size_t used_ = 0; ///< of packed_
    std::array<Bytes, 3> tries_;
};

} // namespace

Result<std::unique_ptr<PictureWriter>> makePngWriter(const std::filesystem::path& path, int width, int height,
                                                     const PictureMeta& meta) {
    if (width <= 0 || height <= 0) return fail(ErrorKind::Usage, "an empty picture was asked for");
    auto writer = std::make_unique<PngWriter>(path, width, height);
    if (auto ok = writer->open(meta); !ok) return Failure(ok.error());
    return writer;
}

} // namespace spotglass
