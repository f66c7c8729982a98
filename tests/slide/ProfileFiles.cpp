#include "ProfileFiles.h"

#include "SlideFiles.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <lcms2.h>
#include <memory>
#include <stdexcept>
#include <tiffio.h>
#include <zlib.h>

namespace spotglass::testing {
namespace fs = std::filesystem;
namespace {

void check(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(what);
}

/// Closes the profile.
IccBytes bytesOf(cmsHPROFILE profile) {
    check(profile, "the profile was not made");
    cmsUInt32Number size = 0;
    check(cmsSaveProfileToMem(profile, nullptr, &size), "the profile was not saved");
    IccBytes bytes(size);
    check(cmsSaveProfileToMem(profile, bytes.data(), &size), "the profile was not saved");
    cmsCloseProfile(profile);
    return bytes;
}

/// Its black is not quite black.
cmsInt32Number measuredColor(const cmsUInt16Number in[], cmsUInt16Number out[], void*) {
    const double red = in[0] / 65535.0, green = in[1] / 65535.0, blue = in[2] / 65535.0;
    const cmsCIELab lab{8 + 92 * std::pow((2 * red + 5 * green + blue) / 8, 0.8), 70 * (red - green),
                        60 * (green - blue) - 5 * red * blue};
    cmsFloat2LabEncoded(out, &lab);
    return TRUE;
}

std::string bigEndian(std::size_t value, int count) {
    std::string bytes;
    for (int i = count - 1; i >= 0; --i)
        bytes += static_cast<char>((value >> (8 * i)) & 255);
    return bytes;
}

void writeGrey(TIFF* tiff, int side, const IccBytes& profile) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, side);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, side);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, side);
    if (!profile.empty())
        TIFFSetField(tiff, TIFFTAG_ICCPROFILE, static_cast<std::uint32_t>(profile.size()), profile.data());
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side), 200);
    check(TIFFWriteEncodedStrip(tiff, 0, pixels.data(), static_cast<tmsize_t>(pixels.size())) > 0 &&
              TIFFWriteDirectory(tiff) == 1,
          "the TIFF was not written");
}

std::string contentOf(const fs::path& path) {
    auto content = readFile(path);
    check(content.has_value(), "the picture was not read");
    return *content;
}

} // namespace

IccBytes srgbProfile() {
    return bytesOf(cmsCreate_sRGBProfile());
}

IccBytes wideProfile() {
    const cmsCIExyY white{0.3457, 0.3585, 1};
    const cmsCIExyYTRIPLE primaries{{0.72, 0.27, 1}, {0.16, 0.82, 1}, {0.04, 0.01, 1}};
    cmsToneCurve* curve = cmsBuildGamma(nullptr, 1.8);
    const std::array<cmsToneCurve*, 3> curves{curve, curve, curve};
    cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves.data());
    cmsFreeToneCurve(curve);
    return bytesOf(profile);
}

IccBytes tableProfile() {
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(nullptr);
    cmsSetProfileVersion(profile, 4.3);
    cmsSetDeviceClass(profile, cmsSigInputClass);
    cmsSetColorSpace(profile, cmsSigRgbData);
    cmsSetPCS(profile, cmsSigLabData);
    cmsPipeline* pipeline = cmsPipelineAlloc(nullptr, 3, 3);
    cmsStage* table = cmsStageAllocCLut16bit(nullptr, 9, 3, 3, nullptr);
    check(cmsStageSampleCLut16bit(table, measuredColor, nullptr, 0), "the table was not filled");
    cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(nullptr, 3, nullptr)); // plain ones
    cmsPipelineInsertStage(pipeline, cmsAT_END, table);
    cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(nullptr, 3, nullptr));
    check(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline) && cmsWriteTag(profile, cmsSigAToB1Tag, pipeline),
          "the table was not written");
    cmsPipelineFree(pipeline);
    return bytesOf(profile);
}

IccBytes greyProfile() {
    cmsToneCurve* curve = cmsBuildGamma(nullptr, 2.2);
    cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);
    cmsFreeToneCurve(curve);
    return bytesOf(profile);
}

IccBytes inkProfile() {
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(nullptr);
    cmsSetProfileVersion(profile, 4.3);
    cmsSetDeviceClass(profile, cmsSigOutputClass);
    cmsSetColorSpace(profile, cmsSigCmykData);
    cmsSetPCS(profile, cmsSigLabData);
    return bytesOf(profile);
}

IccBytes labProfile() {
    return bytesOf(cmsCreateLab4Profile(nullptr));
}

IccBytes linkProfile() {
    cmsToneCurve* curve = cmsBuildGamma(nullptr, 2.2);
    const std::array<cmsToneCurve*, 3> curves{curve, curve, curve};
    cmsHPROFILE profile = cmsCreateLinearizationDeviceLink(cmsSigRgbData, curves.data());
    cmsFreeToneCurve(curve);
    return bytesOf(profile);
}

IccBytes madeUpProfile(std::size_t size) {
    IccBytes profile(size);
    for (std::size_t i = 0; i < size; ++i)
        profile[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    const std::string length = bigEndian(size, 4), mark = "acsp";
    std::copy(length.begin(), length.end(), profile.begin());
    std::copy(mark.begin(), mark.end(), profile.begin() + 36);
    return profile;
}

void writeTiffWithProfile(const fs::path& path, const char* mode, const IccBytes& profile,
                          const IccBytes& ofThumbnail) {
    const std::unique_ptr<TIFF, void (*)(TIFF*)> tiff(TIFFOpen(path.c_str(), mode), TIFFClose);
    check(tiff != nullptr, "the TIFF was not created");
    writeGrey(tiff.get(), 8, ofThumbnail);
    writeGrey(tiff.get(), 32, profile);
}

std::string packedProfile(const IccBytes& profile) {
    uLongf size = compressBound(static_cast<uLong>(profile.size()));
    std::string packed(size, '\0');
    check(compress(reinterpret_cast<Bytef*>(packed.data()), &size, profile.data(),
                   static_cast<uLong>(profile.size())) == Z_OK,
          "the profile was not packed");
    return std::string("a name\0\0", 8) + packed.substr(0, size);
}

void writePngWithChunk(const fs::path& path, const std::string& content) {
    writePicture(path, 8, 8, squares(4));
    std::string file = contentOf(path);
    const std::string chunk = "iCCP" + content;
    const auto checksum =
        crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size()));
    constexpr std::size_t afterHeader = 33;
    file.insert(afterHeader, bigEndian(content.size(), 4) + chunk + bigEndian(checksum, 4));
    writeText(path, file);
}

std::string profilePart(int number, int count, const IccBytes& part) {
    return std::string("ICC_PROFILE\0", 12) + static_cast<char>(number) + static_cast<char>(count) +
           std::string(part.begin(), part.end());
}

void writeJpegWithSegments(const fs::path& path, const std::vector<std::string>& contents) {
    writeJpeg(path, {.width = 16, .height = 16}, squares(8));
    std::string segments;
    for (const std::string& content : contents)
        segments += "\xff\xe2" + bigEndian(content.size() + 2, 2) + content;
    std::string file = contentOf(path);
    writeText(path, file.insert(2, segments));
}

} // namespace spotglass::testing
