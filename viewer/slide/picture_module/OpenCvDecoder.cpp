#include "viewer/base/Files.h"
#include "viewer/slide/PlainImageDecoder.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

namespace spotglass {
namespace {

constexpr std::uint64_t maxFileBytes = 2ull << 30;
constexpr std::uint64_t maxAtOnceBytes =
    128u << 20; ///< larger files are not read as a whole before they are decoded
constexpr std::int64_t maxJpeg2000Pixels =
    50'000'000; ///< the library needs 12 bytes a pixel beside the picture

std::int64_t bigEndian(const std::uint8_t* p) {
    return static_cast<std::int64_t>(p[0]) << 24 | p[1] << 16 | p[2] << 8 | p[3];
}
std::int64_t littleEndian(const std::uint8_t* p) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(p[3]) << 24 | p[2] << 16 | p[1] << 8 | p[0]);
}

/// Formats that OpenCV decodes as a whole, straight into the target where the picture has no transparency.
class OpenCvDecoder final : public PlainImageDecoder {
  public:
    explicit OpenCvDecoder(std::filesystem::path path) : path_(std::move(path)) {}

    Result<void> open() {
        std::ifstream in(path_, std::ios::binary);
        std::array<std::uint8_t, 256> head{};
        in.read(reinterpret_cast<char*>(head.data()), head.size());
        in.clear();
        if (head[0] == 'B') return openBmp(head);
        return head[0] == 0x89 ? openPng(in) : openJpeg2000(head);
    }
    [[nodiscard]] const PlainImageHeader& header() const override { return header_; }

    Result<void> decode(const RowTarget& target) override {
        std::error_code ec;
        if (!transparent_ && std::filesystem::file_size(path_, ec) > maxAtOnceBytes && !ec)
            return decodeFromFile(target);
        const auto bytes = readFile(path_, maxFileBytes);
        if (!bytes) return Failure(bytes.error());
        const cv::Mat encoded(1, static_cast<int>(bytes->size()), CV_8U, const_cast<char*>(bytes->data()));
        try {
            const int flags =
                transparent_ ? cv::IMREAD_UNCHANGED : cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION;
            const int width = static_cast<int>(header_.width), height = static_cast<int>(header_.height);
            cv::Mat picture;
            if (!transparent_) picture = cv::Mat(height, width, CV_8UC3, target.pixels);
            cv::imdecode(encoded, flags, &picture);
            if (picture.cols != width || picture.rows != height)
                return damagedImage(header_.format, path_, "its data cannot be decoded");
            if (picture.data != target.pixels) copyOnWhite(picture, target.pixels);
        } catch (const cv::Exception& error) {
            return damagedImage(header_.format, path_, error.err);
        }
        return target.advance(header_.height) ? Result<void>{} : cancelled();
    }

  private:
    /// Takes a second copy of the picture, but neither the file nor what of the target is not in memory
    /// anyway.
    Result<void> decodeFromFile(const RowTarget& target) {
        try {
            cv::Mat picture = cv::imread(path_.string(), cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
            if (picture.cols != header_.width || picture.rows != header_.height)
                return damagedImage(header_.format, path_, "its data cannot be decoded");
            const auto width = static_cast<std::size_t>(picture.cols) * 3;
            for (int y = 0; y < picture.rows; ++y) {
                std::memcpy(target.pixels + static_cast<std::size_t>(y) * width, picture.ptr(y), width);
                if ((y + 1) % 64 == 0 && !target.advance(y + 1)) return cancelled();
            }
        } catch (const cv::Exception& error) {
            return damagedImage(header_.format, path_, error.err);
        }
        return target.advance(header_.height) ? Result<void>{} : cancelled();
    }

    /// Walks the chunks: the size is in the first, the last must be there.
    Result<void> openPng(std::istream& in) {
        header_.format = "PNG";
        std::array<std::uint8_t, 8 + 13> chunk{};
        in.seekg(8);
        for (bool first = true;; first = false) {
            const auto start = in.tellg();
            if (!in.read(reinterpret_cast<char*>(chunk.data()), 8))
                return truncatedImage(header_.format, path_);
            const std::int64_t length = bigEndian(chunk.data());
            if (std::memcmp(&chunk[4], "IEND", 4) == 0) return {};
            if (std::memcmp(&chunk[4], "tRNS", 4) == 0) transparent_ = true;
            if (first) {
                if (std::memcmp(&chunk[4], "IHDR", 4) != 0) return damagedImage("PNG", path_, "no header");
                in.read(reinterpret_cast<char*>(&chunk[8]), 13);
                header_.width = bigEndian(&chunk[8]);
                header_.height = bigEndian(&chunk[12]);
                transparent_ = (chunk[17] & 4) != 0;
            }
            in.seekg(start + static_cast<std::streamoff>(length + 12));
        }
    }
    Result<void> openBmp(const std::array<std::uint8_t, 256>& head) {
        header_.format = "BMP";
        header_.width = littleEndian(&head[18]);
        header_.height = std::abs(littleEndian(&head[22]));
        const std::int64_t bits = head[28] | head[29] << 8, packed = littleEndian(&head[30]);
        std::error_code ec;
        const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path_, ec));
        const std::int64_t needed =
            littleEndian(&head[10]) + (header_.width * bits + 31) / 32 * 4 * header_.height;
        return packed == 0 && size < needed ? truncatedImage(header_.format, path_) : Result<void>{};
    }
    Result<void> openJpeg2000(const std::array<std::uint8_t, 256>& head) {
        header_.format = "JPEG 2000";
        static constexpr std::array<std::uint8_t, 4> name{'i', 'h', 'd', 'r'};
        const auto* found = std::search(head.begin(), head.end() - 12, name.begin(), name.end());
        if (found == head.end() - 12) return damagedImage(header_.format, path_, "no header");
        header_.height = bigEndian(found + 4);
        header_.width = bigEndian(found + 8);
        if (header_.width * header_.height > maxJpeg2000Pixels)
            return badInput("this JPEG 2000 image is too large to be shown", path_.string(),
                            "Convert it to a pyramidal TIFF");
        return {};
    }
    /// `picture` has 1, 3 or 4 channels of 8 or 16 bits, alpha not premultiplied.
    static void copyOnWhite(const cv::Mat& picture, std::uint8_t* bgr) {
        const int channels = picture.channels();
        cv::Mat row;
        for (int y = 0; y < picture.rows; ++y) {
            picture.row(y).convertTo(row, CV_8U, picture.depth() == CV_16U ? 1 / 257.0 : 1);
            const std::uint8_t* from = row.ptr();
            for (int x = 0; x < picture.cols; ++x, from += channels)
                for (int c = 0; c < 3; ++c) {
                    const int value = from[channels >= 3 ? c : 0], alpha = channels == 4 ? from[3] : 255;
                    *bgr++ = static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
                }
        }
    }

    std::filesystem::path path_;
    PlainImageHeader header_;
    bool transparent_ = false;
};

} // namespace

} // namespace spotglass

extern "C" __attribute__((visibility("default"))) void
spotglass_make_picture_decoder(const std::filesystem::path& path,
                               spotglass::Result<std::unique_ptr<spotglass::PlainImageDecoder>>& made) {
    auto decoder = std::make_unique<spotglass::OpenCvDecoder>(path);
    if (auto ok = decoder->open(); !ok)
        made = spotglass::Failure(ok.error());
    else
        made = std::move(decoder);
}
