#include "viewer/slide/PlainImageDecoder.h"

#include "viewer/base/SharedModule.h"

#include <array>
#include <fstream>
#include <string_view>

namespace spotglass {

Result<void> PlainImageDecoder::decodePreview(std::uint8_t*) {
    return fail(ErrorKind::Defect, "this decoder has no preview", header().format);
}

Failure truncatedImage(const std::string& format, const std::filesystem::path& path) {
    return badInput("this " + format + " file is incomplete: it ends before the picture does", path.string(),
                    "Copy it again from where it came from");
}

Failure damagedImage(const std::string& format, const std::filesystem::path& path,
                     const std::string& reason) {
    return badInput("this " + format + " file is damaged or of an unsupported kind (" + reason + ")",
                    path.string(), "Copy it again, or export it as an 8-bit RGB TIFF");
}

Result<std::unique_ptr<PlainImageDecoder>> makeOpenCvDecoder(const std::filesystem::path& path) {
    static const auto entry = moduleEntry("spotglass_pictures.so", "spotglass_make_picture_decoder");
    if (!entry)
        return fail(ErrorKind::Device,
                    "the part of the program that reads PNG, BMP and JPEG 2000 cannot be loaded (" +
                        entry.error().what + ")",
                    entry.error().where, "Install Spotglass again");
    Result<std::unique_ptr<PlainImageDecoder>> made = nullptr;
    reinterpret_cast<PictureModuleEntry*> (*entry)(path, made);
    return made;
}

Result<std::unique_ptr<PlainImageDecoder>> makePlainImageDecoder(const std::filesystem::path& path) {
    std::array<char, 12> bytes{};
    std::ifstream(path, std::ios::binary).read(bytes.data(), bytes.size());
    const std::string_view head(bytes.data(), bytes.size());
    using namespace std::string_view_literals;
    if (head.starts_with("\xff\xd8\xff"sv)) return makeJpegDecoder(path);
    for (const auto magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
        if (head.starts_with(magic)) return makeTiffDecoder(path);
    for (const auto magic : {"\x89PNG\r\n\x1a\n"sv, "BM"sv, "\0\0\0\x0cjP  "sv})
        if (head.starts_with(magic)) return makeOpenCvDecoder(path);
    return badInput(
        "this is neither a slide nor an image that can be shown", path.string(),
        "Open a slide (SVS, NDPI, MRXS, SCN, BIF, VMS, tiled TIFF) or an image (TIFF, JPEG, PNG)");
}

} // namespace spotglass
