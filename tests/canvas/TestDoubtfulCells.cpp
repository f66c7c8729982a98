#include "viewer/canvas/DoubtfulCells.h"

#include <QtTest>

using namespace spotglass;

class TestDoubtfulCells : public QObject {
    Q_OBJECT

    /// 4 x 3 cells of 100 level-0 pixels over an outline of 10-pixel cells, tissue left of `edge`.
    static ExpressionField field(double edge) {
        TissueOutline tissue{40, 30, 10, 10, {}};
        for (int y = 0; y < 30; ++y)
            for (int x = 0; x < 40; ++x)
                tissue.cells.push_back((x + 0.5) * 10 < edge ? 255 : 0);
        ExpressionField made;
        made.columns = 4;
        made.rows = 3;
        made.latticeToLevel0 = {100, 0, 50, 0, 100, 50};
        made.values.assign(12, 1.0F);
        made.tissue = std::make_shared<TissueOutline>(std::move(tissue));
        return made;
    }

  private Q_SLOTS:
    void cellsWithMuchGlassAreDoubtful() {
        DoubtfulCells cells;
        // 60 of 100 pixels of the second column are tissue
        QCOMPARE(cells.flags(field(160)), (std::vector<std::uint8_t>{0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1}));
        // 80 of 100
        QCOMPARE(cells.flags(field(180)), (std::vector<std::uint8_t>{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}));
    }
    void onlyCellsWithAValueAreFlaggedAndLaterOnesFollow() {
        DoubtfulCells cells;
        ExpressionField growing = field(160);
        growing.values.assign(12, ExpressionField::missing);
        growing.values[1] = 2;
        QCOMPARE(cells.flags(growing), (std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
        growing.values[0] = growing.values[5] = 3;
        QCOMPARE(cells.flags(growing), (std::vector<std::uint8_t>{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
    }
    void tissueBesideTheOutlineIsGlass() {
        DoubtfulCells cells;
        ExpressionField over = field(400);
        over.latticeToLevel0.dx = -20; // the first column is 70 % beside the slide
        QCOMPARE(cells.flags(over)[0], std::uint8_t{1});
        QCOMPARE(cells.flags(over)[1], std::uint8_t{0});
    }
    void withoutAnOutlineNothingIsKnown() {
        DoubtfulCells cells;
        ExpressionField bare = field(160);
        bare.tissue.reset();
        QVERIFY(cells.flags(bare).empty());
        auto broken = std::make_shared<TissueOutline>();
        broken->width = 9;
        broken->height = 9; // says more than it holds
        bare.tissue = broken;
        QVERIFY(cells.flags(bare).empty());
    }
};

QTEST_APPLESS_MAIN(TestDoubtfulCells)
#include "TestDoubtfulCells.moc"
