#include "ScannerFiles.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <tiffio.h>

namespace spotglass::testing {
namespace fs = std::filesystem;
namespace {

void check(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(what);
}

struct TiffCloser {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, TiffCloser>;

Tiff created(const fs::path& path, const char* mode = "w") {
    Tiff tiff(TIFFOpen(path.c_str(), mode));
    check(tiff != nullptr, "the TIFF was not created");
    return tiff;
}

std::vector<std::uint8_t> rgb(const Painter& painter, int left, int top, int width, int height) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    for (int y = top; y < top + height; ++y)
        for (int x = left; x < left + width; ++x) {
            const std::uint32_t color = painter(x, y);
            for (const int shift : {16, 8, 0})
                bytes.push_back(static_cast<std::uint8_t>(color >> shift & 255));
        }
    return bytes;
}

/// A JPEG 2000 codestream without the file around it.
std::vector<std::uint8_t> jpeg2000(std::vector<std::uint8_t> pixels, int width, int height) {
    for (std::size_t i = 0; i < pixels.size(); i += 3)
        std::swap(pixels[i], pixels[i + 2]); // OpenCV wants blue first
    std::vector<std::uint8_t> file;
    cv::imencode(".jp2", cv::Mat(height, width, CV_8UC3, pixels.data()), file,
                 {cv::IMWRITE_JPEG2000_COMPRESSION_X1000, 1000});
    static constexpr std::array<std::uint8_t, 4> start{0xff, 0x4f, 0xff, 0x51};
    const auto begin = std::search(file.begin(), file.end(), start.begin(), start.end());
    check(begin != file.end(), "no JPEG 2000 codestream");
    return {begin, file.end()};
}

struct Picture {
    int width = 0, height = 0, tile = 0; ///< tile 0: one strip
    int packing = COMPRESSION_JPEG, leaveOutTile = -1;
    bool reduced = false;
    std::string description = {}, xml = {}, software = {};
};

void writePicture(TIFF* tiff, const Picture& p, const Painter& painter) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, p.width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, p.height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, p.packing);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
                 p.packing == COMPRESSION_JPEG ? PHOTOMETRIC_YCBCR : PHOTOMETRIC_RGB);
    if (p.packing == COMPRESSION_JPEG) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    if (p.reduced) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
    if (!p.description.empty()) TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, p.description.c_str());
    if (!p.software.empty()) TIFFSetField(tiff, TIFFTAG_SOFTWARE, p.software.c_str());
    if (!p.xml.empty())
        TIFFSetField(tiff, TIFFTAG_XMLPACKET, static_cast<std::uint32_t>(p.xml.size()), p.xml.data());
    if (p.tile == 0) {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, p.height);
        auto bytes = rgb(painter, 0, 0, p.width, p.height);
        check(TIFFWriteEncodedStrip(tiff, 0, bytes.data(), static_cast<tmsize_t>(bytes.size())) >= 0,
              "a strip was not written");
        check(TIFFWriteDirectory(tiff) == 1, "a directory was not written");
        return;
    }
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, p.tile);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, p.tile);
    std::uint32_t index = 0;
    for (int y = 0; y < p.height; y += p.tile)
        for (int x = 0; x < p.width; x += p.tile, ++index) {
            if (static_cast<int>(index) == p.leaveOutTile) continue;
            auto bytes = rgb(painter, x, y, p.tile, p.tile);
            const bool raw = p.packing != COMPRESSION_JPEG;
            if (raw) bytes = jpeg2000(std::move(bytes), p.tile, p.tile);
            const auto size = static_cast<tmsize_t>(bytes.size());
            check((raw ? TIFFWriteRawTile(tiff, index, bytes.data(), size)
                       : TIFFWriteEncodedTile(tiff, index, bytes.data(), size)) >= 0,
                  "a tile was not written");
        }
    check(TIFFWriteDirectory(tiff) == 1, "a directory was not written");
}

Painter shrunk(const Painter& painter, int downsample) {
    return [painter, downsample](int x, int y) { return painter(x * downsample, y * downsample); };
}

int wholeTiles(int side, int tile) {
    return (side + tile - 1) / tile * tile;
}

std::string philipsXml(const PhilipsOptions& o) {
    const auto spacing = [&o](int level) {
        const double mm = o.micronsPerPixel * (1 << level) / 1000;
        return fmt::format(R"(<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" )"
                           R"(PMSVR="IDoubleArray">"{0}" "{0}"</Attribute>)",
                           mm);
    };
    std::string levels;
    for (int level = 0; level < (o.spacings < 0 ? o.levels : o.spacings); ++level)
        levels += R"(<DataObject ObjectType="PixelDataRepresentation">)" + spacing(level) + "</DataObject>";
    return R"(<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">)"
           R"(<Attribute Name="PIM_DP_SCANNED_IMAGES"><Array><DataObject ObjectType="DPScannedImage">)"
           R"(<Attribute Name="PIM_DP_IMAGE_TYPE">WSI</Attribute>)" +
           spacing(0) + R"(<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array>)" + levels +
           "</Array></Attribute></DataObject></Array></Attribute></DataObject>";
}

/// Tiles are numbered from the bottom up, to the right and back again.
std::string ventanaXml(const VentanaOptions& o, int columns) {
    const auto number = [columns, &o](int column, int row) {
        const int fromBottom = o.rows - 1 - row;
        return fromBottom * columns + (fromBottom % 2 ? columns - 1 - column : column) + 1;
    };
    std::string joints;
    const auto join = [&](int a, int b, const char* direction, int overlapX, int overlapY) {
        joints += fmt::format(R"(<TileJointInfo FlagJoined="1" Confidence="100" Direction="{}" Tile1="{}" )"
                              R"(Tile2="{}" OverlapX="{}" OverlapY="{}"/>)",
                              direction, a, b, overlapX, overlapY);
    };
    for (int row = 0; row < o.rows; ++row)
        for (int column = 0; column < columns; ++column) {
            if (column + 1 < columns)
                join(number(column, row), number(column + 1, row), "RIGHT", o.overlap, 0);
            if (row > 0) join(number(column, row), number(column, row - 1), "UP", 0, o.overlap);
        }
    return fmt::format(
        R"(<EncodeInfo Ver="2"><SlideStitchInfo><ImageInfo AOIScanned="1" AOIIndex="0" )"
        R"(NumRows="{}" NumCols="{}" Width="{}" Height="{}" Pos-X="0" Pos-Y="0">{}</ImageInfo></SlideStitchInfo>)"
        R"(<AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin></EncodeInfo>)",
        o.rows, columns, o.tile, o.tile, joints);
}

} // namespace

void writePhilips(const fs::path& path, const PhilipsOptions& o, const Painter& painter) {
    const Tiff tiff = created(path);
    const Painter padded = [&](int x, int y) {
        return x < o.width && y < o.height ? painter(x, y) : philipsPadding;
    };
    for (int level = 0; level < o.levels; ++level) {
        const int down = 1 << level;
        writePicture(tiff.get(),
                     {.width = wholeTiles((o.width + down - 1) / down, o.tile),
                      .height = wholeTiles((o.height + down - 1) / down, o.tile),
                      .tile = o.tile,
                      .leaveOutTile = o.leaveOutTile,
                      .reduced = level > 0,
                      .description = level == 0 ? philipsXml(o) : fmt::format("level={}", level),
                      .software = "Philips DP v1.0"},
                     shrunk(padded, down));
    }
    writePicture(tiff.get(), {.width = 120, .height = 80, .description = "Label"}, squares(20));
}

void writeVentana(const fs::path& path, const VentanaOptions& o, const Painter& painter) {
    const Tiff tiff = created(path);
    const std::string scan = R"(<iScan Z-layers="1" Magnification="20" ScanRes="0.465000"/>)";
    writePicture(tiff.get(), {.width = 120, .height = 80, .description = "Label Image", .xml = scan},
                 squares(20));
    for (int level = 0; level < o.levels; ++level) {
        const int down = 1 << level;
        writePicture(tiff.get(),
                     {.width = wholeTiles((o.columns * o.tile + down - 1) / down, o.tile),
                      .height = wholeTiles((o.rows * o.tile + down - 1) / down, o.tile),
                      .tile = o.tile,
                      .reduced = level > 0,
                      .description = fmt::format("level={} mag={} quality=90", level, 20.0 / down),
                      .xml = level == 0 && o.saysAreas
                                 ? ventanaXml(o, o.scannedColumns < 0 ? o.columns : o.scannedColumns)
                                 : ""},
                     shrunk(painter, down));
    }
}

void writeAperio(const fs::path& path, const AperioOptions& o, const Painter& painter) {
    const Tiff tiff = created(path);
    for (std::size_t level = 0; level < o.downsamples.size(); ++level) {
        const int down = o.downsamples[level], width = o.width / down, height = o.height / down;
        writePicture(
            tiff.get(),
            {.width = width,
             .height = height,
             .tile = o.tile,
             .packing = o.jpeg2000 ? o.jpeg2000 : COMPRESSION_JPEG,
             .leaveOutTile = o.leaveOutTile,
             .description = fmt::format("Aperio Image Library v10.0.51\r\n{}x{} [0,0 {}x{}] ({}x{}) JPEG/RGB "
                                        "Q=70|AppMag = 20|MPP = 0.4990",
                                        o.width, o.height, width, height, o.tile, o.tile)},
            shrunk(painter, down));
        if (level == 0)
            writePicture(tiff.get(),
                         {.width = 200, .height = 150, .description = "Aperio Image Library v10.0.51\r\n"},
                         shrunk(painter, 8));
    }
}

void writeLeica(const fs::path& path, int width, int height, const Painter& painter) {
    constexpr int levels = 3, tile = 256;
    std::string dimensions;
    for (int level = 0; level < levels; ++level)
        dimensions += fmt::format(R"(<dimension sizeX="{}" sizeY="{}" r="{}" ifd="{}"/>)", width >> level,
                                  height >> level, level, level);
    const std::string xml = fmt::format(
        R"(<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">)"
        R"(<collection name="a" sizeX="{5}" sizeY="{6}"><image name="b"><creationDate>2012</creationDate>)"
        R"(<device model="Leica SCN400"/><pixels sizeX="{2}" sizeY="{3}">{4}</pixels>)"
        R"(<view sizeX="{0}" sizeY="{1}" offsetX="0" offsetY="0"/>)"
        R"(<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>)"
        R"(<illuminationSettings><illuminationSource>brightfield</illuminationSource>)"
        R"(</illuminationSettings></scanSettings></image></collection></scn>)",
        width * 500, height * 500, width, height, dimensions, width * 1500, height * 1500);
    const Tiff tiff = created(path, "w8");
    for (int level = 0; level < levels; ++level)
        writePicture(tiff.get(),
                     {.width = width >> level,
                      .height = height >> level,
                      .tile = tile,
                      .reduced = level > 0,
                      .description = level == 0 ? xml : ""},
                     shrunk(painter, 1 << level));
}

} // namespace spotglass::testing
