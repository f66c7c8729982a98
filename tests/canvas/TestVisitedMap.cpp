#include "viewer/canvas/VisitedMap.h"

#include <QtTest>

using namespace spotglass;

class TestVisitedMap : public QObject {
    Q_OBJECT

    static constexpr Level0Rect slide{0, 0, 51200, 25600};
    static Viewport viewAt(Level0Point center, double scale, double degrees = 0) {
        Viewport viewport;
        viewport.setSize({800, 400}, 1);
        viewport.setSlideRect(slide);
        viewport.setRotation(degrees);
        viewport.setView(center, scale);
        return viewport;
    }

  private Q_SLOTS:
    void keepsTheProportionOfTheSlide() {
        const VisitedMap map(slide);
        QCOMPARE(map.image().size(), QSize(512, 256));
        QVERIFY(map.isEmpty());
        QCOMPARE(map.share(), 0.0);
        QCOMPARE(VisitedMap(Level0Rect{0, 0, 100000, 20}).image().size(), QSize(512, 1));
    }
    void notesWhatTheViewShowsAndNothingElse() {
        VisitedMap map(slide);
        QVERIFY(map.note(viewAt({20000, 10000}, 0.1))); // shows 8000 x 4000
        QVERIFY(map.contains({20000, 10000}));
        QVERIFY(map.contains({16150, 8150}));
        QVERIFY(!map.contains({15800, 10000}));
        QVERIFY(!map.contains({20000, 12300}));
        QVERIFY(std::abs(map.share() - 8000.0 * 4000 / (51200.0 * 25600)) < 1e-3);
        QVERIFY(!map.note(viewAt({20000, 10000}, 0.1))); // nothing new
    }
    void aTurnedViewMarksATurnedArea() {
        VisitedMap map(slide);
        map.note(viewAt({20000, 12000}, 0.1, 90)); // 4000 wide, 8000 high
        QVERIFY(map.contains({20000, 15800}));
        QVERIFY(!map.contains({23000, 12000}));
        map.clear();
        map.note(viewAt({20000, 12000}, 0.1, 45));
        QVERIFY(map.contains({22500, 9500}));   // along the long side
        QVERIFY(!map.contains({22500, 14500})); // in the box around it, but not in view
    }
    void partsBesideTheSlideDoNotCount() {
        VisitedMap map(slide);
        map.note(viewAt({0, 0}, 0.1));
        QVERIFY(map.contains({100, 100}));
        QVERIFY(!map.contains({-100, -100}));
        QVERIFY(!map.contains({60000, 100}));
    }
    void anotherMapOfTheSameSlideIsAdded() {
        VisitedMap map(slide), other(slide);
        map.note(viewAt({10000, 10000}, 0.1));
        other.note(viewAt({40000, 10000}, 0.1));
        map.add(other);
        QVERIFY(map.contains({10000, 10000}) && map.contains({40000, 10000}));
        VisitedMap strange(Level0Rect{0, 0, 100, 100});
        strange.add(map);
        QVERIFY(strange.isEmpty());
    }
    void withoutASlideThereIsNothing() {
        VisitedMap map;
        QVERIFY(!map.note(viewAt({0, 0}, 1)));
        map.clear();
        QVERIFY(map.isEmpty() && !map.contains({0, 0}));
        QCOMPARE(map.share(), 0.0);
    }
    void magnificationFollowsFromWhatIsKnown() {
        QCOMPARE(visitedMagnification(0.25, 20.0, MicronsPerPixel{0.25, 0.25}), 5.0);
        QCOMPARE(visitedMagnification(0.25, {}, MicronsPerPixel{0.5, 0.5}), 5.0);
        QCOMPARE(visitedMagnification(0.125, {}, {}), 5.0);
        QCOMPARE(visitedMagnification(0.125, 0.0, MicronsPerPixel{0, 0}), 5.0);
    }
};

QTEST_APPLESS_MAIN(TestVisitedMap)
#include "TestVisitedMap.moc"
