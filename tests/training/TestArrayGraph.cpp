#include "CohortFiles.h"
#include "training/cohort/ArrayGraph.h"

#include <algorithm>
#include <set>

using namespace spotglass;
using namespace cohorttest;

namespace {

std::set<ArrayPlace> neighboursOf(std::size_t spot, const std::vector<ArrayPlace>& places,
                                  ArrayGeometry geometry) {
    const auto graph = arrayGraph(places, geometry).value();
    std::set<ArrayPlace> found;
    for (const auto other : graph.of(spot))
        found.insert(places[other]);
    return found;
}

/// A square of places about (10, 20), which comes first.
std::vector<ArrayPlace> window(int reach) {
    std::vector<ArrayPlace> places{{10, 20}};
    for (int r = -reach; r <= reach; ++r)
        for (int c = -reach; c <= reach; ++c)
            if (r != 0 || c != 0) places.push_back({10 + r, 20 + c});
    return places;
}

} // namespace

class TestArrayGraph : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void aSquareArrayLinksTheEightOthersOfTheWindow() {
        const auto found = neighboursOf(0, window(2), ArrayGeometry::Square);
        QCOMPARE(found.size(), std::size_t{8});
        for (const auto& [row, column] : found)
            QVERIFY(std::abs(row - 10) <= 1 && std::abs(column - 20) <= 1);
    }
    void aHexagonalArrayLinksTheSixThatTouchInThePlane() {
        // Visium: array_row r, array_col c, spots only where r + c is even; those that touch lie at (0, +-2)
        // and (+-1, +-1). Here they are found by their distance on the glass and compared in axial terms.
        std::vector<ArrayPlace> axial;
        std::vector<std::pair<double, double>> plane;
        for (int row = -4; row <= 4; ++row)
            for (int column = -8; column <= 8; ++column)
                if ((row + column) % 2 == 0) {
                    axial.push_back({row, (column - row) / 2});
                    plane.emplace_back(column * 0.5, row * std::sqrt(3) / 2); // centre to centre: 1
                }
        const auto graph = arrayGraph(axial, ArrayGeometry::Hexagonal).value();
        for (std::size_t s = 0; s < axial.size(); ++s) {
            std::set<std::uint32_t> touching;
            for (std::uint32_t o = 0; o < axial.size(); ++o) {
                const double distance =
                    std::hypot(plane[s].first - plane[o].first, plane[s].second - plane[o].second);
                if (o != s && distance < 1.01) touching.insert(o);
            }
            const auto linked = graph.of(s);
            QCOMPARE(std::set<std::uint32_t>(linked.begin(), linked.end()), touching);
        }
        const auto middle = std::find(axial.begin(), axial.end(), ArrayPlace{0, 0}) - axial.begin();
        QCOMPARE(graph.of(static_cast<std::size_t>(middle)).size(), std::size_t{6});
    }
    void gapsAreNotCrossed() {
        const std::vector<ArrayPlace> places{{0, 0}, {0, 2}, {5, 5}};
        const auto graph = arrayGraph(places, ArrayGeometry::Square).value();
        QCOMPARE(graph.links(), std::size_t{0});
        QCOMPARE(graph.spots(), std::size_t{3});
    }
    void linksGoBothWays() {
        for (const auto geometry : {ArrayGeometry::Square, ArrayGeometry::Hexagonal}) {
            const auto places = window(3);
            const auto graph = arrayGraph(places, geometry).value();
            for (std::uint32_t s = 0; s < places.size(); ++s)
                for (const auto other : graph.of(s)) {
                    const auto back = graph.of(other);
                    QVERIFY(std::find(back.begin(), back.end(), s) != back.end());
                }
        }
    }
    void negativePlacesAreLikeOthers() {
        QCOMPARE(neighboursOf(0, {{-1, -1}, {-1, 0}, {0, -1}, {0, 0}, {-2, -2}}, ArrayGeometry::Hexagonal),
                 (std::set<ArrayPlace>{{-1, 0}, {0, -1}}));
    }
    void noSpotGivesNoGraph() {
        QCOMPARE(arrayGraph({}, ArrayGeometry::Square)->spots(), std::size_t{0});
        QCOMPARE(arrayGraph({}, ArrayGeometry::Square)->links(), std::size_t{0});
    }
    void twoSpotsAtOnePlaceAreRefused() {
        const std::vector<ArrayPlace> places{{0, 0}, {3, 4}, {3, 4}};
        VERIFY_BAD_INPUT(arrayGraph(places, ArrayGeometry::Square), "", "two spots lie at row 3, column 4");
    }
    void placesAreRowAndColumnOfTheSpots() {
        QCOMPARE(arrayPlaces({{"7x3", 7, 3, {}}}), (std::vector<ArrayPlace>{{3, 7}}));
    }
};

QTEST_GUILESS_MAIN(TestArrayGraph)
#include "TestArrayGraph.moc"
