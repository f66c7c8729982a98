#include "inference/engine/SpotGrid.h"

#include <map>
#include <QtTest>
#include <set>

using namespace spotglass;

namespace {

GridSettings slide(double pitch = 0) {
    return {20000, 12000, {0.5, 0.5}, 200, 2000, pitch};
} // 50 x 30 spots, windows of 10

auto everywhere = [](Level0Point) { return true; };

} // namespace

class TestSpotGrid : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void everySpotBelongsToExactlyOneWindow_data() {
        QTest::addColumn<double>("pitch");
        QTest::addColumn<int>("columns");
        QTest::newRow("own pitch") << 0.0 << 50;
        QTest::newRow("half") << 100.0 << 100;
        QTest::newRow("third") << 66.667 << 150;
    }
    void everySpotBelongsToExactlyOneWindow() {
        QFETCH(double, pitch);
        QFETCH(int, columns);
        const auto grid = SpotGrid::plan(slide(pitch));
        QVERIFY(grid.has_value());
        QCOMPARE(grid->columns(), columns);
        std::map<std::pair<int, int>, int> owners;
        for (const auto& window : grid->windows(everywhere))
            for (const auto& spot : window.spots)
                ++owners[{spot.column, spot.row}];
        QCOMPARE(owners.size(),
                 static_cast<std::size_t>(grid->columns()) * static_cast<std::size_t>(grid->rows()));
        for (const auto& [spot, count] : owners)
            QCOMPARE(count, 1);
    }
    void aSpotBelongsToTheWindowWhoseCentreIsNearest() {
        const auto grid = SpotGrid::plan(slide());
        const auto windows = grid->windows(everywhere);
        for (const auto& window : windows)
            for (const auto& spot : window.spots) {
                const auto distance = [&](const GridWindow& w) {
                    return std::max(std::abs(w.owned.center().x - spot.center.x),
                                    std::abs(w.owned.center().y - spot.center.y));
                };
                for (const auto& other : windows)
                    QVERIFY(distance(window) <= distance(other) + 1e-6);
            }
    }
    void contextIsOneTrainingSectionWide() {
        const auto grid = SpotGrid::plan(slide());
        for (const auto& window : grid->windows(everywhere)) {
            int left = 1000, right = 0;
            for (const auto& spot : window.context) {
                left = std::min(left, spot.column);
                right = std::max(right, spot.column);
            }
            QVERIFY(right - left + 1 <= 12);
            if (left > 0 && right < 49) QVERIFY(right - left + 1 >= 10);
            for (std::size_t i = 0; i < window.spots.size(); ++i)
                QCOMPARE(window.context[window.tokenOf[i]].center, window.spots[i].center);
        }
    }
    void glassIsNotPlanned() {
        const auto grid = SpotGrid::plan(slide());
        const auto left = [](Level0Point p) { return p.x < 5000; };
        std::size_t spots = 0;
        for (const auto& window : grid->windows(left)) {
            spots += window.spots.size();
            for (const auto& spot : window.context)
                QVERIFY(left(spot.center));
        }
        QCOMPARE(spots, std::size_t(12 * 30)); // centres at 200, 600, ... 4600
        QVERIFY(grid->windows([](Level0Point) { return false; }).empty());
    }
    void latticeSaysWhereItsCellsLie() {
        const auto grid = SpotGrid::plan(slide(100));
        const auto affine = grid->latticeToLevel0();
        for (const auto& window : grid->windows(everywhere))
            for (const auto& spot : window.spots)
                QCOMPARE(affine.toLevel0(spot.column, spot.row), spot.center);
    }
    void aPitchThatDoesNotDivideIsRefusedWithTheOnesThatDo() {
        const auto grid = SpotGrid::plan(slide(130));
        QVERIFY(!grid);
        QCOMPARE(grid.error().exitCode(), 2);
        QVERIFY(grid.error().sentence().find("200 um, or that divided by a whole number: 100") !=
                std::string::npos);
        QVERIFY(!SpotGrid::plan(slide(400)));
    }
    void aSlideSmallerThanAStepStillHasOneSpot() {
        const auto grid = SpotGrid::plan({100, 80, {0.5, 0.5}, 200, 2000, 0});
        QCOMPARE(grid->windows(everywhere).size(), std::size_t(1));
    }
};

QTEST_GUILESS_MAIN(TestSpotGrid)
#include "TestSpotGrid.moc"
