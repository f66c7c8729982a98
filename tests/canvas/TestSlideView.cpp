#include "canvas/GrabCheck.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideLayer.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>
#include <random>

#include <QPainter>
#include <QSignalSpy>
#include <QtTest>
#include <QWheelEvent>

using namespace spotglass;
using test::firstDifference;
using test::grabbed;
using test::GradientSlide;

class TestSlideView : public QObject {
    Q_OBJECT

    static std::shared_ptr<GradientSlide> gradient() {
        return std::make_shared<GradientSlide>(20000, 14000, 4, 4);
    }
    static void show(SlideView& view, const std::shared_ptr<GradientSlide>& slide) {
        view.resize(700, 500);
        view.setAnimated(false);
        view.setScaleBarVisible(false);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.setSlide(slide);
    }
    static void wheel(SlideView& view, QPointF at, QPoint pixels, QPoint angle) {
        QWheelEvent event(at, view.mapToGlobal(at), pixels, angle, Qt::NoButton, Qt::NoModifier,
                          Qt::NoScrollPhase, false);
        QApplication::sendEvent(&view, &event);
    }
    static void moveMouse(SlideView& view, QPointF at, Qt::MouseButtons buttons = Qt::NoButton) {
        QMouseEvent event(QEvent::MouseMove, at, view.mapToGlobal(at), Qt::NoButton, buttons, Qt::NoModifier);
        QApplication::sendEvent(&view, &event);
    }
    static double distance(Level0Point a, Level0Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

  private Q_SLOTS:
    void showsTheSlideWithoutSeamsAtManyScales() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        std::mt19937 random(11);
        std::uniform_real_distribution<double> unit(0, 1);
        std::vector<double> scales = {1, 0.5, 0.25, 0.125, 2, 3, 8};
        for (int i = 0; i < 14; ++i)
            scales.push_back(std::exp2(unit(random) * 7 - 5));
        for (const double scale : scales) {
            view.setView({4000 + unit(random) * 12000, 3000 + unit(random) * 8000}, scale);
            QTRY_VERIFY(view.isSharp());
            const int level =
                TileSelector(*slide->info()).levelFor({view.viewport().center(), scale, 700, 500});
            const QString wrong = firstDifference(grabbed(view), view, *slide, std::pow(4, level));
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        }
        view.fit();
        QTRY_VERIFY(view.isSharp());
        const QString wrong = firstDifference(grabbed(view), view, *slide, 64);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
    void theGuiThreadNeverReads() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        view.setView({9000, 9000}, 1);
        QTRY_VERIFY(view.isSharp());
        view.fit();
        QTRY_VERIFY(view.isSharp());
        QVERIFY(slide->started().size() > 10);
        QVERIFY(!slide->wasReadOn(std::this_thread::get_id()));
    }
    void whileReadsAreStuckTheViewStillAnswers() {
        const auto slide = gradient();
        slide->hold();
        SlideView view;
        show(view, slide);
        QTRY_VERIFY(!slide->started().empty());
        view.setView({9000, 9000}, 0.7);
        QCOMPARE(view.viewport().center(), (Level0Point{9000, 9000}));
        QVERIFY(!view.isSharp());
        QVERIFY(!grabbed(view).isNull());
        slide->release(10000);
        QTRY_VERIFY(view.isSharp());
    }
    void parentsFillTheGapsWhileTilesAreMissing() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        QTRY_VERIFY(view.isSharp());
        slide->hold(); // from here on nothing arrives: the coarse levels have to do
        view.setView({10000, 7000}, 1);
        QVERIFY(!view.isSharp());
        const QString wrong = firstDifference(grabbed(view), view, *slide, 64);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        slide->release(10000);
        QTRY_VERIFY(view.isSharp());
    }
    void theWheelZoomsAtTheCursor() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.2);
        const ScreenPoint cursor{510, 120};
        const Level0Point held = view.viewport().toLevel0(cursor);
        QSignalSpy changed(&view, &SlideView::viewportChanged);
        wheel(view, {510, 120}, {}, {0, 120});
        QVERIFY(std::abs(view.viewport().scale() / 0.2 - std::sqrt(2)) < 1e-9);
        QVERIFY(distance(view.viewport().toLevel0(cursor), held) < 1e-6);
        QCOMPARE(changed.count(), 1);
        for (int i = 0; i < 8; ++i)
            wheel(view, {510, 120}, {}, {0, 15}); // a fine wheel: eight eighths are one notch
        QVERIFY(std::abs(view.viewport().scale() / 0.2 - 2) < 1e-9);
        wheel(view, {510, 120}, {0, -240}, {}); // a touchpad that only knows pixels
        QVERIFY(std::abs(view.viewport().scale() / 0.2 - 1) < 1e-9);
        QVERIFY(distance(view.viewport().toLevel0(cursor), held) < 1e-6);
    }
    void anAnimatedZoomGlidesToItsEndAndKeepsTheAnchor() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.2);
        view.setAnimated(true);
        const ScreenPoint cursor{510, 120};
        const Level0Point held = view.viewport().toLevel0(cursor);
        double worst = 0;
        std::vector<double> scales;
        connect(&view, &SlideView::viewportChanged, this, [&] {
            worst = std::max(worst, distance(view.viewport().toLevel0(cursor), held));
            scales.push_back(view.viewport().scale());
        });
        QSignalSpy settled(&view, &SlideView::settled);
        wheel(view, {510, 120}, {}, {0, 240});
        QCOMPARE(view.viewport().scale(), 0.2);
        QVERIFY(std::abs(view.targetViewport().scale() - 0.4) < 1e-9);
        QVERIFY(!view.isSharp());
        QTRY_COMPARE(settled.count(), 1);
        QVERIFY(std::abs(view.viewport().scale() - 0.4) < 1e-9);
        QVERIFY(worst < 1e-6);
        QVERIFY(scales.size() >= 2 && std::is_sorted(scales.begin(), scales.end()));
    }
    void draggingMovesTheSlideWithTheHand() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.5);
        QSignalSpy clicked(&view, &SlideView::clicked);
        const Level0Point held = view.viewport().toLevel0(ScreenPoint{300, 200});
        QTest::mousePress(&view, Qt::LeftButton, {}, {300, 200});
        moveMouse(view, {340, 220}, Qt::LeftButton);
        moveMouse(view, {421, 263}, Qt::LeftButton);
        QTest::mouseRelease(&view, Qt::LeftButton, {}, {421, 263});
        QVERIFY(distance(view.viewport().toLevel0(ScreenPoint{421, 263}), held) < 1e-6);
        QCOMPARE(clicked.count(), 0);
        QTest::mouseClick(&view, Qt::LeftButton, {}, {100, 100});
        QCOMPARE(clicked.count(), 1);
        QVERIFY(distance(clicked[0][0].value<Level0Point>(),
                         view.viewport().toLevel0(ScreenPoint{100, 100})) < 1e-6);
    }
    void keysZoomMoveAndFit() {
        SlideView view;
        show(view, gradient());
        const double fitScale = view.viewport().scale();
        view.setView({9000, 7000}, 0.5);
        QTest::keyClick(&view, Qt::Key_Plus);
        QVERIFY(view.viewport().scale() > 0.7);
        QCOMPARE(view.viewport().center(), (Level0Point{9000, 7000}));
        QTest::keyClick(&view, Qt::Key_Minus);
        QVERIFY(std::abs(view.viewport().scale() - 0.5) < 1e-9);
        QTest::keyClick(&view, Qt::Key_Right);
        QVERIFY(view.viewport().center().x > 9000);
        QTest::keyClick(&view, Qt::Key_Down);
        QVERIFY(view.viewport().center().y > 7000);
        for (const auto key : {Qt::Key_Home, Qt::Key_F}) {
            view.setView({9000, 7000}, 0.5);
            QTest::keyClick(&view, key);
            QCOMPARE(view.viewport().scale(), fitScale);
        }
    }
    void aDoubleClickZoomsThere() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.25);
        const Level0Point held = view.viewport().toLevel0(ScreenPoint{200, 150});
        QTest::mouseDClick(&view, Qt::LeftButton, {}, {200, 150});
        QVERIFY(std::abs(view.viewport().scale() - 0.5) < 1e-9);
        QVERIFY(distance(view.viewport().toLevel0(ScreenPoint{200, 150}), held) < 1e-6);
        QTest::mouseDClick(&view, Qt::LeftButton, Qt::ShiftModifier, {200, 150});
        QVERIFY(std::abs(view.viewport().scale() - 0.25) < 1e-9);
    }
    void resizingKeepsAFittedSlideFittedAndAChosenPlaceInPlace() {
        SlideView view;
        show(view, gradient());
        view.resize(900, 400);
        QCOMPARE(view.viewport().scale(), view.viewport().fitScale());
        view.setView({9000, 7000}, 0.5);
        view.resize(640, 480);
        QCOMPARE(view.viewport().center(), (Level0Point{9000, 7000}));
        QCOMPARE(view.viewport().scale(), 0.5);
    }
    void settlesOnceAfterMoving() {
        SlideView view;
        show(view, gradient());
        QSignalSpy settled(&view, &SlideView::settled);
        for (int i = 0; i < 5; ++i)
            view.panBy(20, 10);
        QTRY_COMPARE(settled.count(), 1);
        view.setView(view.viewport().center(), view.viewport().scale());
        QVERIFY(!settled.wait(250));
    }
    void aViewThatIsSetToWhatItIsSaysNothing() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.5);
        QSignalSpy changed(&view, &SlideView::viewportChanged);
        view.setView({9000, 7000}, 0.5);
        QCOMPARE(changed.count(), 0);
    }
    void tellsWhereTheCursorIs() {
        SlideView view;
        show(view, gradient());
        view.setView({9000, 7000}, 0.5);
        QSignalSpy moved(&view, &SlideView::cursorMoved);
        moveMouse(view, {350, 250});
        QVERIFY(moved.count() >= 1);
        const auto point = moved.last()[0].value<std::optional<Level0Point>>();
        QVERIFY(point && distance(*point, {9000, 7000}) < 1e-6);
        QEvent leave(QEvent::Leave);
        QApplication::sendEvent(&view, &leave);
        QVERIFY(!moved.last()[0].value<std::optional<Level0Point>>());
    }
    void becomesSharpOncePerView() {
        const auto slide = gradient();
        SlideView view;
        QSignalSpy sharp(&view, &SlideView::becameSharp);
        show(view, slide);
        QTRY_COMPARE(sharp.count(), 1);
        view.setView({9000, 7000}, 0.7);
        QTRY_COMPARE(sharp.count(), 2);
        QVERIFY(view.isSharp());
        view.setSlide(nullptr);
        QVERIFY(!view.isSharp());
    }
    void aBrokenTileLeavesTheRestDrawn() {
        const auto slide = gradient();
        slide->breakAt({9000, 7000, 4, 4}); // breaks one tile of every level
        SlideView view;
        QSignalSpy failed(&view, &SlideView::tileFailed);
        show(view, slide);
        view.setView({9000, 7000}, 1);
        QTRY_VERIFY(view.isSharp());
        QVERIFY(failed.count() >= 1);
        QVERIFY(view.brokenTileAt({9000, 7000}).contains(QStringLiteral("broken")));
        QVERIFY(view.brokenTileAt({8900, 6700}).isEmpty());
        const QImage image = grabbed(view);
        QVERIFY(qBlue(image.pixel(345, 235)) != GradientSlide::blue ||
                qBlue(image.pixel(340, 230)) != GradientSlide::blue);
        const Level0Rect hole{35 * 256, 27 * 256, 256, 256};
        int right = 0, wrong = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                const Level0Point at = view.viewport().toLevel0(ScreenPoint{x + 0.5, y + 0.5});
                if (hole.contains(at)) continue;
                std::abs(qBlue(image.pixel(x, y)) - GradientSlide::blue) <= 1 ? ++right : ++wrong;
            }
        }
        QCOMPARE(wrong, 0);
        QVERIFY(right > 200000);

        const int told = static_cast<int>(failed.count());
        view.panBy(3, 3);
        view.panBy(-3, -3);
        QTRY_VERIFY(view.isSharp());
        QCOMPARE(failed.count(), told); // told once, asked once
        slide->breakAt({});
        view.reloadSlide();
        QTRY_VERIFY(view.isSharp() && view.brokenTileAt({9000, 7000}).isEmpty());
        const QString difference = firstDifference(grabbed(view), view, *slide, 1);
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
    }
    void levelsThatBecomeReadyLaterAreShownThen() {
        const auto slide = gradient();
        SlideInfo half = *slide->info();
        const SlideInfo complete = half;
        half.levels[0].ready = half.levels[1].ready = false;
        slide->setInfo(half);
        SlideView view;
        show(view, slide);
        view.setView({9000, 7000}, 1);
        QTRY_VERIFY(!slide->started().empty());
        QVERIFY(!view.isSharp());
        slide->setInfo(complete);
        QTRY_VERIFY(view.isSharp());
    }
    void anotherSlideReplacesTheFirst() {
        const auto first = gradient();
        const auto second = std::make_shared<GradientSlide>(3000, 5000, 2);
        SlideView view;
        show(view, first);
        QTRY_VERIFY(view.isSharp());
        view.setSlide(second);
        QTRY_VERIFY(view.isSharp());
        QCOMPARE(view.viewport().slideRect(), (Level0Rect{0, 0, 3000, 5000}));
        const QString wrong = firstDifference(grabbed(view), view, *second, 4);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        QCOMPARE(view.micronsPerPixel(), std::optional(MicronsPerPixel{0.5, 0.5}));
    }
    void memoryStaysWithinTheBound() {
        const auto slide = gradient();
        SlideView view;
        show(view, slide);
        view.slideLayer().setCacheBytes(24 << 20);
        for (int i = 0; i < 12; ++i) {
            view.setView({1500.0 * i + 1000, 900.0 * i + 1000}, 0.5);
            QTRY_VERIFY(view.isSharp());
            QVERIFY(view.slideLayer().cache().bytes() <= 24 << 20);
        }
    }
    void layersAreDrawnInOrderWithTheirOpacity() {
        struct Flat : Layer {
            QColor colour;
            explicit Flat(QColor its) : colour(its) {}
            void paint(QPainter& painter, const Viewport& viewport) override {
                painter.fillRect(QRectF({0, 0}, viewport.size()), colour);
            }
        };
        SlideView view;
        show(view, gradient());
        auto* below = new Flat(Qt::red);
        auto* above = new Flat(Qt::blue);
        view.addLayer(below);
        view.addLayer(above);
        QCOMPARE(grabbed(view).pixel(9, 9), qRgb(0, 0, 255));
        above->setOpacity(0.5);
        const QRgb mixed = grabbed(view).pixel(9, 9);
        QVERIFY(std::abs(qRed(mixed) - 128) < 3 && std::abs(qBlue(mixed) - 128) < 3);
        above->setVisible(false);
        QCOMPARE(grabbed(view).pixel(9, 9), qRgb(255, 0, 0));
        view.removeLayer(below);
        QVERIFY(grabbed(view).pixel(9, 9) != qRgb(255, 0, 0));
    }
    void aChangedRectangleRepaintsNothingElse() {
        struct Counting : Layer {
            std::vector<QRectF> clips;
            void paint(QPainter& painter, const Viewport&) override {
                clips.push_back(painter.clipBoundingRect());
            }
        };
        SlideView view;
        show(view, gradient());
        QTRY_VERIFY(view.isSharp());
        QTRY_COMPARE(view.slideLayer().scheduler().inFlight() + view.slideLayer().scheduler().waiting(), 0);
        view.setView({9000, 7000}, 1);
        QTRY_COMPARE(view.slideLayer().scheduler().inFlight() + view.slideLayer().scheduler().waiting(), 0);
        auto* layer = new Counting;
        view.addLayer(layer);
        QTRY_VERIFY(!layer->clips.empty());
        layer->clips.clear();
        // Earlier changes wait for the same frame as this one, so afterwards nothing is left to paint.
        Q_EMIT layer->changed({8700, 6800, 4, 4});
        const auto sentinelPainted = [layer] {
            return std::any_of(layer->clips.begin(), layer->clips.end(),
                               [](const QRectF& clip) { return clip.contains(QRectF(50, 50, 4, 4)); });
        };
        QTRY_VERIFY(sentinelPainted());
        layer->clips.clear();
        Q_EMIT layer->changed({9000, 7000, 20, 10});
        Q_EMIT layer->changed({9010, 7000, 20, 10});
        QTRY_VERIFY(!layer->clips.empty());
        QCOMPARE(layer->clips.size(), 1U);
        QVERIFY(layer->clips[0].width() <= 36 && layer->clips[0].height() <= 16);
        QVERIFY(layer->clips[0].contains(QRectF(350, 250, 30, 10)));
    }
    void overlaysSitInTheirCornersAndArePartOfThePicture() {
        SlideView view;
        show(view, gradient());
        auto* legend = new LegendWidget;
        legend->setGene(QStringLiteral("FN1"));
        view.addOverlay(legend, Qt::TopRightCorner);
        QCOMPARE(legend->geometry().right(), view.width() - 15);
        QCOMPARE(legend->geometry().top(), 14);
        view.resize(800, 520);
        QCOMPARE(legend->geometry().right(), 800 - 15);
        const int height = legend->height();
        legend->setUnit(QStringLiteral("log10(1 + counts per 10,000 of the panel), 3 x 3 smoothed"));
        QTRY_VERIFY(legend->height() > height);
        const QImage with = grabbed(view);
        legend->hide();
        QVERIFY(grabbed(view) != with);
    }
};

QTEST_MAIN(TestSlideView)
#include "TestSlideView.moc"
