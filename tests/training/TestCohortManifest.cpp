#include "VisiumFiles.h"

#include "Shared.h"

#include <fstream>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

const std::string header = "section,patient,image,spots,counts,mpp\n";

/// A legacy section in cohort/, a Space Ranger folder in visium/, and a matrix with positions apart.
void writeAll(const CohortFolder& folder) {
    folder.section("C2");
    writeVisium(folder, "visium/outs");
    folder.write("apart/positions.csv", goodPositions);
    writeTenxHdf5(folder.path() / "apart/m.h5");
    folder.write("slides/V2.svs", "not looked at here");
}

} // namespace

class TestCohortManifest : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void formsAreMixedAndPathsAreRelativeToTheManifest() {
        const CohortFolder folder;
        writeAll(folder);
        folder.write("manifest.csv",
                     header + "L1,P7,ST-imgs/C2.jpg,ST-spotfiles/C2_selection.tsv,ST-cnts/C2.tsv,0.69\n"
                              "V1,P8,,,visium/outs,\n"
                              "V2,,slides/V2.svs,apart/positions.csv,apart/m.h5,0.5\n");
        for (const fs::path& given : {folder.path(), folder.path() / "manifest.csv"}) {
            const auto cohort = readCohort(given);
            QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
            const auto& s = cohort->sections;
            QCOMPARE(s.size(), std::size_t{3});
            QCOMPARE(s[0].patient, std::string("P7"));
            QCOMPARE(s[0].micronsPerPixel.x, 0.69);
            QCOMPARE(s[0].scaleSource, ScaleSource::Manifest);
            QCOMPARE(s[0].array.geometry, ArrayGeometry::Square);
            QCOMPARE(s[0].spots.size(), std::size_t{4});
            QCOMPARE(s[1].image, folder.path() / "visium/outs/image.tif");
            QCOMPARE(s[1].scaleSource, ScaleSource::ArrayPitch);
            QCOMPARE(s[2].patient, std::string("V"));
            QCOMPARE(s[2].image, folder.path() / "slides/V2.svs");
            QCOMPARE(s[2].spots[0].id, std::string("AAA-1"));
            QCOMPARE(s[2].array.geometry, ArrayGeometry::Hexagonal);
            const auto contradicted = [](const std::string& w) {
                return w.find(
                           "V2: the manifest says 0.5 um per pixel, but the array pitch of 100 um gives ") ==
                       0;
            };
            QVERIFY(std::any_of(s[2].warnings.begin(), s[2].warnings.end(), contradicted));
            QCOMPARE(cohort->patients(), (std::vector<std::string>{"P7", "P8", "V"}));
        }
    }
    void columnsMayBeInAnyOrderAndMissing() {
        const CohortFolder folder;
        writeAll(folder);
        folder.write("mine.csv", "counts,note,section\nvisium/outs,first,V1\n");
        const auto cohort = readCohort(folder.path() / "mine.csv");
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        QCOMPARE(cohort->sections[0].name, std::string("V1"));
        folder.write("mine.csv",
                     "section\tspots\tcounts\nV1\tvisium\t\n"); // an outs folder alone, either column
        QVERIFY(readCohort(folder.path() / "mine.csv").has_value());
    }
    void badManifestsAreRefused_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const std::string& text, const char* says) {
            QTest::newRow(name) << qs(text) << qs(says);
        };
        row("no column section", "name,counts\nA,b\n",
            "this manifest has no column \"section\". A manifest begins with the line "
            "\"section,patient,image,spots,counts,mpp\"");
        row("no column counts", "section,spots\nA,b\n", "this manifest has no column \"counts\"");
        row("header alone", header, "this manifest names no section");
        row("short line", header + "V1,,,,visium/outs\n", "line 2 has 5 cells, the header has 6");
        row("no name", header + ",,,,visium/outs,\n", "line 2 has no section name");
        row("no counts", header + "V1,,slides/V2.svs,,,\n", "line 2 names no counts for section V1");
        row("two of one name", header + "V1,,,,visium/outs,\nV1,,,,apart/m.h5,\n",
            "section V1 is there twice (lines 2 and 3). Give every section a name of its own");
        row("scale", header + "V1,,,,visium/outs,fine\n", "line 2 has \"fine\" in the column mpp");
        row("impossible scale", header + "V1,,,,visium/outs,-1\n", "line 2 has \"-1\" in the column mpp");
    }
    void badManifestsAreRefused() {
        QFETCH(QString, text);
        QFETCH(QString, says);
        const CohortFolder folder;
        writeAll(folder);
        folder.write("manifest.csv", text.toStdString());
        VERIFY_BAD_INPUT(listCohort(folder.path()), "manifest.csv: ", says);
    }
    /// What is wrong with one section's files is said when that section is read, so that others can be.
    void aSectionsMissingFileIsItsOwnProblem_data() {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const char* line, const char* says) {
            QTest::newRow(name) << QString::fromUtf8(line) << QString::fromUtf8(says);
        };
        row("image", "L1,,none.jpg,ST-spotfiles/C2_selection.tsv,ST-cnts/C2.tsv,",
            "the image of section L1 does not exist. Check line 2 of the manifest");
        row("counts", "L1,,ST-imgs/C2.jpg,ST-spotfiles/C2_selection.tsv,none.tsv,",
            "the count file of section L1 does not exist");
        row("no spots", "L1,,ST-imgs/C2.jpg,,ST-cnts/C2.tsv,",
            "section L1 has a count table and no spot file");
        row("no image", "L1,,,ST-spotfiles/C2_selection.tsv,ST-cnts/C2.tsv,",
            "section L1 has a count table and no image");
        row("no positions", "L1,,,,apart/m.h5,", "section L1 has no tissue positions");
        row("unknown", "L1,,,,ST-imgs/C2.jpg,", "what counts names for section L1 is of no known form");
    }
    void aSectionsMissingFileIsItsOwnProblem() {
        QFETCH(QString, line);
        QFETCH(QString, says);
        const CohortFolder folder;
        writeAll(folder);
        folder.write("manifest.csv", header + line.toStdString() + "\nV1,,,,visium/outs,\n");
        VERIFY_BAD_INPUT(readCohort(folder.path()), folder.path().c_str(), says);
        QVERIFY(readCohort(folder.path(), {"V1"}).has_value());
    }
    void pathsThatAreNoCohortAreToldTheForms() {
        const CohortFolder folder;
        VERIFY_BAD_INPUT(readCohort(folder.path()), folder.path().c_str(),
                         "or a manifest (.csv: section, patient");
        VERIFY_BAD_INPUT(readCohort(folder.path() / "none"), "none", "this folder does not exist");
    }
    void publishedSectionsOfTwoFormsAreMixed() {
        SPOTGLASS_NEED_SHARED(shared, "data");
        const CohortFolder folder;
        const std::string st = (shared / "her2st").string(),
                          visium = (shared / "visium/scanpy_v1.0.0").string();
        folder.write("manifest.csv", header + "C2,C," + st + "/ST-imgs/C2.jpg," + st +
                                         "/ST-spotfiles/C2_selection.tsv," + st +
                                         "/ST-cnts/C2.tsv.gz,\nV1,V,,," + visium + ",\n");
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        QCOMPARE(cohort->sections[0].spots.size(), std::size_t{187});
        QCOMPARE(cohort->sections[1].spots.size(), std::size_t{100});
    }
};

QTEST_GUILESS_MAIN(TestCohortManifest)
#include "TestCohortManifest.moc"
