#include "canvas/GrabCheck.h"
#include "viewer/canvas/SlideLayer.h"
#include "viewer/canvas/SlideView.h"

#include <cmath>

#include <QSignalSpy>
#include <QtTest>

using namespace spotglass;
using test::firstDifference;
using test::grabbed;
using test::GradientSlide;

/// Turning, mirroring, gliding, fingers, and the colours of the slide.
class TestSlideViewMotion : public QObject {
    Q_OBJECT

    static std::shared_ptr<GradientSlide> gradient() {
        return std::make_shared<GradientSlide>(20000, 14000, 4, 4);
    }
    static void show(SlideView& view, const std::shared_ptr<GradientSlide>& slide, bool animated = false) {
        view.resize(700, 500);
        view.setAnimated(animated);
        view.setScaleBarVisible(false);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.setSlide(slide);
    }
    static void moveMouse(SlideView& view, QPointF at, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
        QMouseEvent event(QEvent::MouseMove, at, view.mapToGlobal(at), Qt::NoButton, Qt::LeftButton,
                          modifiers);
        QApplication::sendEvent(&view, &event);
    }
    static double distance(Level0Point a, Level0Point b) { return std::hypot(a.x - b.x, a.y - b.y); }
    /// A drag of `steps` moves of `step`, a move every 12 ms.
    static void push(SlideView& view, QPoint step, int steps, int restAtTheEnd = 0) {
        QPoint at(300, 250);
        QTest::mousePress(&view, Qt::LeftButton, {}, at);
        for (int i = 0; i < steps; ++i) {
            QTest::qWait(12);
            at += step;
            moveMouse(view, at);
        }
        QTest::qWait(restAtTheEnd);
        QTest::mouseRelease(&view, Qt::LeftButton, {}, at);
    }

  private Q_SLOTS:
    void everyPixelIsRightHoweverThePictureIsTurned() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        for (const double turn : {0.0, 33.0, 90.0, 180.0, 217.5, 270.0}) {
            for (const bool mirrored : {false, true}) {
                view.setUpright();
                view.setView({9000, 7000}, 0.4);
                if (mirrored) view.flipHorizontally();
                view.setRotation(turn);
                QCOMPARE(view.viewport().rotation(), turn);
                QTRY_VERIFY(view.isSharp());
                const QString wrong = firstDifference(grabbed(view), view, *slide, 4);
                QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
            }
        }
    }
    void aTurnedViewNeedsNoMoreTilesThanItShows() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        view.setView({9000, 7000}, 1);
        view.setRotation(45);
        QTRY_VERIFY(view.isSharp());
        QTRY_COMPARE(view.slideLayer().scheduler().inFlight() + view.slideLayer().scheduler().waiting(), 0);
        int fine = 0;
        for (const auto& [level, rect] : slide->started())
            fine += level == 0;
        // 700 x 500 at 45 degrees with a ring of tiles around it; its bounding box alone would be 850 x 850
        QVERIFY2(fine <= 40, qPrintable(QString::number(fine)));
    }
    void whatStaysInViewWhileDraggingIsTheSamePicture() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        for (const double turn : {0.0, 30.0}) {
            view.setView({9000.3, 7000.7}, 0.7);
            view.setRotation(turn);
            QTRY_VERIFY(view.isSharp());
            static_cast<void>(grabbed(view));
            for (int i = 0; i < 40; ++i) { // round and round the ring
                view.panBy(i % 3 * 31 - 17, 23 - i % 5 * 19);
                QTRY_VERIFY(view.isSharp());
                const QString wrong = firstDifference(grabbed(view), view, *slide, 4);
                QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
            }
        }
    }
    void keysOfTheScreenFollowTheScreen() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.5);
        view.setRotation(90);
        const Level0Point right = view.viewport().toLevel0(ScreenPoint{450, 250});
        view.panBy(-100, 0);
        QVERIFY(distance(view.viewport().center(), right) < 1e-6);
    }
    void draggingWithControlTurnsAboutTheMiddle() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.5);
        QTest::mousePress(&view, Qt::LeftButton, Qt::ControlModifier, {650, 250});
        moveMouse(view, {600, 320}, Qt::ControlModifier);
        moveMouse(view, {350, 450}, Qt::ControlModifier); // a quarter further, clockwise
        QTest::mouseRelease(&view, Qt::LeftButton, Qt::ControlModifier, {350, 450});
        QVERIFY(std::abs(view.viewport().rotation() - 90) < 1e-6);
        QVERIFY(distance(view.viewport().center(), {9000, 7000}) < 1e-9);
        view.setUpright();
        QVERIFY(view.viewport().isUpright());
    }
    void aPictureThatIsLetGoInMotionGlidesOnInItsDirection() {
        SlideView view;
        show(view, gradient(), true);
        view.setView({9000, 7000}, 1);
        push(view, {-18, 0}, 14);
        const Level0Point released = view.viewport().center();
        QVERIFY(view.targetViewport().center().x > released.x + 20);
        QCOMPARE(view.targetViewport().center().y, released.y);
        const Level0Point end = view.targetViewport().center();
        QTRY_VERIFY(view.viewport() == view.targetViewport());
        QVERIFY(distance(view.viewport().center(), end) < 2);
    }
    void aPressStopsTheGlide() {
        SlideView view;
        show(view, gradient(), true);
        view.setView({9000, 7000}, 1);
        push(view, {-18, 4}, 14);
        QVERIFY(view.viewport() != view.targetViewport());
        QTest::mousePress(&view, Qt::LeftButton, {}, {300, 250});
        QVERIFY(view.viewport() == view.targetViewport());
        QTest::mouseRelease(&view, Qt::LeftButton, {}, {300, 250});
    }
    void aHandThatRestsAndAJumpOfThePointerDoNotPush() {
        SlideView view;
        show(view, gradient(), true);
        view.setView({9000, 7000}, 1);
        push(view, {-18, 0}, 14, 120);
        QVERIFY(view.viewport() == view.targetViewport());
        QTest::mousePress(&view, Qt::LeftButton, {}, {300, 250});
        for (int i = 1; i <= 4; ++i)
            moveMouse(view, {300.0 - 160 * i, 250});
        QTest::mouseRelease(&view, Qt::LeftButton, {}, {-340, 250});
        QVERIFY(view.viewport() == view.targetViewport());
    }
    void oneFingerPansAndTwoZoomAndTurn() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.5);
        const std::unique_ptr<QPointingDevice> screen(QTest::createTouchDevice());
        const Level0Point held = view.viewport().toLevel0(ScreenPoint{200, 200});
        QTest::touchEvent(&view, screen.get()).press(0, {200, 200});
        QTest::touchEvent(&view, screen.get()).move(0, {260, 230});
        QVERIFY(distance(view.viewport().toLevel0(ScreenPoint{260, 230}), held) < 1e-6);
        QTest::touchEvent(&view, screen.get()).release(0, {260, 230});

        const Level0Point middle = view.viewport().toLevel0(ScreenPoint{300, 250});
        QTest::touchEvent(&view, screen.get()).press(0, {250, 250}).press(1, {350, 250});
        QTest::touchEvent(&view, screen.get()).move(0, {200, 250}).move(1, {400, 250});
        QVERIFY(std::abs(view.viewport().scale() - 1) < 1e-9);
        QVERIFY(distance(view.viewport().toLevel0(ScreenPoint{300, 250}), middle) < 1e-6);
        QCOMPARE(view.viewport().rotation(), 0.0);
        for (int degrees = 10; degrees <= 50; degrees += 10) {
            const double turn = degrees * 3.14159265358979 / 180;
            const QPoint arm(qRound(100 * std::cos(turn)), qRound(100 * std::sin(turn)));
            QTest::touchEvent(&view, screen.get())
                .move(0, QPoint(300, 250) - arm)
                .move(1, QPoint(300, 250) + arm);
        }
        QVERIFY2(std::abs(view.viewport().rotation() - 30) < 1.5, // the first degrees are not meant
                 qPrintable(QString::number(view.viewport().rotation())));
        QVERIFY(distance(view.viewport().toLevel0(ScreenPoint{300, 250}), middle) < 4);
        QTest::touchEvent(&view, screen.get()).release(0, {300, 250}).release(1, {300, 250});
    }
    void aTapIsAClick() {
        SlideView view;
        show(view, gradient());
        QSignalSpy clicked(&view, &SlideView::clicked);
        const std::unique_ptr<QPointingDevice> screen(QTest::createTouchDevice());
        QTest::touchEvent(&view, screen.get()).press(0, {200, 200});
        QTest::touchEvent(&view, screen.get()).release(0, {200, 200});
        QCOMPARE(clicked.count(), 1);
    }
    void aTileThatTakesLongSaysThatItIsBeingRead() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        QTRY_VERIFY(view.isSharp());
        slide->hold();
        view.setView({9000, 7000}, 1);
        const QImage early = grabbed(view);
        QTest::qWait(150);
        QCOMPARE(grabbed(view), early); // no flicker for what is there in a moment
        const auto isMarked = [&] {
            const QImage now = grabbed(view);
            int other = 0;
            for (int y = 0; y < now.height(); y += 2)
                for (int x = 0; x < now.width(); x += 2)
                    other += std::abs(qBlue(now.pixel(x, y)) - GradientSlide::blue) > 20;
            return other > 50;
        };
        QTRY_VERIFY(isMarked());
        slide->release(10000);
        QTRY_VERIFY(view.isSharp());
        const QString wrong = firstDifference(grabbed(view), view, *slide, 1);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
    void aDriveThatComesBackIsReadAgain() {
        const auto slide = gradient();
        slide->breakAt({8000, 6000, 2000, 2000});
        SlideView view;
        QSignalSpy failed(&view, &SlideView::tileFailed);
        show(view, slide);
        view.setView({9000, 7000}, 1);
        QTRY_VERIFY(view.isSharp() && !view.brokenTileAt({9000, 7000}).isEmpty());
        QTest::qWait(50);
        const auto told = failed.count();
        slide->breakAt({}); // nobody says so
        QTRY_VERIFY_WITH_TIMEOUT(view.isSharp() && view.brokenTileAt({9000, 7000}).isEmpty(), 10000);
        const QString wrong = firstDifference(grabbed(view), view, *slide, 1);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        QCOMPARE(failed.count(), told);
    }
    void aSlideWithoutScaleSaysSoInThePlaceOfTheBar() {
        SlideView view;
        show(view, gradient());
        view.setScaleBarVisible(true);
        const QImage with = grabbed(view);
        view.setMicronsPerPixel({});
        const QImage without = grabbed(view);
        QVERIFY(without != with);
        const QColor badge = without.pixelColor(20, without.height() - 30);
        QVERIFY2(badge.red() > 120 && badge.blue() < 80, qPrintable(badge.name())); // it warns
    }
    void theColoursOfTheSlideAreCorrectedAndThoseAroundItAreNot() {
        SlideView view;
        show(view, gradient());
        QTRY_VERIFY(view.isSharp());
        const QImage before = grabbed(view);
        ColorSettings settings;
        settings.gamma = 2;
        const ColorCorrection correction = ColorCorrection::make(settings).value();
        view.setColorCorrection(correction);
        const QImage after = grabbed(view);
        int changed = 0;
        for (int y = 0; y < before.height(); y += 7) {
            for (int x = 0; x < before.width(); x += 7) {
                std::uint32_t pixel = before.pixel(x, y);
                const Level0Point at = view.viewport().toLevel0(ScreenPoint{x + 0.5, y + 0.5});
                if (view.viewport().slideRect().contains(at)) correction.apply(&pixel, 1);
                changed += pixel != before.pixel(x, y);
                QCOMPARE(after.pixel(x, y), pixel);
            }
        }
        QVERIFY(changed > 1000);
        view.setColorCorrection({});
        QCOMPARE(grabbed(view), before);
    }
};

QTEST_MAIN(TestSlideViewMotion)
#include "TestSlideViewMotion.moc"
