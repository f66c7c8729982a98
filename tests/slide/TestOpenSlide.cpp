#include "SlideFiles.h"
#include "viewer/slide/SlideSource.h"

#include "Shared.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

/// openSlide(): any file in, a slide or a sentence out.
class TestOpenSlide : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    static std::string vendorOf(const fs::path& path) {
        const auto slide = openSlide(path);
        return slide ? (*slide)->info()->vendor : slide.error().sentence();
    }
    static void verifyRefused(const fs::path& path, const char* words) {
        const auto slide = openSlide(path);
        QVERIFY2(!slide, path.c_str());
        QCOMPARE(slide.error().kind, ErrorKind::BadInput);
        const std::string sentence = slide.error().sentence();
        QVERIFY2(sentence.find(words) != std::string::npos, sentence.c_str());
        QVERIFY2(sentence.find(path.filename().string()) != std::string::npos, sentence.c_str());
    }

  private Q_SLOTS:
    void missingEmptyFolderAndTextAreToldApart() {
        writeText(at("empty.svs"), "");
        writeText(at("text.svs"), "This is no slide at all, only a renamed text file.\n");
        writeText(at("tiny.svs"), "II");
        verifyRefused(at("none.svs"), "does not exist");
        verifyRefused(at("empty.svs"), "is empty");
        verifyRefused(dir_.path().toStdString(), "folder");
        verifyRefused(at("text.svs"), "neither a slide nor an image");
        verifyRefused(at("tiny.svs"), "neither a slide nor an image");
    }
    void renamedImagesAreKnownByTheirContent() {
        writePicture(at("a.png"), 60, 40, squares(10));
        fs::copy_file(at("a.png"), at("png.svs"));
        fs::copy_file(at("a.png"), at("png.jpg"));
        QCOMPARE(vendorOf(at("png.svs")), std::string("plain image"));
        QCOMPARE(vendorOf(at("png.jpg")), std::string("plain image"));
    }
    void aTruncatedSlideIsRefused() {
        writeTiff(at("whole.tif"), {.width = 1024, .height = 1024, .tile = 256, .packing = Packing::Jpeg},
                  squares(32));
        QCOMPARE(vendorOf(at("whole.tif")), std::string("generic-tiff"));
        copyCut(at("whole.tif"), at("cut.tif"), fs::file_size(at("whole.tif")) / 2);
        verifyRefused(at("cut.tif"), "incomplete");
    }
    void aTiledTiffIsASlideAndALargeOneWithoutLevelsGetsThem() {
        writeTiff(at("small.tif"), {.width = 1000, .height = 800, .tile = 256}, squares(32));
        QCOMPARE(vendorOf(at("small.tif")), std::string("generic-tiff"));
        writeTiff(at("flat.tif"), {.width = 5000, .height = 3000, .tile = 512}, squares(500));
        const auto slide = openSlide(at("flat.tif")).value();
        QCOMPARE(slide->info()->vendor, std::string("plain image"));
        QVERIFY(slide->info()->levels.size() > 3);
        QCOMPARE(pixel(slide->readRegion(2, {700, 300, 1, 1}).value(), 0, 0),
                 0xff000000u | squareColor(5, 2));
    }
    void aTurnedTiledTiffIsTurned() {
        writeTiff(at("turned.tif"), {.width = 256, .height = 128, .tile = 64, .orientation = 3}, squares(32));
        const auto slide = openSlide(at("turned.tif")).value();
        QCOMPARE(pixel(slide->readRegion(0, {0, 0, 1, 1}).value(), 0, 0), 0xff000000u | squareColor(7, 3));
    }
    void aTiledFluorescenceImageIsRefused() {
        const char* ome = R"(<OME><Pixels SizeC="4" SizeZ="1" SizeT="1"/></OME>)";
        writeTiff(
            at("channels.ome.tif"),
            {.width = 512, .height = 512, .tile = 256, .channels = 1, .description = ome, .pictures = 4},
            squares(32));
        verifyRefused(at("channels.ome.tif"), "4 channels");
    }
    void aSlideWithABrokenTileOpens() {
        writeTiff(at("broken.tif"), {.width = 1024, .height = 1024, .tile = 256, .packing = Packing::Jpeg},
                  squares(256));
        breakTile(at("broken.tif"), 5);
        const auto slide = openSlide(at("broken.tif")).value();
        QVERIFY(!slide->readRegion(0, {300, 300, 10, 10}));
        QVERIFY(slide->readRegion(0, {600, 300, 10, 10}).has_value());
    }
    void dicomIsNamedForWhatItIs() {
        writeText(at("a.dcm"), std::string(128, '\0') + "DICM" + std::string(200, '\0'));
        const auto slide = openSlide(at("a.dcm"));
        QVERIFY(!slide);
        if (slide.error().sentence().find("OpenSlide 4") == std::string::npos)
            QSKIP("this OpenSlide reads DICOM");
        verifyRefused(at("a.dcm"), "DICOM");
    }
    void aSlideWithoutItsFolderIsNotTakenForAnImage() {
        writeJpeg(at("lonely.mrxs"), {.width = 64, .height = 64}, squares(8));
        verifyRefused(at("lonely.mrxs"), "folder");
    }
    void anyNameWorks_data() {
        QTest::addColumn<QByteArray>("name");
        QTest::newRow("accents and other scripts") << QByteArray("\u00fcn\u00efc\u00f6de \u5207\u7247");
        QTest::newRow("combining characters") << QByteArray("e\u0301\u0323o\u0308");
        QTest::newRow("emoji") << QByteArray("\U0001f52c\U0001f468\u200d\U0001f52c");
        QTest::newRow("right to left") << QByteArray("\u05e9\u05e7\u05d5\u05e4\u05d9\u05ea \u202e");
        QTest::newRow("not UTF-8") << QByteArray("bad \xff\xfe\xe9");
        QTest::newRow("blanks") << QByteArray("  a  b  ");
        QTest::newRow("a new line") << QByteArray("a\nb");
        QTest::newRow("a leading dash") << QByteArray("--help");
        QTest::newRow("quotes") << QByteArray("a\"'\\%s%n");
        QTest::newRow("as long as a name may be") << QByteArray(251, 'n');
    }
    void anyNameWorks() {
        QFETCH(QByteArray, name);
        const std::string text = name.toStdString();
        writePicture(at("a.png"), 60, 40, squares(10));
        writeJpeg(at("a.jpg"), {.width = 60, .height = 40}, squares(10));
        writeTiff(at("a.tif"), {.width = 300, .height = 200, .tile = 64, .packing = Packing::Jpeg},
                  squares(10));
        writeTiff(at("b.tif"), {.width = 60, .height = 40}, squares(10)); // strips
        for (const auto& [from, vendor] : {std::pair("a.png", "plain image"),
                                           {"a.jpg", "plain image"},
                                           {"a.tif", "generic-tiff"},
                                           {"b.tif", "plain image"}}) {
            const fs::path path = at(text + ".svs");
            fs::copy_file(at(from), path, fs::copy_options::overwrite_existing);
            const auto slide = openSlide(path);
            QVERIFY2(slide, slide ? "" : slide.error().sentence().c_str());
            QCOMPARE((*slide)->info()->vendor, std::string(vendor));
            QVERIFY(!(*slide)->fingerprint().empty());
            const auto got = (*slide)->readRegion(0, {10, 10, 10, 10});
            QVERIFY(got && difference(pixel(*got, 5, 5), squareColor(1, 1)) <= 8);
        }
        writeText(at(text + ".txt"), "This is no slide.");
        const auto refused = openSlide(at(text + ".txt"));
        QVERIFY(!refused);
        QVERIFY(refused.error().sentence().find('\n') == std::string::npos);
    }
    void aPathAsLongAsItMayBeWorksAndALongerOneIsRefused() {
        writeTiff(at("a.tif"), {.width = 300, .height = 200, .tile = 64, .packing = Packing::Jpeg},
                  squares(10));
        const fs::path before = fs::current_path();
        fs::path folder = dir_.path().toStdString();
        fs::current_path(folder);
        while (folder.string().size() + 201 + 60 < 4095) {
            const std::string part(200, 'd');
            fs::create_directory(part);
            fs::current_path(part); // step by step, for the whole is too long soon
            folder /= part;
        }
        for (const std::size_t length : {4095u, 4096u}) {
            const std::string name = std::string(length - folder.string().size() - 5, 'n') + ".tif";
            fs::copy_file(at("a.tif"), name);
            const auto slide = openSlide(folder / name);
            if (length > 4095) {
                QVERIFY(!slide);
                QVERIFY(slide.error().sentence().find("longer than the system allows") != std::string::npos);
                continue;
            }
            QVERIFY2(slide, slide ? "" : slide.error().sentence().c_str());
            QVERIFY((*slide)->readRegion(0, {10, 10, 10, 10}).has_value());
        }
        fs::current_path(before);
    }
    void aNameThatAWindowHasLostIsExplained() { verifyRefused(at("bad \uFFFD\uFFFD.svs"), "not UTF-8"); }

    void realFiles_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("expected"); // the vendor, or words of the sentence after "!"
        const auto row = [](const char* file, const char* expected) {
            QTest::newRow(file) << QString::fromUtf8(file) << QString::fromLatin1(expected);
        };
        row("CMU-1-Small-Region.svs", "aperio");
        row("pathml_smalltif.tif", "!16-bit grey");
        row("large_image/grey10kx5k.tif", "plain image");
        row("large_image/small_la.tiff", "plain image");
        row("large_image/test_orient1.tif", "generic-tiff");
        row("large_image/test_orient6.tif", "plain image");
        row("negative/multi-channel-z-series.ome.tif", "!3 channels, 5 focal planes");
        row("negative/truncated.jpg", "!incomplete");
        row("negative/zero_gi.tif", "!damaged");
        row("openslide-python/boxes-no-icc.png", "plain image");
        row("openslide-python/boxes.png", "plain image");
        row("openslide-python/boxes.tiff", "generic-tiff");
        row("openslide-python/small.svs", "aperio");
        row("openslide-python/unopenable.tiff", "!cannot be read");
        row("openslide-python/unreadable.svs", "aperio");
        row("openslide-python/\U0001f610.png", "plain image");
        row("openslide-python/\U0001f610.svs", "aperio");
        row("tiff/BigTIFF.tif", "plain image");
        row("tiff/BigTIFFMotorola.tif", "plain image");
        row("tiff/planar-rgb-u8.tif", "plain image");
        row("tiff/qupath_cells-1.jp2", "plain image");
        row("tiff/qupath_cells.jpg", "plain image");
        row("tiff/qupath_cells.ome.tif", "plain image");
        row("tiff/tiled-jpeg-rgb-u8.tif", "generic-tiff");
        row("tiff/tiled-jpeg-ycbcr.tif", "plain image");
        row("tiff/tiled-rgb-u8.tif", "generic-tiff");
    }
    void realFiles() {
        QFETCH(QString, file);
        QFETCH(QString, expected);
        SPOTGLASS_NEED_SHARED(folder, "data/slides");
        const fs::path path = folder / file.toStdString();
        if (expected.startsWith(QLatin1Char('!')))
            return verifyRefused(path, expected.mid(1).toUtf8().constData());
        QCOMPARE(vendorOf(path), expected.toStdString());
    }
    void noRealFileCrashesWhenCut_data() { realFiles_data(); }
    void noRealFileCrashesWhenCut() {
        QFETCH(QString, file);
        SPOTGLASS_NEED_SHARED(folder, "data/slides");
        const fs::path path = folder / file.toStdString(), cut = at("cut" + path.extension().string());
        for (int part = 1; part < 8; ++part) {
            copyCut(path, cut, fs::file_size(path) * static_cast<unsigned>(part) / 8);
            const auto slide = openSlide(cut); // a slide or an error, not a crash
            if (!slide)
                QVERIFY(!slide.error().sentence().empty());
            else
                static_cast<void>((*slide)->readRegion(0, {0, 0, 300, 300}));
        }
    }
    void theRealBoxesHaveTheColoursOfTheirPng() {
        SPOTGLASS_NEED_SHARED(folder, "data/slides/openslide-python");
        const auto slide = openSlide(folder / "boxes.tiff").value(),
                   picture = openSlide(folder / "boxes.png").value();
        QVERIFY(slide->readRegion(0, {0, 0, 300, 250})->pixels ==
                picture->readRegion(0, {0, 0, 300, 250})->pixels);
        const auto coarse = slide->readRegion(3, {0, 0, 37, 31}).value(); // narrower than its tile
        QVERIFY(difference(pixel(coarse, 16, 16),
                           pixel(picture->readRegion(0, {130, 130, 1, 1}).value(), 0, 0)) <= 4);
    }
};

QTEST_GUILESS_MAIN(TestOpenSlide)
#include "TestOpenSlide.moc"
