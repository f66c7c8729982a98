#include "CohortFiles.h"
#include "Shared.h"
#include "training/cohort/SpotFile.h"

#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

class TestSpotFile : public QObject {
    Q_OBJECT
    CohortFolder folder_;
    [[nodiscard]] Result<std::vector<CohortSpot>> read(const std::string& content) const {
        folder_.write("s.tsv", content);
        return readSpotFile(folder_.path() / "s.tsv");
    }

  private Q_SLOTS:
    void keepsOrderAndExactCentres() {
        const auto spots = read(goodSpots);
        QVERIFY2(spots.has_value(), qPrintable(sentence(spots)));
        QCOMPARE(spots->size(), std::size_t{4});
        QCOMPARE((*spots)[0], (CohortSpot{"4x5", 4, 5, {1000.5, 2000.25}}));
        QCOMPARE((*spots)[2].id, std::string("4x6"));
    }
    void columnsAreFoundByNameAndSelectedIsOptional() {
        const auto spots = read("pixel_y,\"x\",y,pixel_x\r\n20,1.6,2.4,1e1\r\n");
        QVERIFY2(spots.has_value(), qPrintable(sentence(spots)));
        QCOMPARE(spots->front(), (CohortSpot{"2x2", 2, 2, {10, 20}}));
    }
    void spotsThatAreNotSelectedAreLeftOut() {
        const auto spots = read(spotHeader + "1\t1\t1\t1\t5\t5\t0\n2\t1\t2\t1\t9\t5\t1\n");
        QCOMPARE(spots->size(), std::size_t{1});
        QCOMPARE(spots->front().id, std::string("2x1"));
    }
    void badFilesAreRefusedWithASentence_data() {
        QTest::addColumn<QString>("content");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const std::string& content, const char* says) {
            QTest::newRow(name) << qs(content) << qs(says);
        };
        row("no pixel_x", "x\ty\tpixel_y\n1\t1\t5\n", "the header has no column \"pixel_x\"");
        row("no x", "new_x\ty\tpixel_x\tpixel_y\n1\t1\t5\t5\n", "the header has no column \"x\"");
        row("header only", spotHeader, "a header but no spot");
        row("none selected", spotHeader + "1\t1\t1\t1\t5\t5\t0\n", "a header but no spot");
        row("short row", spotHeader + "1\t1\t1\t1\t5\t5\t1\n2\t1\t2\n",
            "line 3 has 3 cells, the header has 7");
        row("text", spotHeader + "1\tone\t1\t1\t5\t5\t1\n",
            "line 2 has \"one\" in the column y, which is not a number");
        row("NaN", spotHeader + "1\t1\t1\t1\tNaN\t5\t1\n",
            "\"NaN\" in the column pixel_x, which is not a number");
        row("far away", spotHeader + "1\t1\t1\t1\t1e9\t5\t1\n", "pixel_x, which is not a possible position");
        row("selected text", spotHeader + "1\t1\t1\t1\t5\t5\tyes\n", "\"yes\" in the column selected");
        row("twice", spotHeader + "1\t1\t1\t1\t5\t5\t1\n1\t1\t1\t1\t9\t9\t1\n",
            "spot 1x1 is there twice (lines 2 and 3)");
        row("blank lines", "\n\n", "has no header");
    }
    void badFilesAreRefusedWithASentence() {
        QFETCH(QString, content);
        QFETCH(QString, says);
        VERIFY_BAD_INPUT(read(content.toStdString()), "s.tsv: ", says);
    }
    void aMissingFileIsRefused() {
        VERIFY_BAD_INPUT(readSpotFile(folder_.path() / "none.tsv"), "none.tsv", "does not exist");
    }

    void idsAreRoundedArrayCoordinates() {
        QCOMPARE(parseSpotId("25x13").value(), std::pair(25, 13));
        QCOMPARE(parseSpotId("24.9x13.04").value(), std::pair(25, 13));
        QCOMPARE(parseSpotId("2.5x3.5").value(), std::pair(2, 4)); // halves to even
        for (const char* text : {"", "x", "25", "25x", "ax3", "1x2x3", "1e9x2"})
            QVERIFY2(!parseSpotId(text), text);
    }
    void theLatticeIsFittedThroughARotatedArray() {
        const LatticeAffine truth{280, -30, 100, 25, 290, 50};
        std::vector<CohortSpot> spots;
        for (int row = 3; row < 7; ++row)
            for (int column = 10; column < 15; ++column)
                spots.push_back({spotId(column, row), column, row, truth.toLevel0(column, row)});
        const auto fit = fitLattice(spots);
        QVERIFY(fit.has_value());
        for (const CohortSpot& s : spots) {
            QVERIFY(std::abs(fit->toLevel0(s.column, s.row).x - s.center.x) < 1e-8);
            QVERIFY(std::abs(fit->toLevel0(s.column, s.row).y - s.center.y) < 1e-8);
        }
        QVERIFY(std::abs(latticePitch(*fit) - std::sqrt(280.0 * 290 + 30 * 25)) < 1e-9);
    }
    void aLineOfSpotsHasNoLattice() {
        std::vector<CohortSpot> spots;
        QVERIFY(!fitLattice(spots));
        for (int i = 0; i < 6; ++i)
            spots.push_back({spotId(i, 2 * i), i, 2 * i, {i * 290.0, i * 580.0}});
        QVERIFY(!fitLattice(spots));
        for (CohortSpot& s : spots)
            s.row = 3;
        QVERIFY(!fitLattice(spots));
    }
    void readsThePublishedFile() {
        SPOTGLASS_NEED_SHARED(file, "data/her2st/ST-spotfiles/C2_selection.tsv");
        const auto spots = readSpotFile(file);
        QVERIFY2(spots.has_value(), qPrintable(sentence(spots)));
        QCOMPARE(spots->size(), std::size_t{187});
        QCOMPARE(spots->front(), (CohortSpot{"25x13", 25, 13, {6930.58, 3510.24}}));
    }
};

QTEST_GUILESS_MAIN(TestSpotFile)
#include "TestSpotFile.moc"
