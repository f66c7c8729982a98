#include "inference/engine/SpotGrid.h"

#include <cmath>
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
    /// Axial coordinates: what is adjacent on the array is adjacent on the lattice, at one distance.
    void aHexagonalLatticeCoversTheSlideEvenly_data() {
        QTest::addColumn<double>("pitch");
        QTest::newRow("of the model") << 200.0;
        QTest::newRow("half") << 100.0;
    }
    void aHexagonalLatticeCoversTheSlideEvenly() {
        QFETCH(const double, pitch);
        auto settings = slide(pitch);
        settings.hexagonal = true;
        const auto grid = SpotGrid::plan(settings);
        QVERIFY(grid.has_value());
        const double step = pitch / settings.scale.x;
        std::map<std::pair<int, int>, Level0Point> spots;
        for (const auto& window : grid->windows(everywhere)) {
            for (const auto& spot : window.spots)
                QVERIFY(spots.emplace(std::pair(spot.column, spot.row), spot.center).second); // in one window
            for (const auto& a : window.context) // one lattice at the model's pitch
                for (const auto& b : window.context)
                    if (a.row == b.row && a.column + 1 == b.column)
                        QVERIFY(std::abs(b.center.x - a.center.x - 200 / settings.scale.x) < 1e-6);
        }
        const auto apart = [](Level0Point a, Level0Point b) { return std::hypot(a.x - b.x, a.y - b.y); };
        int inside = 0;
        for (const auto& [place, center] : spots) {
            QVERIFY(center.x >= 0 && center.y >= 0 && center.x < settings.width &&
                    center.y < settings.height);
            int neighbours = 0;
            for (const auto& [column, row] : {std::pair{0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, -1}, {-1, 1}}) {
                const auto found = spots.find({place.first + column, place.second + row});
                if (found == spots.end()) continue;
                ++neighbours;
                QVERIFY(std::abs(apart(center, found->second) - step) < 1e-6);
            }
            inside += neighbours == 6;
        }
        QVERIFY(inside > 0.8 * static_cast<double>(spots.size()));
        const double expected = settings.width * settings.height / (step * step * std::sqrt(3.0) / 2);
        QVERIFY2(std::abs(static_cast<double>(spots.size()) / expected - 1) < 0.08,
                 std::to_string(static_cast<double>(spots.size()) / expected).c_str());
        QCOMPARE(grid->latticeToLevel0().toLevel0(spots.begin()->first.first, spots.begin()->first.second),
                 spots.begin()->second);
    }
    void aSlideSmallerThanAStepStillHasOneSpot() {
        const auto grid = SpotGrid::plan({100, 80, {0.5, 0.5}, 200, 2000, 0});
        QCOMPARE(grid->windows(everywhere).size(), std::size_t(1));
    }
};

QTEST_GUILESS_MAIN(TestSpotGrid)
#include "TestSpotGrid.moc"
