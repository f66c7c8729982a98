#include "viewer/slide/TiffFile.h"

#include "viewer/slide/SlideScale.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <fmt/format.h>
#include <string_view>
#include <tiffio.h>

namespace spotglass {

struct TiffFile::Messages {
    std::string error;
    bool damage = false, lostIccProfile = false;
};

namespace {

constexpr int maxDirectories = 1000; ///< more are not looked at

std::string formatted(const char* format, std::va_list arguments) {
    char text[512];
    std::vsnprintf(text, sizeof text, format, arguments);
    return text;
}

int keepError(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
    static_cast<TiffFile::Messages*>(user)->error = formatted(format, arguments);
    return 1;
}

/// libjpeg inside libtiff fills missing pixels with grey and only warns.
int keepWarning(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
    auto& messages = *static_cast<TiffFile::Messages*>(user);
    const std::string text = formatted(format, arguments);
    if (text.find("\"ICC Profile\"") != std::string::npos) messages.lostIccProfile = true;
    if (text.find("Premature end of JPEG") == std::string::npos &&
        text.find("Corrupt JPEG data") == std::string::npos)
        return 1;
    messages.damage = true;
    messages.error = text;
    return 1;
}

template <typename T> T field(TIFF* tiff, std::uint32_t tag, T otherwise) {
    T value{};
    return TIFFGetFieldDefaulted(tiff, tag, &value) ? value : otherwise;
}

std::int64_t area(TIFF* tiff) {
    return static_cast<std::int64_t>(field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH, 0)) *
           field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH, 0);
}

/// The value of an attribute of an XML start tag; empty when it has none.
std::string_view attribute(std::string_view tag, std::string_view name) {
    const std::string key = fmt::format(" {}=\"", name);
    const auto at = tag.find(key);
    if (at == std::string_view::npos) return {};
    const auto begin = at + key.size();
    return tag.substr(begin, tag.find('"', begin) - begin);
}

double numeric(std::string_view text, double otherwise) {
    double value = otherwise;
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc() ? value
                                                                                            : otherwise;
}

std::string several(double channels, double planes, double times) {
    if (!(channels > 1 || planes > 1 || times > 1)) return {};
    return fmt::format("it holds {:g} channels, {:g} focal planes and {:g} time points", channels, planes,
                       times);
}

/// OME-XML in the description: how many planes there are, and the scale.
void readOme(std::string_view xml, TiffSummary& summary) {
    const auto begin = xml.find("<Pixels");
    if (xml.find("<OME") == std::string_view::npos || begin == std::string_view::npos) return;
    summary.isOme = true;
    const std::string_view tag = xml.substr(begin, xml.find('>', begin) - begin);
    const double channels = numeric(attribute(tag, "SizeC"), 1);
    summary.notOnePicture = several(channels <= summary.samplesPerPixel ? 1 : channels,
                                    numeric(attribute(tag, "SizeZ"), 1), numeric(attribute(tag, "SizeT"), 1));
    const std::string_view unit = attribute(tag, "PhysicalSizeXUnit");
    if (!unit.empty() && unit != "\u00b5m" && unit != "\u03bcm") return; // micrometres, the default
    const double x = numeric(attribute(tag, "PhysicalSizeX"), 0),
                 y = numeric(attribute(tag, "PhysicalSizeY"), x);
    summary.micronsPerPixel = scaleFromResolution(10000 / x, 10000 / y, ResolutionUnit::Centimetre);
}

/// ImageJ's description: lines such as "channels=2".
void readImageJ(std::string_view text, TiffSummary& summary) {
    if (!text.starts_with("ImageJ=")) return;
    const auto count = [text](std::string_view key) {
        const auto at = text.find(key);
        return at == std::string_view::npos ? 1.0 : numeric(text.substr(at + key.size()), 1);
    };
    summary.notOnePicture = several(count("\nchannels="), count("\nslices="), count("\nframes="));
}

bool hasAlphaChannel(TIFF* tiff) {
    std::uint16_t count = 0;
    std::uint16_t* kinds = nullptr;
    return TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) && count > 0;
}

TiffSummary summaryOf(TIFF* tiff) {
    TiffSummary s;
    const auto small = [tiff](std::uint32_t tag, int otherwise) {
        return static_cast<int>(field<std::uint16_t>(tiff, tag, static_cast<std::uint16_t>(otherwise)));
    };
    s.width = field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH, 0);
    s.height = field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH, 0);
    s.bitsPerSample = small(TIFFTAG_BITSPERSAMPLE, 1);
    s.samplesPerPixel = small(TIFFTAG_SAMPLESPERPIXEL, 1);
    s.photometric =
        small(TIFFTAG_PHOTOMETRIC, s.samplesPerPixel >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
    s.compression = small(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    s.planar = small(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
    s.orientation = small(TIFFTAG_ORIENTATION, 1);
    if (s.orientation < 1 || s.orientation > 8) s.orientation = 1;
    s.hasAlpha = hasAlphaChannel(tiff);
    s.tiled = TIFFIsTiled(tiff) != 0;
    const std::uint32_t strip = std::min(field<std::uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP, 0xffffffffu),
                                         static_cast<std::uint32_t>(std::max<std::int64_t>(1, s.height)));
    s.tileWidth = static_cast<int>(s.tiled ? field<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH, 0) : s.width);
    s.tileHeight = static_cast<int>(s.tiled ? field<std::uint32_t>(tiff, TIFFTAG_TILELENGTH, 0) : strip);
    const auto unit = small(TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    if (unit == RESUNIT_INCH || unit == RESUNIT_CENTIMETER)
        s.micronsPerPixel = scaleFromResolution(field<float>(tiff, TIFFTAG_XRESOLUTION, 0),
                                                field<float>(tiff, TIFFTAG_YRESOLUTION, 0),
                                                static_cast<ResolutionUnit>(unit));
    return s;
}

/// Goes to the largest picture; returns how many of its size there are.
int goToLargest(TIFF* tiff) {
    std::int64_t largest = -1;
    int best = 0, same = 0, index = 0;
    do {
        const std::int64_t here = area(tiff);
        if (here > largest) {
            largest = here;
            best = index;
            same = 0;
        }
        if (here == largest) ++same;
    } while (++index < maxDirectories && TIFFReadDirectory(tiff));
    if (!TIFFSetDirectory(tiff, static_cast<tdir_t>(best))) return 0;
    return same;
}

} // namespace

void TiffFile::Closer::operator()(tiff* handle) const {
    TIFFClose(handle);
}
TiffFile::TiffFile(TiffFile&&) noexcept = default;
TiffFile& TiffFile::operator=(TiffFile&&) noexcept = default;
TiffFile::~TiffFile() = default;

const std::string& TiffFile::lastError() const {
    return messages_->error;
}
bool TiffFile::sawDamage() const {
    return messages_->damage;
}
bool TiffFile::lostIccProfile() const {
    return messages_->lostIccProfile;
}

Result<TiffFile> TiffFile::open(const std::filesystem::path& path) {
    TiffFile file;
    file.messages_ = std::make_unique<Messages>();
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, keepError, file.messages_.get());
    TIFFOpenOptionsSetWarningHandlerExtR(options, keepWarning, file.messages_.get());
    file.handle_.reset(TIFFOpenExt(path.string().c_str(), "r", options));
    TIFFOpenOptionsFree(options);
    if (!file.handle_)
        return badInput("this TIFF file is damaged or incomplete (" + file.lastError() + ")", path.string(),
                        "Copy it again from where it came from");
    char* text = nullptr; // of the first picture, where OME and ImageJ describe the whole file
    TIFFGetField(file.handle(), TIFFTAG_IMAGEDESCRIPTION, &text);
    const std::string description = text ? text : "";
    const int pictures = goToLargest(file.handle());
    file.summary_ = summaryOf(file.handle());
    file.summary_.pictures = pictures;
    readOme(description, file.summary_);
    readImageJ(description, file.summary_);
    if (pictures < 1 || file.summary_.width < 1 || file.summary_.height < 1)
        return badInput("this TIFF file is damaged: it holds no picture", path.string(),
                        "Copy it again from where it came from");
    return file;
}

bool TiffFile::isComplete(std::uint64_t fileSize) const {
    const std::uint32_t count = summary_.tiled ? TIFFNumberOfTiles(handle()) : TIFFNumberOfStrips(handle());
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t at = TIFFGetStrileOffset(handle(), i),
                            bytes = TIFFGetStrileByteCount(handle(), i);
        if (at > fileSize || bytes > fileSize - at) return false;
    }
    return true;
}

} // namespace spotglass
