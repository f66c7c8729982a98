#include "viewer/slide/PlainImageDecoder.h"
#include "viewer/slide/SlideScale.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <jpeglib.h>

#include <jerror.h>

namespace spotglass {
namespace {

constexpr int maxScans = 500; ///< a progressive file with more is built to waste time

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

/// libjpeg reports through this and leaves by longjmp, so no frame between setjmp and libjpeg may hold C++
/// objects.
struct ErrorManager {
    jpeg_error_mgr base; ///< first, so that libjpeg's pointer is ours
    std::jmp_buf leave;
    char reason[JMSG_LENGTH_MAX];
    bool truncated; ///< the data ended early
};

[[noreturn]] void leaveOnError(j_common_ptr info) {
    auto* manager = reinterpret_cast<ErrorManager*>(info->err);
    manager->base.format_message(info, manager->reason);
    std::longjmp(manager->leave, 1);
}

/// libjpeg fills what is missing with grey and only warns; for a slide that is an error.
void judgeWarning(j_common_ptr info, int severity) {
    if (severity >= 0) return; // a trace
    auto* manager = reinterpret_cast<ErrorManager*>(info->err);
    const int code = info->err->msg_code;
    manager->truncated = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER;
    if (manager->truncated || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE ||
        code == JWRN_MUST_RESYNC)
        leaveOnError(info);
}

void watchScans(j_common_ptr info) {
    if (!info->is_decompressor) return;
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= maxScans) return;
    auto* manager = reinterpret_cast<ErrorManager*>(info->err);
    std::strncpy(manager->reason, "too many scans", sizeof manager->reason);
    std::longjmp(manager->leave, 1);
}

/// One libjpeg decompressor on one file, from the start of the file.
class Session {
  public:
    explicit Session(std::FILE* file) : file_(file) {
        info_.err = jpeg_std_error(&errors_.base);
        errors_.base.error_exit = leaveOnError;
        errors_.base.emit_message = judgeWarning;
        errors_.base.output_message = [](j_common_ptr) {};
        errors_.reason[0] = 0;
        errors_.truncated = false;
        progress_ = {};
        progress_.progress_monitor = watchScans;
    }
    ~Session() { jpeg_destroy_decompress(&info_); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    bool readHeader() {
        std::rewind(file_);
        if (setjmp(errors_.leave)) return false;
        jpeg_create_decompress(&info_);
        info_.progress = &progress_;
        jpeg_stdio_src(&info_, file_);
        jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xffff);
        jpeg_read_header(&info_, TRUE);
        return true;
    }
    /// Chooses the output and starts; `denominator` 1 or 8.
    bool start(unsigned denominator) {
        if (setjmp(errors_.leave)) return false;
        info_.scale_num = 1;
        info_.scale_denom = denominator;
        const bool fourInks = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
        info_.out_color_space = fourInks ? JCS_CMYK : JCS_EXT_BGR;
        jpeg_start_decompress(&info_);
        return true;
    }
    /// Decodes one row to `row`.
    bool readRow(std::uint8_t* row) {
        if (setjmp(errors_.leave)) return false;
        JSAMPROW rows[1] = {row};
        while (jpeg_read_scanlines(&info_, rows, 1) == 0) {
        }
        return true;
    }
    bool finish() {
        if (setjmp(errors_.leave)) return false;
        jpeg_finish_decompress(&info_);
        return true;
    }
    [[nodiscard]] const jpeg_decompress_struct& info() const { return info_; }
    [[nodiscard]] Failure failure(const std::filesystem::path& path) const {
        return errors_.truncated ? truncatedImage("JPEG", path) : damagedImage("JPEG", path, errors_.reason);
    }

  private:
    std::FILE* file_;
    jpeg_decompress_struct info_{};
    jpeg_progress_mgr progress_{};
    ErrorManager errors_{};
};

/// The few EXIF entries of interest, from an APP1 segment.
class ExifReader {
  public:
    ExifReader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    void apply(PlainImageHeader& header) {
        if (size_ < 14 || std::memcmp(data_, "Exif\0\0", 6) != 0) return;
        data_ += 6;
        size_ -= 6;
        big_ = data_[0] == 'M';
        if (number(2, 2) != 42) return;
        const std::size_t table = number(4, 4);
        double x = 0, y = 0;
        int unit = 2; // inch, by the standard
        for (std::size_t i = 0, count = number(table, 2); i < count; ++i) {
            const std::size_t entry = table + 2 + 12 * i;
            const std::size_t tag = number(entry, 2);
            if (tag == 0x112 && number(entry + 8, 2) >= 1 && number(entry + 8, 2) <= 8)
                header.orientation = static_cast<int>(number(entry + 8, 2));
            if (tag == 0x11a) x = rational(number(entry + 8, 4));
            if (tag == 0x11b) y = rational(number(entry + 8, 4));
            if (tag == 0x128) unit = static_cast<int>(number(entry + 8, 2));
        }
        if (unit == 2 || unit == 3)
            header.micronsPerPixel = scaleFromResolution(x, y, static_cast<ResolutionUnit>(unit));
    }

  private:
    [[nodiscard]] std::size_t number(std::size_t at, std::size_t bytes) const {
        if (at > size_ || size_ - at < bytes) return 0;
        std::size_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            value = value << 8 | data_[at + (big_ ? i : bytes - 1 - i)];
        return value;
    }
    [[nodiscard]] double rational(std::size_t at) const {
        const auto below = static_cast<double>(number(at + 4, 4));
        return below > 0 ? static_cast<double>(number(at, 4)) / below : 0;
    }
    const std::uint8_t* data_;
    std::size_t size_;
    bool big_ = false;
};

PlainImageHeader headerOf(const jpeg_decompress_struct& info) {
    PlainImageHeader header;
    header.format = "JPEG";
    header.width = info.image_width;
    header.height = info.image_height;
    for (auto* marker = info.marker_list; marker; marker = marker->next)
        ExifReader(marker->data, marker->data_length).apply(header);
    if (!header.micronsPerPixel && info.saw_JFIF_marker && (info.density_unit == 1 || info.density_unit == 2))
        header.micronsPerPixel =
            scaleFromResolution(info.X_density, info.Y_density,
                                info.density_unit == 1 ? ResolutionUnit::Inch : ResolutionUnit::Centimetre);
    header.hasPreview = header.orientation == 1;
    return header;
}

/// Adobe's JPEGs hold inks inverted: 255 is no ink.
void inksToBgr(const std::uint8_t* inks, std::int64_t pixels, bool inverted, std::uint8_t* bgr) {
    for (std::int64_t i = 0; i < pixels; ++i, inks += 4)
        for (int c = 2; c >= 0; --c) {
            const int ink = inverted ? inks[c] : 255 - inks[c], black = inverted ? inks[3] : 255 - inks[3];
            *bgr++ = static_cast<std::uint8_t>(ink * black / 255);
        }
}

class JpegDecoder final : public PlainImageDecoder {
  public:
    JpegDecoder(std::filesystem::path path, File file) : path_(std::move(path)), file_(std::move(file)) {}

    Result<void> open() {
        Session session(file_.get());
        if (!session.readHeader()) return session.failure(path_);
        header_ = headerOf(session.info());
        return endsProperly() ? Result<void>{} : truncatedImage("JPEG", path_);
    }
    [[nodiscard]] const PlainImageHeader& header() const override { return header_; }

    Result<void> decodePreview(std::uint8_t* pixels) override {
        return run(8, {pixels, [](std::int64_t) { return true; }});
    }
    Result<void> decode(const RowTarget& target) override { return run(1, target); }

  private:
    Result<void> run(unsigned denominator, const RowTarget& target) {
        Session session(file_.get());
        if (!session.readHeader() || !session.start(denominator)) return session.failure(path_);
        const std::int64_t width = session.info().output_width, height = session.info().output_height;
        const bool fourInks = session.info().out_color_space == JCS_CMYK,
                   inverted = session.info().saw_Adobe_marker;
        std::vector<std::uint8_t> inks(fourInks ? static_cast<std::size_t>(width) * 4 : 0);
        for (std::int64_t y = 0; y < height; ++y) {
            std::uint8_t* row = target.pixels + y * width * 3;
            if (!session.readRow(fourInks ? inks.data() : row)) return session.failure(path_);
            if (fourInks) inksToBgr(inks.data(), width, inverted, row);
            if ((y + 1) % 64 == 0 && !target.advance(y + 1)) return cancelled();
        }
        if (!session.finish()) return session.failure(path_);
        return target.advance(height) ? Result<void>{} : cancelled();
    }

    /// Whether the end marker is near the end of the file: some programs append a little of their own.
    [[nodiscard]] bool endsProperly() const {
        std::array<std::uint8_t, 65536> tail{};
        std::fseek(file_.get(), 0, SEEK_END);
        const long size = std::ftell(file_.get());
        const long length = std::min<long>(size, static_cast<long>(tail.size()));
        std::fseek(file_.get(), size - length, SEEK_SET);
        const std::size_t got = std::fread(tail.data(), 1, static_cast<std::size_t>(length), file_.get());
        const std::array<std::uint8_t, 2> end{0xff, 0xd9};
        return std::search(tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>(got), end.begin(),
                           end.end()) != tail.begin() + static_cast<std::ptrdiff_t>(got);
    }

    std::filesystem::path path_;
    File file_;
    PlainImageHeader header_;
};

} // namespace

Result<std::unique_ptr<PlainImageDecoder>> makeJpegDecoder(const std::filesystem::path& path) {
    File file(std::fopen(path.string().c_str(), "rb"));
    if (!file) return badInput("this file cannot be read", path.string(), "Check its permissions");
    auto decoder = std::make_unique<JpegDecoder>(path, std::move(file));
    if (auto ok = decoder->open(); !ok) return Failure(ok.error());
    return decoder;
}

} // namespace spotglass
