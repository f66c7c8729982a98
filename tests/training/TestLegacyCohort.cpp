#include "CohortFiles.h"
#include "Shared.h"

#include <QElapsedTimer>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

bool warns(const std::vector<std::string>& warnings, const char* says) {
    return std::any_of(warnings.begin(), warnings.end(),
                       [&](const std::string& w) { return w.find(says) != std::string::npos; });
}

float countAt(const Section& section, std::size_t spot, const char* gene) {
    return section.counts.dense({section.geneColumn(gene).value()})[spot];
}

} // namespace

class TestLegacyCohort : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void joinsCountsWithSpotsInTheOrderOfTheCounts() {
        const CohortFolder folder;
        folder.section("C2");
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const Section& s = cohort->sections.at(0);
        QCOMPARE(s.name, std::string("C2"));
        QCOMPARE(s.patient, std::string("C"));
        QCOMPARE(s.image, folder.path() / "ST-imgs/C2.jpg");
        QCOMPARE(s.genes, (std::vector<std::string>{"FN1", "ERBB2", "ACTB"}));
        QCOMPARE(s.spots.at(0), (CohortSpot{"5x6", 5, 6, {1290.5, 2290.25}}));
        QCOMPARE(s.counts.dense({0, 1, 2}), (std::vector<float>{1, 0, 3, 0, 7, 2, 4, 0, 0, 0, 0, 9}));
        QCOMPARE(s.counts.dense({2, 0}), (std::vector<float>{3, 1, 2, 0, 0, 4, 9, 0}));
        QCOMPARE(s.counts.geneTotals(), (std::vector<double>{5, 7, 14}));
        QVERIFY(!s.geneColumn("KRT8"));
    }
    void theScaleIsDerivedFromThePitchAndSaysSo() {
        const CohortFolder folder;
        folder.section("C2");
        const Section s = readCohort(folder.path())->sections.at(0);
        QCOMPARE(s.scaleSource, ScaleSource::ArrayPitch);
        QVERIFY(std::abs(s.micronsPerPixel.x - 200.0 / 290) < 1e-12);
        QCOMPARE(s.micronsPerPixel.x, s.micronsPerPixel.y);
        QVERIFY(warns(s.warnings, "0.6897 um per pixel derived from the array pitch of 200 um"));
        QCOMPARE(s.latticeToLevel0->toLevel0(4, 5), (Level0Point{1000.5, 2000.25}));
    }
    void theScaleOfTheCohortFileWins() {
        const CohortFolder folder;
        folder.section("C2");
        folder.write("cohort.json",
                     R"({"microns_per_pixel": [0.69, 0.7], "spot_diameter_um": 55, "array": "hexagonal"})");
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        QCOMPARE(cohort->sections[0].micronsPerPixel, (MicronsPerPixel{0.69, 0.7}));
        QCOMPARE(cohort->sections[0].scaleSource, ScaleSource::CohortFile);
        QCOMPARE(cohort->array.geometry, ArrayGeometry::Hexagonal);
        QCOMPARE(cohort->array.diameterMicrons, 55.0);
        QCOMPARE(cohort->array.pitchMicrons, 200.0);
        QVERIFY(cohort->warnings.empty());
    }
    void aScaleThatDoesNotFitTheArrayIsWarnedAbout() {
        const CohortFolder folder;
        folder.section("C2");
        folder.write("cohort.json", R"({"microns_per_pixel": 0.25})");
        QVERIFY(warns(readCohort(folder.path())->warnings,
                      "says 0.25 um per pixel, but the array pitch of 200 um gives 0.69"));
    }
    void spotsOnOneLineLeaveTheScaleUnknown() {
        const CohortFolder folder;
        folder.section("C2", "\tFN1\n1x1\t1\n2x1\t2\n3x1\t3\n",
                       spotHeader + "1\t1\t1\t1\t10\t10\t1\n2\t1\t2\t1\t20\t10\t1\n3\t1\t3\t1\t30\t10\t1\n");
        const Section s = readCohort(folder.path())->sections.at(0);
        QCOMPARE(s.scaleSource, ScaleSource::Unknown);
        QVERIFY(!s.micronsPerPixel.isValid());
        QVERIFY(warns(s.warnings, "no scale is known"));
    }
    void spotsInOneTableOnlyAreLeftOutAndCounted() {
        const CohortFolder folder;
        folder.section("C2", goodCounts + "9x9\t1\t1\t1\n8x9\t1\t1\t1\n",
                       goodSpots + "7\t7\t7\t7\t1\t1\t1\n");
        const Section s = readCohort(folder.path())->sections.at(0);
        QCOMPARE(s.spots.size(), std::size_t{4});
        QVERIFY(warns(s.warnings,
                      "2 spots have counts but no position under tissue and 1 a position but no counts"));
    }
    void tablesAsOtherProgramsWriteThemAreRead() {
        const CohortFolder folder;
        // Windows lines, quotes, scientific notation, a header without its first cell, decimals in the ids.
        folder.section("C2", "\"FN1\"\t\"ERBB2\"\r\n\"4.02x4.98\"\t1e3\t2.0\r\n\"5x5\"\t0\t5E+1\r\n");
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const Section& s = cohort->sections[0];
        QCOMPARE(s.genes, (std::vector<std::string>{"FN1", "ERBB2"}));
        QCOMPARE(s.spots[0].id, std::string("4x5"));
        QCOMPARE(s.counts.dense({0, 1}), (std::vector<float>{1000, 2, 0, 50}));
    }
    void repeatedGenesAreAddedUp() {
        const CohortFolder folder;
        folder.section("C2", "\tFN1\tACTB\tFN1\n4x5\t1\t2\t3\n5x5\t0\t0\t5\n");
        const Section s = readCohort(folder.path())->sections.at(0);
        QCOMPARE(s.genes, (std::vector<std::string>{"FN1", "ACTB"}));
        QCOMPARE(s.counts.dense({0, 1}), (std::vector<float>{4, 2, 5, 0}));
        QVERIFY(warns(s.warnings, "1 gene columns repeat a symbol"));
    }
    void sectionsComeByNumberOrAsAskedFor() {
        const CohortFolder folder;
        for (const char* name : {"C10", "C2", "B3"})
            folder.section(name);
        const auto names = [](const Cohort& cohort) {
            std::string all;
            for (const Section& s : cohort.sections)
                all += s.name + " ";
            return all;
        };
        const auto all = readCohort(folder.path());
        QCOMPARE(names(*all), std::string("B3 C2 C10 "));
        QCOMPARE(all->patients(), (std::vector<std::string>{"B", "C"}));
        QVERIFY(all->find("C2") == &all->sections[1]);
        QVERIFY(all->find("C3") == nullptr);
        QCOMPARE(names(*readCohort(folder.path(), {"C10", "B3"})), std::string("C10 B3 "));
        VERIFY_BAD_INPUT(readCohort(folder.path(), {"C2", "Z9"}), folder.path().c_str(),
                         "this cohort has no section Z9");
    }
    void compressedTablesAndOtherImagesAreFound() {
        const CohortFolder folder;
        folder.write("ST-imgs/C2.tif", "x");
        folder.write("ST-imgs/C3.jpg", "an image alone is left out");
        folder.write("ST-cnts/C2.tsv.gz", gzipped(goodCounts));
        folder.write("ST-spotfiles/C2_selection.tsv.gz", gzipped(goodSpots));
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        QCOMPARE(cohort->sections.size(), std::size_t{1});
        QCOMPARE(cohort->sections[0].image.filename().string(), std::string("C2.tif"));
    }
    void namesAsOtherCohortsWerePublishedWithAreFound() {
        const CohortFolder folder;
        folder.write("ST-imgs/HE_BC23209_D1.jpg", "x");
        folder.write("ST-cnts/BC23209_D1_stdata.tsv.gz", gzipped("\tENSG00000115414.18\n4x5\t3\n5x5\t1\n"));
        folder.write("ST-spotfiles/spots_BC23209_D1.csv", ",X,Y\n4x5,100,200\n5x5,390,200\n5x6,390,490\n");
        folder.write("ST-imgs/GSM42_P2_ST_rep1.jpg", "x");
        folder.write("ST-cnts/GSM42_P2_ST_rep1_stdata.tsv", goodCounts);
        folder.write("ST-spotfiles/GSM42_spot_data-selection-P2_ST_rep1.tsv", goodSpots);
        folder.section("A1");
        fs::remove(folder.path() / "ST-imgs/A1.jpg");
        folder.write("ST-imgs/A/A1/HE_BT23269_D1_v0.2_1k.jpg", "x"); // her2st's own folders
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        QCOMPARE(cohort->sections.size(), std::size_t{3});
        const Section* d1 = cohort->find("BC23209_D1");
        QVERIFY(d1 && cohort->find("P2_ST_rep1"));
        QCOMPARE(d1->spots.at(1), (CohortSpot{"5x5", 5, 5, {390, 200}}));
        QCOMPARE(d1->genes, (std::vector<std::string>{"ENSG00000115414"}));
        QCOMPARE(d1->ensemblIds, d1->genes);
        QCOMPARE(cohort->find("A1")->image.filename().string(), std::string("HE_BT23269_D1_v0.2_1k.jpg"));
    }
    void hexagonalTablesGetAxialCoordinates() {
        const CohortFolder folder;
        folder.write("cohort.json", R"({"array": "hexagonal", "spot_pitch_um": 100})");
        // Columns in half steps: neighbours in a row are two apart, 100 pixels.
        folder.section("C2", "\tFN1\n4x2\t1\n6x2\t1\n5x3\t1\n",
                       spotHeader + "4\t2\t4\t2\t100\t100\t1\n6\t2\t6\t2\t200\t100\t1\n"
                                    "5\t3\t5\t3\t150\t186.60254\t1\n");
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const Section& s = cohort->sections[0];
        QCOMPARE(s.spots.at(2), (CohortSpot{"5x3", 1, 3, {150, 186.60254}}));
        QVERIFY(std::abs(s.micronsPerPixel.x - 1) < 1e-6);
    }
    void cancelledBeforeTheFirstSection() {
        const CohortFolder folder;
        folder.section("C2");
        const CancelToken token;
        token.cancel();
        QCOMPARE(readCohort(folder.path(), {}, token).error().exitCode(), 5);
    }
    void patientsAreTheLeadingLetters() {
        QCOMPARE(patientOf("C2"), std::string("C"));
        QCOMPARE(patientOf("BC23209_D1"), std::string("BC"));
        QCOMPARE(patientOf("23A"), std::string("23A"));
    }

    void foldersThatAreNoCohort() {
        const CohortFolder folder;
        VERIFY_BAD_INPUT(readCohort(folder.path() / "none"), "none", "this folder does not exist");
        VERIFY_BAD_INPUT(readCohort(folder.path()), folder.path().c_str(), "this folder has no sections");
        folder.write("file", "x");
        VERIFY_BAD_INPUT(readCohort(folder.path() / "file"), "file", "this is not a folder");
    }
    void sectionsWithAFileMissing() {
        for (const auto& [missing, expected, says] :
             {std::tuple("ST-imgs/C2.jpg", "ST-imgs/C2.jpg", "section C2 has no image"),
              std::tuple("ST-cnts/C2.tsv", "ST-cnts/C2.tsv.gz", "section C2 has no count file"),
              std::tuple("ST-spotfiles/C2_selection.tsv", "ST-spotfiles/C2_selection.tsv",
                         "section C2 has no spot file")}) {
            const CohortFolder folder;
            folder.section("C2");
            fs::remove(folder.path() / missing);
            VERIFY_BAD_INPUT(readCohort(folder.path()), expected, says);
        }
    }
    void badCountsAreRefusedWithASentence_data() {
        QTest::addColumn<QString>("counts");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const char* counts, const char* says) {
            QTest::newRow(name) << qs(counts) << qs(says);
        };
        row("empty", "", "this file is empty");
        row("blank", "\n\n", "this file has no header");
        row("no genes", "spot\n4x5\n", "the header has no gene columns");
        row("header only", "\tFN1\tACTB\n", "a header but no spots");
        row("gene without name", "\tFN1\t\tACTB\n4x5\t1\t2\t3\n", "column 3 of the header has no gene name");
        row("short row", "\tFN1\tACTB\n4x5\t1\t2\n5x5\t1\n", "line 3 has 2 cells, the header has 3");
        row("long row", "\tFN1\tACTB\n4x5\t1\t2\n5x5\t1\t2\t3\n", "line 3 has 4 cells, the header has 3");
        row("text", "\tFN1\tACTB\n4x5\t1\tmany\n",
            "line 2 has the count \"many\" for spot 4x5 and gene ACTB, which is not a number");
        row("missing", "\tFN1\tACTB\n4x5\t\t2\n",
            "line 2 has the count \"\" for spot 4x5 and gene FN1, which is missing");
        row("negative", "\tFN1\tACTB\n4x5\t1\t-2\n",
            "line 2 has the count \"-2\" for spot 4x5 and gene ACTB, which is negative");
        row("NaN", "\tFN1\tACTB\n4x5\tnan\t2\n", "\"nan\" for spot 4x5 and gene FN1, which is not a number");
        row("infinite", "\tFN1\tACTB\n4x5\tinf\t2\n",
            "\"inf\" for spot 4x5 and gene FN1, which is not a number");
        row("fractional", "\tFN1\tACTB\n4x5\t1\t2.5\n",
            "\"2.5\" for spot 4x5 and gene ACTB, which is not a whole number. Give the raw counts");
        row("twice", "\tFN1\n4x5\t1\n5x5\t1\n4x5\t1\n", "spot 4x5 is there twice (lines 2 and 4)");
        row("twice, rounded", "\tFN1\n4x5\t1\n4.1x5\t1\n", "spot 4x5 is there twice");
        row("other section", "\tFN1\n40x50\t1\n",
            "no spot of this file is in C2_selection.tsv (the first is 40x50 here and 4x5 there)");
        row("other ids", "\tFN1\nAAACCTG-1\t1\n", "the first is AAACCTG-1 here and 4x5 there");
    }
    void badCountsAreRefusedWithASentence() {
        QFETCH(QString, counts);
        QFETCH(QString, says);
        const CohortFolder folder;
        folder.section("C2", counts.toStdString());
        VERIFY_BAD_INPUT(readCohort(folder.path()), "C2.tsv: ", says);
    }
    void truncatedCountsAreRefused() {
        const CohortFolder folder;
        folder.section("C2");
        fs::remove(folder.path() / "ST-cnts/C2.tsv");
        const std::string whole = gzipped(goodCounts);
        folder.write("ST-cnts/C2.tsv.gz", whole.substr(0, whole.size() - 12));
        VERIFY_BAD_INPUT(readCohort(folder.path()), "C2.tsv.gz: ", "end too early or are damaged");
    }
    /// A table of several reads, cut in the middle: the spots before the cut must not pass for the section.
    void aLargeTableCutInTheMiddleIsRefused() {
        std::string counts;
        for (int gene = 0; gene < 2000; ++gene)
            counts += "\tGENE" + std::to_string(gene);
        counts += '\n';
        std::uint32_t random = 1;
        for (int spot = 0; spot < 200; ++spot) {
            counts += std::to_string(spot % 20) + 'x' + std::to_string(spot / 20);
            for (int gene = 0; gene < 2000; ++gene)
                counts += '\t' + std::to_string((random = random * 1664525 + 1013904223) >> 22);
            counts += '\n';
        }
        const CohortFolder folder;
        folder.section("C2");
        fs::remove(folder.path() / "ST-cnts/C2.tsv");
        const std::string whole = gzipped(counts);
        folder.write("ST-cnts/C2.tsv.gz", whole.substr(0, whole.size() / 2));
        VERIFY_BAD_INPUT(readCohort(folder.path()), "C2.tsv.gz: ", "end too early or are damaged");
    }
    void aBadSpotFileNamesItself() {
        const CohortFolder folder;
        folder.section("C2", goodCounts, "x\ty\n1\t1\n");
        VERIFY_BAD_INPUT(readCohort(folder.path()), "C2_selection.tsv: ", "no column \"pixel_x\"");
    }
    void badCohortFilesAreRefusedWithASentence_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("says");
        QTest::newRow("no JSON") << qs("{") << qs("is not a JSON object");
        QTest::newRow("list") << qs("[]") << qs("is not a JSON object");
        QTest::newRow("text") << qs(R"({"microns_per_pixel": "0.69"})")
                              << qs("\"microns_per_pixel\" is \"0.69\", which is not");
        QTest::newRow("zero") << qs(R"({"microns_per_pixel": 0})") << qs("not a number above zero");
        QTest::newRow("three") << qs(R"({"microns_per_pixel": [1, 1, 1]})") << qs("not a number above zero");
        QTest::newRow("pitch") << qs(R"({"spot_pitch_um": -200})") << qs("\"spot_pitch_um\" is -200");
        QTest::newRow("array") << qs(R"({"array": "round"})") << qs("not \"square\" or \"hexagonal\"");
    }
    void badCohortFilesAreRefusedWithASentence() {
        QFETCH(QString, text);
        QFETCH(QString, says);
        const CohortFolder folder;
        folder.section("C2");
        folder.write("cohort.json", text.toStdString());
        VERIFY_BAD_INPUT(readCohort(folder.path()), "cohort.json: ", says);
    }

    void spotsOutsideTheImageAreLeftOut() {
        const CohortFolder folder;
        folder.section("C2");
        Section s = readCohort(folder.path())->sections.at(0);
        QCOMPARE(leaveOutSpotsOutside(s, 1300, 2300).value(), std::size_t{0});
        QCOMPARE(leaveOutSpotsOutside(s, 1290, 2300).value(), std::size_t{2});
        QCOMPARE(s.spots.size(), std::size_t{2});
        QCOMPARE(s.spots[0].id, std::string("4x5"));
        QCOMPARE(s.counts.dense({0, 1, 2}), (std::vector<float>{0, 7, 2, 0, 0, 9}));
        QVERIFY(warns(s.warnings, "2 of the 4 spots of section C2 lie outside the image"));
    }
    void moreThanHalfOutsideIsTheWrongImage() {
        const CohortFolder folder;
        folder.section("C2");
        Section s = readCohort(folder.path())->sections.at(0);
        VERIFY_BAD_INPUT(leaveOutSpotsOutside(s, 1100, 2100), "C2.jpg",
                         "3 of the 4 spots of section C2 lie outside this image (1100 x 2100 pixels)");
        QCOMPARE(s.spots.size(), std::size_t{4});
    }
    void readsThePublishedSections() {
        SPOTGLASS_NEED_SHARED(folder, "data/her2st");
        QElapsedTimer timer;
        timer.start();
        const auto cohort = readCohort(folder);
        const qint64 elapsed = timer.elapsed();
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        QCOMPARE(cohort->sections.size(), std::size_t{4});
        const std::size_t spots[] = {187, 180, 184, 181}, genes[] = {15706, 15821, 15842, 15721};
        for (std::size_t i = 0; i < 4; ++i) {
            const Section& s = cohort->sections[i];
            QCOMPARE(s.spots.size(), spots[i]);
            QCOMPARE(s.genes.size(), genes[i]);
            QVERIFY(std::abs(s.micronsPerPixel.x - 0.69) < 0.01);
            QCOMPARE(leaveOutSpotsOutside(const_cast<Section&>(s), 9270, 9900).value(), std::size_t{0});
        }
        QVERIFY(warns(cohort->warnings, "C4: 3 spots have a position under tissue but no counts"));
        const Section& c2 = cohort->sections[0];
        QCOMPARE(c2.spots[1].id, std::string("10x22"));
        QCOMPARE(countAt(c2, 1, "FO538757.1"), 1.0f);
        // 0.1 s a section by itself; the rest is for a busy machine and sanitizers.
        QVERIFY2(elapsed < 8000, qPrintable(QString::number(elapsed)));
    }
};

QTEST_GUILESS_MAIN(TestLegacyCohort)
#include "TestLegacyCohort.moc"
