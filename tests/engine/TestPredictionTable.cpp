#include "inference/engine/PredictionTable.h"

#include <cmath>
#include <QtTest>
#include <thread>

using namespace spotglass;

class TestPredictionTable : public QObject {
    Q_OBJECT
    static PredictionLattice lattice() { return {3, 2, {10, 0, 5, 0, 10, 5}, 4, nullptr}; }

  private Q_SLOTS:
    void valuesReturnByGeneAndCell() {
        PredictionTable table(2);
        table.plan(lattice());
        QVERIFY(table.add({{4, 0}, {1, 2, 3, 4}}));
        ExpressionField field;
        QCOMPARE(table.fill(field, 1, 0), std::size_t{2});
        QCOMPARE(field.columns, 3);
        QCOMPARE(field.rows, 2);
        QCOMPARE(field.at(1, 1), 2.0F);
        QCOMPARE(field.at(0, 0), 4.0F);
        QVERIFY(std::isnan(field.at(2, 1)));
        QVERIFY(field.latticeToLevel0 == lattice().latticeToLevel0);
    }
    void onlyTheNewSpotsAreAdded() {
        PredictionTable table(1);
        table.plan(lattice());
        QVERIFY(table.add({{0}, {1}}));
        ExpressionField field;
        std::size_t known = table.fill(field, 0, 0);
        field.values[0] = 99; // would be overwritten if everything were read again
        QVERIFY(table.add({{1}, {2}}));
        known = table.fill(field, 0, known);
        QCOMPARE(known, std::size_t{2});
        QCOMPARE(field.values[0], 99.0F);
        QCOMPARE(field.values[1], 2.0F);
    }
    void manySpotsKeepTheirValues() {
        PredictionTable table(3);
        table.plan({100, 50, {}, 5000, nullptr});
        for (std::int64_t cell = 0; cell < 5000; ++cell) {
            const auto value = static_cast<float>(cell);
            QVERIFY(table.add({{cell}, {value, -value, value * 2}}));
        }
        ExpressionField field;
        table.fill(field, 2, 0);
        for (int cell = 0; cell < 5000; ++cell)
            QCOMPARE(field.values[static_cast<std::size_t>(cell)], 2.0F * static_cast<float>(cell));
    }
    void aReaderSeesOnlyWholeSpots() {
        constexpr int cells = 20000;
        PredictionTable table(8);
        table.plan({cells, 1, {}, cells, nullptr});
        std::thread engine([&table] {
            for (std::int64_t cell = 0; cell < cells; ++cell)
                table.add({{cell}, std::vector<float>(8, static_cast<float>(cell))});
        });
        ExpressionField field;
        std::size_t known = 0;
        bool whole = true;
        while (known < cells) {
            known = table.fill(field, 7, known);
            for (std::size_t spot = 0; spot < known; spot += 97)
                whole &= field.values[spot] == static_cast<float>(spot);
        }
        engine.join();
        QVERIFY(whole);
    }
    void whatDoesNotFitIsRefusedWhole() {
        PredictionTable table(2);
        QVERIFY(!table.add({{0}, {1, 2}})); // nothing planned yet
        table.plan(lattice());
        QVERIFY(!table.add({{0}, {1}}));
        QVERIFY(!table.add({{0, 6}, {1, 2, 3, 4}}));
        QVERIFY(!table.add({{-1}, {1, 2}}));
        QVERIFY(
            !table.add({{0, 1, 2, 3, 4, 5, 0}, std::vector<float>(14)})); // more spots than there are cells
        QCOMPARE(table.spots(), std::size_t{0});
    }
    void aRunThatGoesOnAddsOnlyWhatIsMissing() {
        PredictionTable table(1);
        QVERIFY(!table.addMissing({{0}, {1}})); // nothing planned yet
        table.plan(lattice());
        QVERIFY(table.add({{0, 4}, {1, 5}}));
        QCOMPARE(table.addMissing({{4, 2, 0, 3}, {9, 3, 9, 4}}).value_or(99), std::size_t{2});
        QCOMPARE(table.addMissing({{0, 2, 3, 4}, {9, 9, 9, 9}}).value_or(99), std::size_t{0});
        QVERIFY(!table.addMissing({{6}, {1}}));
        QVERIFY(!table.addMissing({{1}, {1, 2}}));
        QCOMPARE(table.spots(), std::size_t{4});
        ExpressionField field;
        table.fill(field, 0, 0);
        QCOMPARE(field.values[0], 1.0F);
        QCOMPARE(field.values[2], 3.0F);
        QCOMPARE(field.values[3], 4.0F);
        QCOMPARE(field.values[4], 5.0F);
    }
    void anUnknownGeneHasNoField() {
        PredictionTable table(2);
        table.plan(lattice());
        ExpressionField field;
        field.values = {1};
        QCOMPARE(table.fill(field, 2, 0), std::size_t{0});
        QVERIFY(field.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestPredictionTable)
#include "TestPredictionTable.moc"
