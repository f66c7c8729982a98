#include "viewer/canvas/Viewport.h"

#include <cmath>
#include <random>

#include <QtTest>

using namespace spotglass;

class TestViewport : public QObject {
    Q_OBJECT

    static Viewport viewport() {
        Viewport view;
        view.setSize({1000, 700}, 1);
        view.setSlideRect({0, 0, 80000, 60000});
        view.fit();
        return view;
    }
    static double distance(Level0Point a, Level0Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

  private Q_SLOTS:
    void fitShowsTheWholeSlideCentred() {
        const Viewport view = viewport();
        QCOMPARE(view.scale(), 700.0 / 60000);
        QCOMPARE(view.center(), (Level0Point{40000, 30000}));
        QVERIFY(view.visible().x < 0 && view.visible().right() > 80000);
        QVERIFY(std::abs(view.visible().y) < 1e-6);
    }
    void pointsGoToTheScreenAndBack() {
        std::mt19937 random(1);
        std::uniform_real_distribution<double> unit(0, 1);
        Viewport view = viewport();
        for (int i = 0; i < 500; ++i) {
            view.setView({unit(random) * 80000, unit(random) * 60000}, std::exp2(unit(random) * 10 - 6));
            const Level0Point point{unit(random) * 80000, unit(random) * 60000};
            const ScreenPoint screen = view.toScreen(point);
            QVERIFY(distance(view.toLevel0(screen), point) < 1e-7);
            const QPointF mapped = view.level0ToScreen().map(QPointF(point.x, point.y));
            QVERIFY(std::abs(mapped.x() - screen.x) < 1e-6 && std::abs(mapped.y() - screen.y) < 1e-6);
        }
        const Level0Rect rect{100, 200, 300, 400};
        const Level0Rect back = view.toLevel0(view.toScreen(rect));
        QVERIFY(std::abs(back.x - 100) < 1e-7 && std::abs(back.height - 400) < 1e-7);
    }
    void turnedAndMirroredPointsGoToTheScreenAndBack() {
        std::mt19937 random(3);
        std::uniform_real_distribution<double> unit(0, 1);
        Viewport view = viewport();
        for (int i = 0; i < 500; ++i) {
            view.setView({unit(random) * 80000, unit(random) * 60000}, std::exp2(unit(random) * 10 - 6));
            view.setRotation(i % 3 ? unit(random) * 720 - 360 : 90 * (i % 4));
            view.setMirrored(i % 2);
            QVERIFY(view.rotation() >= 0 && view.rotation() < 360);
            const Level0Point point{unit(random) * 80000, unit(random) * 60000};
            const ScreenPoint screen = view.toScreen(point);
            QVERIFY(distance(view.toLevel0(screen), point) < 1e-7);
            const QPointF mapped = view.level0ToScreen().map(QPointF(point.x, point.y));
            QVERIFY(std::abs(mapped.x() - screen.x) < 1e-6 && std::abs(mapped.y() - screen.y) < 1e-6);
            const ScreenPoint anchor{unit(random) * 1000, unit(random) * 700};
            const Level0Point held = view.toLevel0(anchor);
            Viewport turned = view;
            turned.setView(held, view.scale());
            const Level0Point middle = turned.center();
            turned.rotateBy(unit(random) * 90, {500, 350});
            QVERIFY(distance(turned.center(), middle) < 1e-9);
            const Level0Rect seen = view.visible();
            for (const ScreenPoint corner : {ScreenPoint{0, 0}, {1000, 0}, {0, 700}, {1000, 700}}) {
                const Level0Point at = view.toLevel0(corner);
                QVERIFY(at.x > seen.x - 1e-6 && at.x < seen.right() + 1e-6);
                QVERIFY(at.y > seen.y - 1e-6 && at.y < seen.bottom() + 1e-6);
            }
        }
    }
    void aTurnIsClockwiseAndExactAtQuarters() {
        Viewport view = viewport();
        view.setView({40000, 30000}, 1);
        view.setRotation(90);
        QCOMPARE(view.toScreen(Level0Point{40100, 30000}), (ScreenPoint{500, 450})); // right became below
        view.setRotation(-90);
        QCOMPARE(view.rotation(), 270.0);
        QCOMPARE(view.toScreen(Level0Point{40100, 30000}), (ScreenPoint{500, 250}));
    }
    void flipsAreOnTheScreen() {
        for (const double turn : {0.0, 33.0, 180.0}) {
            Viewport view = viewport();
            view.setView({40000, 30000}, 1);
            view.setRotation(turn);
            const Level0Point point{40120, 30090};
            const ScreenPoint before = view.toScreen(point);
            view.flipHorizontally();
            ScreenPoint after = view.toScreen(point);
            QVERIFY(std::abs(after.x - (1000 - before.x)) < 1e-9 && std::abs(after.y - before.y) < 1e-9);
            view.flipHorizontally();
            view.flipVertically();
            after = view.toScreen(point);
            QVERIFY(std::abs(after.x - before.x) < 1e-9 && std::abs(after.y - (700 - before.y)) < 1e-9);
        }
    }
    void aTurnedSlideFits() {
        Viewport view = viewport();
        view.setRotation(90);
        view.fit();
        QCOMPARE(view.scale(), 700.0 / 80000);
        view.setRotation(30);
        view.fit();
        const QRectF all = view.toScreen(view.slideRect());
        QVERIFY(all.left() > -1e-6 && all.top() > -1e-6 && all.right() < 1000 + 1e-6 &&
                all.bottom() < 700 + 1e-6);
    }
    void aTurnTakesTheShorterWay() {
        Viewport from = viewport(), to = from;
        from.setRotation(350);
        to.setRotation(20);
        QVERIFY(std::abs(Viewport::between(from, to, 1.0 / 3).rotation()) < 1e-9);
        QCOMPARE(Viewport::between(from, to, 1).rotation(), 20.0);
    }
    void whatIsUnderTheCursorStaysThere() {
        std::mt19937 random(2);
        std::uniform_real_distribution<double> unit(0, 1);
        for (int round = 0; round < 300; ++round) {
            Viewport view = viewport();
            view.setView({40000, 30000}, 0.5);
            const ScreenPoint anchor{unit(random) * 1000, unit(random) * 700};
            const Level0Point held = view.toLevel0(anchor);
            for (int zoom = 0; zoom < 40; ++zoom) {
                view.zoomBy(std::exp2(unit(random) * 2 - 1), anchor);
                if (view.scale() < 0.1)
                    view.zoomBy(8, anchor); // far from where the centre meets the slide's edge
                QVERIFY(distance(view.toLevel0(anchor), held) < 1e-6);
            }
        }
    }
    void zoomInAndOutComesBack() {
        Viewport view = viewport();
        view.setView({12345.5, 23456.5}, 0.3);
        const Viewport before = view;
        for (int i = 0; i < 12; ++i)
            view.zoomBy(1.4142, {300, 200});
        for (int i = 0; i < 12; ++i)
            view.zoomBy(1 / 1.4142, {300, 200});
        QVERIFY(distance(view.center(), before.center()) < 1e-6);
        QVERIFY(std::abs(view.scale() / before.scale() - 1) < 1e-12);
    }
    void theWayOfAZoomKeepsItsAnchor() {
        Viewport from = viewport();
        from.setView({30000, 20000}, 0.1);
        for (const double factor : {1.4, 8.0, 0.5}) {
            Viewport to = from;
            to.zoomBy(factor, {820, 90});
            const Level0Point held = from.toLevel0(ScreenPoint{820, 90});
            for (double progress = 0; progress <= 1; progress += 0.1)
                QVERIFY(distance(Viewport::between(from, to, progress).toLevel0(ScreenPoint{820, 90}), held) <
                        1e-6);
            QCOMPARE(Viewport::between(from, to, 1), to);
            QCOMPARE(Viewport::between(from, to, 0).scale(), from.scale());
        }
        Viewport aside = from;
        aside.panBy(100, 0);
        QVERIFY(distance(Viewport::between(from, aside, 0.5).center(), {29500, 20000}) < 1e-6);
    }
    void panMovesThePictureWithTheHand() {
        Viewport view = viewport();
        view.setView({40000, 30000}, 0.5);
        const ScreenPoint before = view.toScreen(Level0Point{40100, 30100});
        view.panBy(30, -12);
        const ScreenPoint after = view.toScreen(Level0Point{40100, 30100});
        QVERIFY(std::abs(after.x - before.x - 30) < 1e-9 && std::abs(after.y - before.y + 12) < 1e-9);
    }
    void limitsHold() {
        Viewport view = viewport();
        for (int i = 0; i < 100; ++i)
            view.zoomBy(2, {1, 1});
        QCOMPARE(view.scale(), Viewport::maxScale);
        for (int i = 0; i < 100; ++i)
            view.zoomBy(0.5, {1, 1});
        QCOMPARE(view.scale(), view.fitScale() / 2);
        view.panBy(1e9, -1e9);
        QCOMPARE(view.center(), (Level0Point{0, 60000}));
        view.setView({NAN, 5}, NAN);
        QVERIFY(std::isfinite(view.scale()) && std::isfinite(view.center().x));
        const Viewport before = view;
        view.zoomBy(0, {1, 1});
        view.zoomBy(NAN, {1, 1});
        QCOMPARE(view, before);
    }
    void aSmallImageFitsAndCanBeSeenPixelByPixel() {
        Viewport view;
        view.setSize({1000, 700}, 1);
        view.setSlideRect({0, 0, 10, 10});
        view.fit();
        QCOMPARE(view.scale(), Viewport::maxScale);
        QVERIFY(view.minScale() <= 1);
    }
    void deviceScaleCountsDevicePixels() {
        Viewport view = viewport();
        view.setSize({1000, 700}, 2);
        view.setView({100, 100}, 0.25);
        QCOMPARE(view.deviceScale(), 0.5);
        QCOMPARE(view.scale(), 0.25);
    }
};

QTEST_GUILESS_MAIN(TestViewport)
#include "TestViewport.moc"
