#include "CohortFiles.h"
#include "Shared.h"
#include "training/cohort/Expression.h"
#include "training/cohort/GenePanel.h"

#include <cmath>
#include <numeric>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

/// Three spots in an L and one two steps away; genes A, B and one that no panel has.
Section small() {
    Section s;
    s.name = "T1";
    s.genes = {"A", "B", "other"};
    const std::pair<int, int> places[] = {{1, 1}, {2, 2}, {2, 1}, {4, 1}};
    for (const auto& [column, row] : places)
        s.spots.push_back({spotId(column, row), column, row, {}});
    s.counts.genes = 3;
    for (const std::vector<float>& row : {std::vector<float>{1, 3, 50}, std::vector<float>{0, 8, 50},
                                          std::vector<float>{0, 0, 50}, std::vector<float>{5, 0, 0}})
        s.counts.appendRow(row);
    return s;
}

const double a = std::log10(2501.0), b = std::log10(7501.0), whole = std::log10(10001.0);

bool near(float value, double expected) {
    return std::abs(static_cast<double>(value) - expected) < 1e-6;
}

} // namespace

class TestExpression : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void countsAreScaledToTenThousandOfThePanelAlone() {
        const auto e = panelExpression(small(), {"A", "B"}, Smoothing::None);
        QVERIFY2(e.has_value(), qPrintable(sentence(e)));
        QCOMPARE(e->spots, std::size_t{4});
        QCOMPARE(e->genes, std::size_t{2});
        QVERIFY(near(e->at(0, 0), a) && near(e->at(0, 1), b)); // 1 and 3 of 4
        QVERIFY(near(e->at(1, 0), 0) && near(e->at(1, 1), whole));
        QVERIFY(near(e->at(2, 0), 0) && near(e->at(2, 1), 0)); // no count of the panel
        QVERIFY(near(e->at(3, 0), whole));
    }
    void columnsFollowThePanel() {
        const auto e = panelExpression(small(), {"B", "A"}, Smoothing::None);
        QVERIFY(near(e->at(0, 0), b) && near(e->at(0, 1), a));
    }
    void smoothingTakesTheNeighboursThatExist() {
        const auto e = panelExpression(small(), {"A", "B"});
        // The first three are neighbours of each other (one diagonally); the last one has none.
        for (std::size_t s = 0; s < 3; ++s)
            QVERIFY(near(e->at(s, 0), a / 3) && near(e->at(s, 1), (b + whole) / 3));
        QVERIFY(near(e->at(3, 0), whole) && near(e->at(3, 1), 0));
    }
    /// Of a hexagonal array the window's corners (+1, +1) and (-1, -1) are further away than the six
    /// neighbours.
    void smoothingOfAHexagonalArrayTakesItsSixNeighbours() {
        Section s;
        s.name = "V1";
        s.array = visiumArray;
        s.genes = {"A", "B"};
        s.counts.genes = 2;
        for (int row = -1; row <= 1; ++row)
            for (int column = -1; column <= 1; ++column) {
                s.spots.push_back({spotId(column, row), column, row, {}});
                s.counts.appendRow({row * column == 1 ? 4.0f : 0.0f, row * column == 1 ? 0.0f : 4.0f});
            }
        const auto hexagonal = panelExpression(s, {"A", "B"});
        QVERIFY(near(hexagonal->at(4, 0), 0) && near(hexagonal->at(4, 1), whole)); // the spot in the middle
        s.array.geometry = ArrayGeometry::Square;
        const auto square = panelExpression(s, {"A", "B"});
        QVERIFY(near(square->at(4, 0), 2 * whole / 9) && near(square->at(4, 1), 7 * whole / 9));
    }
    void panelsThatDoNotFitAreRefused() {
        VERIFY_BAD_INPUT(panelExpression(small(), {"A", "X", "Y"}), "T1",
                         "no counts for 2 of the 3 genes of the panel (the first is X)");
        VERIFY_BAD_INPUT(panelExpression(small(), {"A", "B", "A"}), "T1", "the gene panel names A twice");
        VERIFY_BAD_INPUT(panelExpression(small(), {}), "T1", "the gene panel is empty");
    }
    /// Numbers from shared/tools/ridge_baseline.py, panel() on C3 to C5 and expression().
    void agreesWithTheBaselineOnPublishedSections() {
        SPOTGLASS_NEED_SHARED(folder, "data/her2st");
        const auto cohort = readCohort(folder);
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const auto section = [&](std::size_t i) { return &cohort->sections[i]; };
        const auto panel = chooseGenePanel({section(1), section(2), section(3)}, {}, {section(0)});
        QVERIFY2(panel.has_value(), qPrintable(sentence(panel)));
        const auto mean = [](const ExpressionMatrix& e) {
            double sum = 0;
            for (const float v : e.values)
                sum += static_cast<double>(v);
            return sum / static_cast<double>(e.values.size());
        };
        const auto c2 = panelExpression(*section(0), panel->genes),
                   c4 = panelExpression(*section(2), panel->genes);
        QVERIFY(near(c2->at(0, 0), 1.6289333728647342) && near(c2->at(17, 100), 0.4012241239489209));
        QVERIFY(near(c2->at(186, 249), 1.6437742650200011));
        QVERIFY(std::abs(mean(*c2) - 1.1528010483266413) < 1e-7);
        QVERIFY(near(c4->at(0, 0), 1.5591537130535547) && near(c4->at(17, 100), 0.06265007259839056));
        QVERIFY(std::abs(mean(*c4) - 1.1957595180108598) < 1e-7);
        const auto raw = panelExpression(*section(0), panel->genes, Smoothing::None);
        QVERIFY(std::abs(mean(*raw) - 1.15001490064061) < 1e-7);
    }
};

QTEST_GUILESS_MAIN(TestExpression)
#include "TestExpression.moc"
