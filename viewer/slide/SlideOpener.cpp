#include "viewer/base/Files.h"
#include "viewer/slide/OpenSlideSource.h"
#include "viewer/slide/OverviewSource.h"
#include "viewer/slide/PlainImageSource.h"
#include "viewer/slide/TiffFile.h"
#include "viewer/slide/TiledTiffSource.h"

#include <array>
#include <cctype>
#include <fstream>
#include <string_view>

namespace spotglass {
namespace {

using Opened = Result<std::shared_ptr<SlideSource>>;

constexpr std::int64_t comfortableSide = 4096; ///< of a level that zooming out can start from

bool isDicom(const std::filesystem::path& path) {
    std::array<char, 132> head{};
    std::ifstream(path, std::ios::binary).read(head.data(), head.size());
    return std::string_view(head.data() + 128, 4) == "DICM";
}

/// Formats whose file is only the door to a folder of data; the file alone may look like a small image.
bool needsCompanions(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    for (char& c : extension)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return extension == ".mrxs" || extension == ".vms" || extension == ".vmu";
}

/// Whether our own reader of plain images serves a TIFF better: OpenSlide ignores its orientation, and has no
/// overview of a picture without a pyramid.
bool isBetterPlain(const SlideInfo& info, const TiffSummary& tiff) {
    if (info.vendor != "generic-tiff") return false;
    if (tiff.orientation != 1 || tiff.tileWidth > tiff.width || tiff.tileHeight > tiff.height) return true;
    const SlideLevel& coarsest = info.levels.back();
    return std::max(coarsest.width, coarsest.height) > comfortableSide &&
           std::max(tiff.width, tiff.height) <= PlainImageSource::maxSide &&
           tiff.width * tiff.height <= PlainImageSource::maxPixels;
}

Opened openPlain(const std::filesystem::path& path) {
    auto plain = PlainImageSource::open(path);
    if (!plain) return Failure(plain.error());
    return std::move(*plain);
}

Opened openGenericTiff(const std::filesystem::path& path, std::shared_ptr<OpenSlideSource> slide) {
    const auto tiff = TiffFile::open(path);
    if (!tiff) return TiledTiffSource::wrap(path, std::move(slide)); // OpenSlide knows better
    // The plain reader has the sentence for what is not one picture.
    if (!tiff->summary().notOnePicture.empty()) return openPlain(path);
    auto tiled = TiledTiffSource::wrap(path, std::move(slide));
    if (!isBetterPlain(*tiled->info(), tiff->summary())) return tiled;
    auto plain = openPlain(path);
    return plain ? plain : Opened(std::move(tiled));
}

Opened openAsItIs(const std::filesystem::path& path) {
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    if (isDicom(path) && !OpenSlideSource::readsDicom())
        return badInput(
            "this is a DICOM file, which this installation cannot read (it needs OpenSlide 4.0 or newer)",
            path.string(), "Convert it to a pyramidal TIFF or SVS");
    const auto vendor = OpenSlideSource::detectVendor(path);
    if (!vendor) {
        if (needsCompanions(path))
            return badInput("this slide is damaged, or the folder with its data is missing", path.string(),
                            "Copy the file together with the folder of the same name beside it");
        return openPlain(path);
    }
    auto slide = OpenSlideSource::open(path);
    if (slide)
        return *vendor == "generic-tiff" ? openGenericTiff(path, std::move(*slide))
                                         : Opened(TiledTiffSource::wrap(path, std::move(*slide)));
    if (*vendor == "generic-tiff")
        if (auto plain = openPlain(path)) return plain;
    return Failure(slide.error());
}

} // namespace

Opened openSlide(const std::filesystem::path& path) {
    auto slide = openAsItIs(path);
    return slide ? Opened(OverviewSource::wrap(std::move(*slide))) : slide;
}

} // namespace spotglass
