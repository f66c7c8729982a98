#include "VisiumFiles.h"

#include "Shared.h"
#include "training/cohort/HexagonalArray.h"
#include "training/cohort/SpaceRangerCohort.h"

#include <cmath>
#include <QtTest>
#include <set>

using namespace spotglass;
using namespace cohorttest;

namespace {

bool warns(const Section& section, const std::string& says) {
    return std::any_of(section.warnings.begin(), section.warnings.end(),
                       [&](const std::string& w) { return w.find(says) != std::string::npos; });
}

} // namespace

class TestSpaceRangerCohort : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void spotsAndCountsAreJoinedByBarcode() {
        const CohortFolder folder;
        // Positions in another order than the matrix.
        writeVisium(folder, "A1/outs",
                    "CCC-1,1,2,6,1000,2100.5\nTTT-1,0,3,7,1086.6,2150\nGGG-1,1,3,5,1086.6,2050\n"
                    "AAA-1,1,2,4,1000,2000\n");
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const Section& s = cohort->sections.at(0);
        QCOMPARE(s.name, std::string("A1"));
        QCOMPARE(s.patient, std::string("A"));
        QCOMPARE(s.image, folder.path() / "A1/outs/image.tif");
        QCOMPARE(s.spots.size(), std::size_t{3});                        // TTT is off tissue
        QCOMPARE(s.spots[0], (CohortSpot{"AAA-1", 1, 2, {2000, 1000}})); // x is the pixel's column
        QCOMPARE(s.spots[1], (CohortSpot{"CCC-1", 2, 2, {2100.5, 1000}}));
        QCOMPARE(s.spots[2], (CohortSpot{"GGG-1", 1, 3, {2050, 1086.6}}));
        QCOMPARE(s.genes, (std::vector<std::string>{"FN1", "ERBB2", "ACTB"})); // no antibody
        QCOMPARE(s.ensemblIds[0], std::string("ENSG00000115414"));
        QCOMPARE(s.counts.dense({0, 1, 2}), (std::vector<float>{1, 0, 2, 0, 3, 0, 0, 0, 0}));
        QVERIFY(warns(s, "1 spots of the matrix lie outside the tissue"));
        QVERIFY(warns(s, "1 measured features are no genes (Antibody Capture)"));
        QCOMPARE(cohort->array.geometry, ArrayGeometry::Hexagonal);
        QCOMPARE(cohort->array.pitchMicrons, 100.0);
        QCOMPARE(s.scaleSource, ScaleSource::ArrayPitch);
        QVERIFY(std::abs(s.micronsPerPixel.x - 1) < 0.01);
    }
    /// The six spots around one are its neighbours in the 3 x 3 window, and no two spots share a place.
    void axialCoordinatesKeepNeighboursTogether() {
        const AxialPlace centre = axialPlace(10, 20);
        const std::vector<std::pair<int, int>> around = {{10, 22}, {10, 18}, {11, 21},
                                                         {11, 19}, {9, 21},  {9, 19}};
        std::set<std::pair<int, int>> steps;
        for (const auto& [row, column] : around) {
            const AxialPlace place = axialPlace(row, column);
            steps.insert({place.column - centre.column, place.row - centre.row});
        }
        QCOMPARE(steps, (std::set<std::pair<int, int>>{{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, -1}, {-1, 1}}));
        std::set<std::pair<int, int>> places;
        for (int row = 0; row < 78; ++row)
            for (int column = row % 2; column < 128; column += 2)
                places.insert({axialPlace(row, column).column, axialPlace(row, column).row});
        QCOMPARE(places.size(), std::size_t{4992});
    }
    void thePitchOfAHexagonalLatticeIsTheDistanceOfNeighbours() {
        std::vector<CohortSpot> spots;
        for (int row = 0; row < 6; ++row)
            for (int column = row % 2; column < 12; column += 2) {
                const AxialPlace place = axialPlace(row, column);
                spots.push_back({"", place.column, place.row, {column * 50.0, row * 50.0 * std::sqrt(3.0)}});
            }
        const auto lattice = fitLattice(spots);
        QVERIFY(std::abs(arrayPitch(*lattice, ArrayGeometry::Hexagonal) - 100) < 1e-9);
        const Level0Point there = lattice->toLevel0(spots[7].column, spots[7].row); // linear in pixels
        QVERIFY(std::abs(there.x - spots[7].center.x) < 1e-9 && std::abs(there.y - spots[7].center.y) < 1e-9);
        QCOMPARE(arrayPitch({3, 0, 0, 0, 3, 0}, ArrayGeometry::Square), 3.0);
    }
    void positionsWithAndWithoutHeaderAreRead() {
        const CohortFolder folder;
        folder.write("tissue_positions_list.csv", positionHeader + goodPositions); // the name says nothing
        folder.write("tissue_positions.csv", goodPositions);
        for (const char* name : {"tissue_positions_list.csv", "tissue_positions.csv"}) {
            const auto positions = readTissuePositions(folder.path() / name);
            QVERIFY2(positions.has_value(), qPrintable(sentence(positions)));
            QCOMPARE(positions->size(), std::size_t{4});
            QCOMPARE(positions->at(1).barcode, std::string("CCC-1"));
            QCOMPARE(positions->at(1).center, (Level0Point{2100.5, 1000}));
            QVERIFY(positions->at(1).inTissue && !positions->at(3).inTissue);
        }
    }
    void badPositionsAreRefused_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const std::string& text, const char* says) {
            QTest::newRow(name) << qs(text) << qs(says);
        };
        row("header alone", positionHeader, "this file has no spots");
        row("short", "AAA-1,1,2,4,1000\n", "line 1 has 5 cells, not six");
        row("text", "AAA-1,1,2,4,1000,many\n", "line 1 has \"many\" where a pixel position belongs");
        row("fraction", "AAA-1,1,2.5,4,1000,1\n", "line 1 has \"2.5\" where a whole number belongs");
        row("twice", goodPositions + "AAA-1,1,8,8,1,1\n", "barcode AAA-1 is there twice (lines 1 and 5)");
        row("place twice", goodPositions + "XXX-1,1,2,4,1,1\n",
            "array place (2, 4) is there twice (lines 1 and 5)");
        row("square", "AAA-1,1,2,5,1000,1\n", "(2, 5), which no hexagonal array has");
    }
    void badPositionsAreRefused() {
        QFETCH(QString, text);
        QFETCH(QString, says);
        const CohortFolder folder;
        folder.write("p.csv", text.toStdString());
        VERIFY_BAD_INPUT(readTissuePositions(folder.path() / "p.csv"), "p.csv: ", says);
    }
    void withoutImageTheSmallOneServes() {
        const CohortFolder folder;
        writeVisium(folder, "A1/outs");
        fs::remove(folder.path() / "A1/outs/image.tif");
        VERIFY_BAD_INPUT(readCohort(folder.path()), "tissue_hires_image.png", "section A1 has no image");
        folder.write("A1/outs/spatial/tissue_hires_image.png", "not looked at here");
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const Section& s = cohort->sections[0];
        QCOMPARE(s.image.filename().string(), std::string("tissue_hires_image.png"));
        QCOMPARE(s.spots[1].center, (Level0Point{210.05, 100}));
        QVERIFY(std::abs(s.micronsPerPixel.x - 10) < 0.1);
        QVERIFY(warns(s, "10 times coarser"));
        folder.write("A1/outs/spatial/scalefactors_json.json", "{}");
        VERIFY_BAD_INPUT(readCohort(folder.path()), "scalefactors_json.json",
                         "has no usable \"tissue_hires_scalef\"");
    }
    void imagesAreLookedForAroundTheOutputs() {
        const CohortFolder folder;
        writeVisium(folder, "A1/outs");
        fs::rename(folder.path() / "A1/outs/image.tif", folder.path() / "A1/slide.svs");
        QCOMPARE(readCohort(folder.path())->sections[0].image, folder.path() / "A1/slide.svs");
        fs::rename(folder.path() / "A1/slide.svs", folder.path() / "A1.svs");
        QCOMPARE(readCohort(folder.path())->sections[0].image, folder.path() / "A1.svs");
        folder.write("A1/one.tif", "x");
        folder.write("A1/two.tif", "x");
        VERIFY_BAD_INPUT(readCohort(folder.path()), "A1", "several images lie in the folder of section A1");
    }
    void whatIsMissingOrDoesNotFitIsSaid() {
        const CohortFolder folder;
        writeVisium(folder, "A1");
        writeVisium(folder, "B1", "XXX-1,1,2,4,1,1\nYYY-1,1,2,6,1,9\n");
        VERIFY_BAD_INPUT(
            readCohort(folder.path(), {"B1"}), "filtered_feature_bc_matrix.h5",
            "no barcode of this matrix is in tissue_positions_list.csv (the first is AAA-1 here and "
            "XXX-1 there)");
        fs::remove(folder.path() / "B1/filtered_feature_bc_matrix.h5");
        VERIFY_BAD_INPUT(readCohort(folder.path()), "B1", "section B1 has no count matrix");
        QVERIFY(readCohort(folder.path(), {"A1"}).has_value());
        fs::remove(folder.path() / "A1/spatial/tissue_positions_list.csv");
        VERIFY_BAD_INPUT(readCohort(folder.path() / "A1"), "A1", "section A1 has no tissue positions");
        fs::create_directories(folder.path() / "C1/binned_outputs");
        VERIFY_BAD_INPUT(readCohort(folder.path() / "C1"), "C1",
                         "section C1 is of Visium HD, which cannot be read");
    }
    void repeatedSymbolsAreAddedUp() {
        const CohortFolder folder;
        TenxParts parts;
        parts.symbols = {"FN1", "FN1", "", "CD3"};
        writeVisium(folder, "A1", goodPositions, parts);
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const Section& s = cohort->sections[0];
        QCOMPARE(s.genes, (std::vector<std::string>{"FN1", "ENSG00000075624"}));
        QCOMPARE(s.counts.dense({0, 1}), (std::vector<float>{1, 2, 3, 0, 0, 0}));
        QCOMPARE(s.repeatedGenes, std::size_t{1});
        QVERIFY(warns(s, "1 gene columns repeat a symbol; their counts are added up"));
        QVERIFY(warns(s, "1 genes have no symbol and go by their id"));
    }
    void publishedSectionsAreRead() {
        SPOTGLASS_NEED_SHARED(folder, "data/visium");
        const auto seurat = readCohort(folder / "seurat_visium"); // Space Ranger 1
        QVERIFY2(seurat.has_value(), qPrintable(sentence(seurat)));
        const Section& s = seurat->sections.at(0);
        QCOMPARE(s.spots.size(), std::size_t{2695});
        QCOMPARE(s.genes.size(), std::size_t{100});
        QCOMPARE(s.spots[0].id, std::string("AAACAAGTATCTCCCA-1"));
        // Pitch 138 px of full resolution, hires scale 0.172: the spot diameter of 89.5 px is 65 um.
        QVERIFY(std::abs(s.micronsPerPixel.x * 0.17211704 - 65 / 89.47) < 0.01);
        for (const CohortSpot& spot : s.spots) {
            const Level0Point fitted = s.latticeToLevel0->toLevel0(spot.column, spot.row);
            QVERIFY(std::hypot(fitted.x - spot.center.x, fitted.y - spot.center.y) < 0.5);
        }
        const auto withHeader = readCohort(folder / "SpatialFeatureExperiment_sample01"); // Space Ranger 2
        QVERIFY2(withHeader.has_value(), qPrintable(sentence(withHeader)));
        QCOMPARE(withHeader->sections[0].spots.size(), std::size_t{12});
        QVERIFY(readTissuePositions(folder / "squidpy_tissue_positions_list_subset.csv")->size() == 100);
    }
};

QTEST_GUILESS_MAIN(TestSpaceRangerCohort)
#include "TestSpaceRangerCohort.moc"
