#include "ProfileFiles.h"
#include "Shared.h"
#include "SlideFiles.h"
#include "viewer/base/Files.h"
#include "viewer/slide/IccProfile.h"
#include "viewer/slide/OpenSlideSource.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

class TestIccProfile : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

    [[nodiscard]] static bool holds(const fs::path& path, const IccBytes& profile) {
        const auto read = readIccProfile(path);
        return read && *read && **read == profile;
    }
    [[nodiscard]] static bool holdsNone(const fs::path& path) {
        const auto read = readIccProfile(path);
        return read && !*read;
    }
    /// What is wrong, when it is the fault of the file and the sentence names it.
    [[nodiscard]] static std::string complaint(const fs::path& path) {
        const auto read = readIccProfile(path);
        if (read || read.error().kind != ErrorKind::BadInput || read.error().where != path.string())
            return {};
        return read.error().what;
    }
    static void overwrite(const fs::path& path, std::size_t place, const std::string& bytes) {
        std::string file = readFile(path).value();
        writeText(path, file.replace(place, bytes.size(), bytes));
    }

  private Q_SLOTS:
    void tiffsOfAllKindsGiveTheProfileOfTheLargestPicture() {
        const IccBytes profile = wideProfile();
        for (const char* mode : {"wl", "wb", "w8l", "w8b"}) {
            writeTiffWithProfile(at("a.tif"), mode, profile, srgbProfile());
            QVERIFY2(holds(at("a.tif"), profile), mode);
        }
        writeTiffWithProfile(at("b.tif"), "w", {}, srgbProfile());
        QVERIFY(holdsNone(at("b.tif")));
    }
    void pngs() {
        const IccBytes small = srgbProfile(), large = madeUpProfile(700'001);
        writePngWithChunk(at("small.png"), packedProfile(small));
        writePngWithChunk(at("large.png"), packedProfile(large));
        QVERIFY(holds(at("small.png"), small));
        QVERIFY(holds(at("large.png"), large));
        writePicture(at("none.png"), 8, 8, squares(4));
        QVERIFY(holdsNone(at("none.png")));
    }
    void jpegsWithTheProfileInOneOrSeveralPartsInAnyOrder() {
        const IccBytes whole = madeUpProfile(150'000);
        const IccBytes one(whole.begin(), whole.begin() + 65'000),
            two(whole.begin() + 65'000, whole.begin() + 130'000), three(whole.begin() + 130'000, whole.end());
        const std::string other = "MPF\0 is in the same kind of segment";
        writeJpegWithSegments(at("a.jpg"), {other, profilePart(1, 1, srgbProfile())});
        QVERIFY(holds(at("a.jpg"), srgbProfile()));
        writeJpegWithSegments(
            at("b.jpg"), {profilePart(1, 3, one), profilePart(2, 3, two), other, profilePart(3, 3, three)});
        QVERIFY(holds(at("b.jpg"), whole));
        writeJpegWithSegments(at("c.jpg"),
                              {profilePart(3, 3, three), profilePart(1, 3, one), profilePart(2, 3, two)});
        QVERIFY(holds(at("c.jpg"), whole));
        writeJpegWithSegments(at("none.jpg"), {other});
        QVERIFY(holdsNone(at("none.jpg")));
    }
    void otherFilesHaveNone() {
        writeText(at("a.txt"), "no picture at all");
        writeText(at("b.tif"), std::string("II*\0\xff\xff\xff\x7f", 8));
        writePicture(at("c.bmp"), 8, 8, squares(4));
        for (const char* name : {"a.txt", "b.tif", "c.bmp"})
            QVERIFY2(holdsNone(at(name)), name);
    }
    void missingAndEmptyFilesAreErrors() {
        writeText(at("empty.png"), "");
        QVERIFY(!complaint(at("missing.png")).empty());
        QVERIFY(!complaint(at("empty.png")).empty());
    }

    void damagedPngs() {
        const std::string packed = packedProfile(srgbProfile());
        writePngWithChunk(at("sum.png"), packed);
        overwrite(at("sum.png"), 60, "\x55\x55\x55\x55");
        QVERIFY(complaint(at("sum.png")).find("checksum") != std::string::npos);
        writePngWithChunk(at("short.png"), packed.substr(0, packed.size() / 2));
        QVERIFY(complaint(at("short.png")).find("unpacked") != std::string::npos);
        writePngWithChunk(at("method.png"), std::string("name\0\1", 6) + packed.substr(8));
        QVERIFY(complaint(at("method.png")).find("unknown way") != std::string::npos);
        for (const auto& content :
             {std::string("name"), std::string("name\0", 5), std::string("name\0\0", 6)}) {
            writePngWithChunk(at("empty.png"), content);
            QVERIFY(!complaint(at("empty.png")).empty());
        }
        writePngWithChunk(at("whole.png"), packed);
        copyCut(at("whole.png"), at("cut.png"), 80);
        QVERIFY(complaint(at("cut.png")).find("file ends") != std::string::npos);
    }
    void damagedJpegs() {
        const IccBytes one(40'000), two(200);
        const auto wrong = [&](const std::vector<std::string>& segments) {
            writeJpegWithSegments(at("wrong.jpg"), segments);
            return complaint(at("wrong.jpg"));
        };
        QVERIFY(wrong({profilePart(1, 3, one), profilePart(3, 3, two)}).find("missing") != std::string::npos);
        QVERIFY(wrong({profilePart(1, 2, one), profilePart(1, 2, two)}).find("fit") != std::string::npos);
        QVERIFY(wrong({profilePart(1, 2, one), profilePart(2, 3, two)}).find("fit") != std::string::npos);
        QVERIFY(wrong({profilePart(0, 0, one)}).find("fit") != std::string::npos);
        QVERIFY(wrong({profilePart(1, 1, {})}).find("too short") != std::string::npos);
        QVERIFY(!wrong({std::string("ICC_PROFILE\0", 12)}).empty());
        writeJpegWithSegments(at("whole.jpg"), {profilePart(1, 1, madeUpProfile(40'000))});
        copyCut(at("whole.jpg"), at("cut.jpg"), 20'000);
        QVERIFY(complaint(at("cut.jpg")).find("file ends") != std::string::npos);
    }
    void aTiffWhoseProfileLiesOutsideTheFile() {
        writeTiffWithProfile(at("a.tif"), "wl", wideProfile());
        const std::string file = readFile(at("a.tif")).value();
        const std::size_t entry = file.find(std::string("\x73\x87\x07\0", 4)); // the tag and its type
        QVERIFY(entry != std::string::npos);
        overwrite(at("a.tif"), entry + 8, "\xff\xff\xff\x7f");
        QVERIFY(complaint(at("a.tif")).find("outside the file") != std::string::npos);
    }
    void whatIsNoProfileOrNotAllOfOne() {
        IccBytes longer = srgbProfile(), other = srgbProfile(), tiny = srgbProfile();
        longer.resize(longer.size() - 1);
        other[36] = 'x';
        tiny[0] = tiny[1] = tiny[2] = 0;
        QVERIFY(checkIccHeader(srgbProfile()));
        for (const IccBytes& bad : {longer, other, tiny, IccBytes{}, IccBytes(131)}) {
            QVERIFY(!checkIccHeader(bad));
            writeTiffWithProfile(at("bad.tif"), "w", bad);
            QVERIFY(bad.empty() ? holdsNone(at("bad.tif")) : !complaint(at("bad.tif")).empty());
            writePngWithChunk(at("bad.png"), packedProfile(bad));
            QVERIFY(!complaint(at("bad.png")).empty());
        }
    }
    void hugeProfilesAreRefused() {
        const IccBytes huge = madeUpProfile(maxIccBytes + 1);
        writeTiffWithProfile(at("huge.tif"), "w", huge);
        writePngWithChunk(at("huge.png"), packedProfile(huge));
        writePngWithChunk(at("bomb.png"), packedProfile(IccBytes(60u << 20))); // small in the file
        QVERIFY(fs::file_size(at("bomb.png")) < 100'000);
        for (const char* name : {"huge.tif", "huge.png", "bomb.png"})
            QVERIFY2(complaint(at(name)).find("larger than 16 MiB") != std::string::npos, name);
        writeTiffWithProfile(at("most.tif"), "w", madeUpProfile(maxIccBytes));
        QVERIFY(holds(at("most.tif"), madeUpProfile(maxIccBytes)));
    }

    void realFiles() {
        SPOTGLASS_NEED_SHARED(folder, "data/slides");
        const auto png = readIccProfile(folder / "openslide-python/boxes.png");
        QVERIFY(png && *png);
        QCOMPARE((*png)->size(), std::size_t{588});
        QVERIFY(holds(folder / "openslide-python/boxes.tiff", **png));
        QVERIFY(holds(folder / "openslide-python/\xf0\x9f\x98\x90.png", **png));
        const auto jpeg = readIccProfile(folder / "negative/truncated.jpg"); // its head is whole
        QVERIFY(jpeg && *jpeg);
        QCOMPARE((*jpeg)->size(), std::size_t{564});
        for (const char* name : {"CMU-1-Small-Region.svs", "pathml_smalltif.tif",
                                 "openslide-python/boxes-no-icc.png", "tiff/BigTIFF.tif",
                                 "tiff/BigTIFFMotorola.tif", "tiff/qupath_cells.jpg", "negative/zero_gi.tif"})
            QVERIFY2(holdsNone(folder / name), name);
    }
    void aRealDicomSlideNeedsANewerOpenSlide() {
        SPOTGLASS_NEED_SHARED(slide, "data/slides/openslide-python/boxes_0.dcm");
        const auto profile = readIccProfile(slide);
        QVERIFY(profile);
        QCOMPARE(profile->has_value(), OpenSlideSource::readsDicom());
    }
};

QTEST_GUILESS_MAIN(TestIccProfile)
#include "TestIccProfile.moc"
