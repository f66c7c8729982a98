#include "viewer/slide/IccProfile.h"

#include "viewer/base/Files.h"
#include "viewer/slide/OpenSlideCompat.h"
#include "viewer/slide/TiffFile.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <string_view>
#include <tiffio.h>
#include <zlib.h>

namespace spotglass {
namespace {

using namespace std::string_view_literals;
using Found = Result<std::optional<IccBytes>>;

constexpr std::size_t headerBytes = 132; ///< the header and the number of tags
constexpr int maxPieces = 5000;          ///< of a PNG or JPEG before its picture; more are not looked at
constexpr std::string_view jpegName("ICC_PROFILE\0", 12);

Failure damaged(const std::string& reason) {
    return badInput(fmt::format("the colour profile in this file is damaged ({})", reason), {},
                    "The colours are shown as they are stored; copy the file again to have them corrected");
}

Failure tooLarge() {
    return badInput(fmt::format("the colour profile in this file is larger than {} MiB", maxIccBytes >> 20),
                    {}, "The colours are shown as they are stored");
}

std::uint32_t bigEndian(const std::uint8_t* bytes, int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i)
        value = value << 8 | bytes[i];
    return value;
}

/// Reads exactly `size` bytes; false when the file ends before.
bool readExactly(std::istream& file, void* to, std::size_t size) {
    return static_cast<bool>(file.read(static_cast<char*>(to), static_cast<std::streamsize>(size)));
}

Found fromTiff(const std::filesystem::path& path) {
    const auto tiff = TiffFile::open(path);
    if (!tiff) return std::nullopt; // an error of the picture, not of its profile
    std::uint32_t size = 0;
    const void* data = nullptr;
    if (!TIFFGetField(tiff->handle(), TIFFTAG_ICCPROFILE, &size, &data)) {
        if (tiff->lostIccProfile()) return damaged("it lies outside the file");
        return std::nullopt;
    }
    if (size > maxIccBytes) return tooLarge();
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    return IccBytes(bytes, bytes + size);
}

Result<IccBytes> inflated(const std::uint8_t* packed, std::size_t size) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) return fail(ErrorKind::Device, "there is not enough memory");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, inflateEnd);
    stream.next_in = const_cast<Bytef*>(packed); // zlib does not write there
    stream.avail_in = static_cast<uInt>(size);
    IccBytes profile;
    for (int state = Z_OK; state != Z_STREAM_END;) {
        constexpr std::size_t step = 64u << 10;
        if (profile.size() > maxIccBytes) return tooLarge();
        const std::size_t before = profile.size();
        profile.resize(before + step);
        stream.next_out = profile.data() + before;
        stream.avail_out = step;
        state = inflate(&stream, Z_NO_FLUSH);
        profile.resize(before + step - stream.avail_out);
        if ((state != Z_OK && state != Z_STREAM_END) || (state == Z_OK && stream.avail_out > 0))
            return damaged("it cannot be unpacked");
    }
    if (profile.size() > maxIccBytes) return tooLarge();
    return profile;
}

/// The content of an iCCP chunk: a name of up to 79 bytes, a zero, the method (0) and packed bytes.
Found fromPngChunk(std::ifstream& file, std::uint32_t size) {
    if (size > maxIccBytes) return tooLarge();
    std::vector<std::uint8_t> chunk(4 + size); // with the name of the chunk, for the checksum
    std::memcpy(chunk.data(), "iCCP", 4);
    std::array<std::uint8_t, 4> checksum{};
    if (!readExactly(file, chunk.data() + 4, size) || !readExactly(file, checksum.data(), 4))
        return damaged("the file ends within it");
    if (crc32(0, chunk.data(), static_cast<uInt>(chunk.size())) != bigEndian(checksum.data(), 4))
        return damaged("its checksum is wrong");
    const auto end = std::find(chunk.begin() + 4, chunk.end(), std::uint8_t{0});
    if (chunk.end() - end < 2 || end[1] != 0) return damaged("it is packed in an unknown way");
    auto profile = inflated(&*end + 2, static_cast<std::size_t>(chunk.end() - end) - 2);
    if (!profile) return Failure(profile.error());
    return std::move(*profile);
}

Found fromPng(std::ifstream& file) {
    file.seekg(8);
    for (int i = 0; i < maxPieces; ++i) {
        std::array<std::uint8_t, 8> head{};
        if (!readExactly(file, head.data(), head.size())) return std::nullopt;
        const std::uint32_t size = bigEndian(head.data(), 4);
        const std::string_view name(reinterpret_cast<const char*>(head.data()) + 4, 4);
        if (name == "iCCP") return fromPngChunk(file, size);
        if (name == "PLTE" || name == "IDAT" || name == "IEND") return std::nullopt; // it stands before these
        file.seekg(static_cast<std::streamoff>(size) + 4, std::ios::cur);
    }
    return std::nullopt;
}

/// Puts the pieces of a profile together; each says which it is, from 1 on, and how many there are.
class JpegPieces {
  public:
    /// `segment` begins with jpegName.
    [[nodiscard]] bool add(const std::vector<std::uint8_t>& segment) {
        if (segment.size() < jpegName.size() + 2) return false;
        const std::size_t number = segment[jpegName.size()], count = segment[jpegName.size() + 1];
        if (pieces_.empty()) pieces_.resize(count);
        if (number < 1 || number > count || count != pieces_.size() || pieces_[number - 1]) return false;
        pieces_[number - 1].emplace(segment.begin() + jpegName.size() + 2, segment.end());
        return true;
    }
    [[nodiscard]] Found joined() const {
        if (pieces_.empty()) return std::nullopt;
        IccBytes profile;
        for (const auto& piece : pieces_) {
            if (!piece) return damaged("a part of it is missing");
            profile.insert(profile.end(), piece->begin(), piece->end());
        }
        if (profile.size() > maxIccBytes) return tooLarge();
        return profile;
    }

  private:
    std::vector<std::optional<IccBytes>> pieces_;
};

Found fromJpeg(std::ifstream& file) {
    file.seekg(2);
    JpegPieces pieces;
    for (int i = 0; i < maxPieces; ++i) {
        if (file.get() != 0xff) break;
        int marker = file.get();
        while (marker == 0xff) // fill bytes
            marker = file.get();
        if (marker == 0xda || marker == 0xd9) break; // the picture, or its end
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
        std::array<std::uint8_t, 2> length{};
        if (!readExactly(file, length.data(), 2)) break;
        const std::uint32_t size = bigEndian(length.data(), 2);
        if (size < 2) break;
        if (marker != 0xe2) {
            file.seekg(size - 2, std::ios::cur);
            continue;
        }
        std::vector<std::uint8_t> segment(size - 2);
        const bool whole = readExactly(file, segment.data(), segment.size());
        const std::string_view text(reinterpret_cast<const char*>(segment.data()), segment.size());
        if (!text.starts_with(jpegName)) continue;
        if (!whole) return damaged("the file ends within it");
        if (!pieces.add(segment)) return damaged("its parts do not fit together");
    }
    return pieces.joined();
}

Found fromOpenSlide(const std::filesystem::path& path) {
    if constexpr (!openslide_compat::readsIccProfiles) return std::nullopt;
    if (!openslide_detect_vendor(path.string().c_str())) return std::nullopt;
    const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(
        openslide_open(path.string().c_str()), openslide_close);
    if (!slide || openslide_get_error(slide.get())) return std::nullopt; // an error of the slide
    const std::int64_t size = openslide_compat::iccProfileSize(slide.get());
    if (size > static_cast<std::int64_t>(maxIccBytes)) return tooLarge();
    IccBytes profile(static_cast<std::size_t>(std::max<std::int64_t>(0, size)));
    if (size > 0) openslide_compat::readIccProfile(slide.get(), profile.data());
    if (const char* reason = openslide_get_error(slide.get())) return damaged(reason);
    return profile.empty() ? Found(std::nullopt) : Found(std::move(profile));
}

Found find(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 8> bytes{};
    file.read(bytes.data(), bytes.size());
    file.clear();
    const std::string_view head(bytes.data(), bytes.size());
    if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) return fromPng(file);
    if (head.starts_with("\xff\xd8\xff"sv)) return fromJpeg(file);
    for (const auto magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
        if (head.starts_with(magic)) {
            auto profile = fromTiff(path);
            return !profile || *profile ? profile : fromOpenSlide(path);
        }
    return fromOpenSlide(path);
}

} // namespace

Result<void> checkIccHeader(const IccBytes& profile) {
    if (profile.size() > maxIccBytes) return tooLarge();
    if (profile.size() < headerBytes) return damaged("it is too short");
    if (std::memcmp(profile.data() + 36, "acsp", 4) != 0) return damaged("it does not begin as profiles do");
    const std::uint32_t size = bigEndian(profile.data(), 4);
    if (size < headerBytes) return damaged("it gives a wrong size");
    if (size > profile.size()) return damaged("its end is missing");
    return {};
}

Found readIccProfile(const std::filesystem::path& path) {
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    auto profile = find(path);
    Result<void> ok;
    if (profile && *profile) ok = checkIccHeader(**profile);
    if (!profile) ok = Failure(profile.error());
    if (ok) return profile;
    ok.error().where = path.string();
    return Failure(ok.error());
}

} // namespace spotglass
