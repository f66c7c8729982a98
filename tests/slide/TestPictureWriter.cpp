#include "viewer/slide/PictureWriter.h"

#include "viewer/base/Files.h"

#include <cmath>
#include <cstring>
#include <opencv2/imgcodecs.hpp>
#include <tiffio.h>

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using Pixels = std::vector<std::uint32_t>;

/// What is written must come back from the libraries everybody reads with.
class TestPictureWriter : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    using Make = std::function<Result<std::unique_ptr<PictureWriter>>(const std::filesystem::path&, int, int,
                                                                      const PictureMeta&)>;

    [[nodiscard]] std::filesystem::path at(const char* name) const {
        return std::filesystem::path(folder_.path().toStdString()) / name;
    }
    /// Smooth colours with edges, as tissue has.
    [[nodiscard]] static Pixels drawn(int width, int height) {
        Pixels pixels;
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                pixels.push_back(0xFF000000U | static_cast<std::uint32_t>(x * 255 / width) << 16 |
                                 static_cast<std::uint32_t>(y * 255 / height) << 8 |
                                 ((x / 40 + y / 40) % 2 ? 200U : 90U));
        return pixels;
    }
    [[nodiscard]] static PictureMeta someMeta() {
        return {300, MicronsPerPixel{0.5, 0.25}, {{"Software", "Spotglass 1"}, {"Region", "10 \u00b5m"}}};
    }
    /// Writes in bands of uneven height.
    static Result<void> write(const Make& make, const std::filesystem::path& path, int width, int height,
                              const PictureMeta& meta = someMeta()) {
        auto writer = make(path, width, height, meta);
        if (!writer) return Failure(writer.error());
        const Pixels pixels = drawn(width, height);
        for (int y = 0, rows = 1; y < height; y += rows, rows = std::min(rows * 3, height - y))
            if (auto ok = (*writer)->append(pixels.data() + static_cast<std::ptrdiff_t>(y) * width, rows);
                !ok)
                return ok;
        return (*writer)->finish();
    }
    [[nodiscard]] static Make tiff(TiffPacking packing) {
        return [packing](const auto& path, int width, int height, const auto& meta) {
            return makeTiffWriter(path, width, height, meta, packing);
        };
    }
    static std::string chunk(const std::string& file, const char* type) {
        const auto found = file.find(type);
        if (found == std::string::npos) return {};
        std::uint32_t length = 0;
        for (int i = 4; i > 0; --i)
            length = length << 8 | static_cast<unsigned char>(file[found - static_cast<std::size_t>(i)]);
        return file.substr(found + 4, length);
    }

  private Q_SLOTS:
    void aPngHasEveryPixel() {
        for (const auto& [width, height] : {std::pair(701, 533), {1, 1}, {3, 1000}}) {
            QVERIFY(write(makePngWriter, at("a.png"), width, height));
            const cv::Mat back = cv::imread(at("a.png").string(), cv::IMREAD_COLOR);
            QCOMPARE(back.cols, width);
            QCOMPARE(back.rows, height);
            const Pixels pixels = drawn(width, height);
            for (int y = 0; y < height; ++y)
                for (int x = 0; x < width; ++x) {
                    const auto bgr = back.at<cv::Vec3b>(y, x);
                    const std::uint32_t pixel =
                        0xFF000000U | std::uint32_t{bgr[2]} << 16 | std::uint32_t{bgr[1]} << 8 | bgr[0];
                    QCOMPARE(pixel, pixels[static_cast<std::size_t>(y * width + x)]);
                }
        }
    }
    void aPngSaysItsSizeAndWhereItComesFrom() {
        QVERIFY(write(makePngWriter, at("b.png"), 64, 64));
        const std::string file = readFile(at("b.png")).value();
        const std::string size = chunk(file, "pHYs");
        QCOMPARE(size.size(), std::size_t{9});
        QCOMPARE(static_cast<unsigned char>(size[2]) << 8 | static_cast<unsigned char>(size[3]), 11811);
        QCOMPARE(size[8], '\1');
        QCOMPARE(chunk(file, "tEXt"), std::string("Software\0Spotglass 1", 20));
        QCOMPARE(chunk(file, "iTXt"), std::string("Region\0\0\0\0\0", 11) + "10 \u00b5m");
    }
    void aTiffHasEveryPixelItsScaleAndItsTexts() {
        const int width = 701, height = 533;
        QVERIFY(write(tiff(TiffPacking::Deflate), at("a.tif"), width, height));
        TIFF* file = TIFFOpen(at("a.tif").c_str(), "r");
        QVERIFY(file);
        float x = 0, y = 0;
        std::uint16_t unit = 0;
        const char *description = nullptr, *software = nullptr;
        TIFFGetField(file, TIFFTAG_XRESOLUTION, &x);
        TIFFGetField(file, TIFFTAG_YRESOLUTION, &y);
        TIFFGetField(file, TIFFTAG_RESOLUTIONUNIT, &unit);
        QVERIFY(TIFFIsTiled(file));
        QVERIFY(TIFFGetField(file, TIFFTAG_IMAGEDESCRIPTION, &description));
        QVERIFY(TIFFGetField(file, TIFFTAG_SOFTWARE, &software));
        QCOMPARE(std::string(description), std::string("Software: Spotglass 1\nRegion: 10 \u00b5m"));
        QCOMPARE(std::string(software), std::string("Spotglass 1"));
        QCOMPARE(x, 20000.F);
        QCOMPARE(y, 40000.F);
        QCOMPARE(int{unit}, int{RESUNIT_CENTIMETER});
        Pixels back(static_cast<std::size_t>(width * height));
        QVERIFY(TIFFReadRGBAImageOriented(file, width, height, back.data(), ORIENTATION_TOPLEFT));
        TIFFClose(file);
        const Pixels pixels = drawn(width, height);
        for (std::size_t i = 0; i < back.size(); ++i) {
            const std::uint32_t pixel =
                0xFF000000U | TIFFGetR(back[i]) << 16 | TIFFGetG(back[i]) << 8 | TIFFGetB(back[i]);
            QCOMPARE(pixel, pixels[i]);
        }
    }
    void aTiffWithoutAScaleSaysItsSizeOnPaper() {
        PictureMeta meta = someMeta();
        meta.micronsPerPixel.reset();
        QVERIFY(write(tiff(TiffPacking::Deflate), at("paper.tif"), 20, 20, meta));
        TIFF* file = TIFFOpen(at("paper.tif").c_str(), "r");
        float x = 0;
        TIFFGetField(file, TIFFTAG_XRESOLUTION, &x);
        TIFFClose(file);
        QVERIFY(std::abs(static_cast<double>(x) - 300 / 2.54) < 0.01);
    }
    void aJpegTiffIsSmallerAndNearlyTheSame() {
        QVERIFY(write(tiff(TiffPacking::Jpeg), at("j.tif"), 1000, 700));
        const cv::Mat back = cv::imread(at("j.tif").string(), cv::IMREAD_COLOR);
        QCOMPARE(back.cols, 1000);
        const auto bgr = back.at<cv::Vec3b>(660, 500);
        QVERIFY(std::abs(bgr[2] - 127) < 8 && std::abs(bgr[1] - 240) < 8);
    }
    void aPlaceThatCannotBeWrittenIsNamed() {
        for (const Make& make : {Make(makePngWriter), tiff(TiffPacking::Deflate)}) {
            const auto refused = write(make, at("no/such/folder/a"), 30, 30);
            QVERIFY(!refused);
            QCOMPARE(refused.error().kind, ErrorKind::Device);
            QVERIFY(refused.error().sentence().find("no/such/folder/a: this file cannot be written") !=
                    std::string::npos);
        }
    }
    void aFullDiskIsNoticed() {
        if (!std::filesystem::exists("/dev/full")) QSKIP("there is no /dev/full here");
        QVERIFY(!write(makePngWriter, "/dev/full", 600, 600));
    }
    void anEmptyPictureIsRefused() { QVERIFY(!makePngWriter(at("e.png"), 0, 5, {})); }
};

QTEST_GUILESS_MAIN(TestPictureWriter)
#include "TestPictureWriter.moc"
