#include "training/ArrayTurn.h"

#include <map>
#include <QtTest>
#include <set>

using namespace spotglass;
using torch::Tensor;

namespace {

constexpr int kSide = 5;

/// Spots of a full array, and around each 5 x 5 what lies there: numbers of places, -1 outside.
struct Section {
    Tensor positions, around;
};

Section sectionAt(const Tensor& positions) {
    std::map<std::pair<int64_t, int64_t>, int64_t> number;
    for (int64_t i = 0; i < positions.size(0); ++i)
        number[{positions[i][0].item<int64_t>(), positions[i][1].item<int64_t>()}] = i;
    std::vector<int64_t> around;
    for (int64_t i = 0; i < positions.size(0); ++i)
        for (int64_t r = -2; r <= 2; ++r)
            for (int64_t c = -2; c <= 2; ++c) {
                const auto found =
                    number.find({positions[i][0].item<int64_t>() + r, positions[i][1].item<int64_t>() + c});
                around.push_back(found == number.end() ? -1 : found->second);
            }
    return {positions, torch::tensor(around).view({positions.size(0), kSide * kSide})};
}

/// An array of 4 x 6 spots with a hole, so that no turn leaves it as it was.
Tensor array() {
    std::vector<int64_t> places;
    for (int64_t r = 0; r < 4; ++r)
        for (int64_t c = 0; c < 6; ++c)
            if (r != 1 || c != 4) places.insert(places.end(), {r, c});
    return torch::tensor(places).view({-1, 2});
}

} // namespace

class TestArrayTurn : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    /// What lies around a spot after the turn is what lies around its place after the turn.
    void regionsGoWithTheirArray() {
        const auto before = sectionAt(array());
        std::set<std::string> seen;
        for (std::uint64_t bits = 0; bits < 8; ++bits) {
            const auto turn = ArrayTurn::drawn(bits, false, true);
            const auto places = turn.places(before.positions);
            QVERIFY(torch::equal(turn.region(before.around, 1, kSide, kSide), sectionAt(places).around));
            std::ostringstream words;
            words << places;
            seen.insert(words.str());
        }
        QCOMPARE(seen.size(), std::size_t{8});
    }
    /// In axial coordinates (row, column) the six neighbours are those along the axes and one diagonal.
    void hexagonalNeighboursStay() {
        const auto isNeighbour = [](const Tensor& a, const Tensor& b) {
            const auto dr = (b - a)[0].item<int64_t>(), dc = (b - a)[1].item<int64_t>();
            return std::abs(dr) + std::abs(dc) == 1 || (std::abs(dr) == 1 && dc == -dr);
        };
        const auto before = array();
        for (std::uint64_t bits = 0; bits < 8; ++bits) {
            const auto after = ArrayTurn::drawn(bits, true, true).places(before);
            QCOMPARE(torch::equal(after, before), bits % 2 == 0);
            for (int64_t i = 0; i < before.size(0); ++i)
                for (int64_t j = 0; j < before.size(0); ++j)
                    QCOMPARE(isNeighbour(after[i], after[j]), isNeighbour(before[i], before[j]));
        }
    }
    void aRegionThatIsNotSquareIsNotTurnedOnItsSide() {
        for (std::uint64_t bits = 0; bits < 8; ++bits) {
            const auto cells = torch::arange(15).view({1, 15});
            const auto turned = ArrayTurn::drawn(bits, false, false).region(cells, 1, 3, 5).view({3, 5});
            QVERIFY(turned.select(1, 0).sum().item<int64_t>() == 15 || // a column is still a column
                    turned.select(1, 0).sum().item<int64_t>() == 27);
        }
    }
    void nothingIsTurnedUnasked() {
        const auto section = sectionAt(array());
        QVERIFY(torch::equal(ArrayTurn().places(section.positions), section.positions));
        QVERIFY(torch::equal(ArrayTurn().region(section.around, 1, kSide, kSide), section.around));
    }
};

QTEST_GUILESS_MAIN(TestArrayTurn)
#include "TestArrayTurn.moc"
