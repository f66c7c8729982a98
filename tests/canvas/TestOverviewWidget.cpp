#include "viewer/canvas/OverviewWidget.h"

#include "canvas/GrabCheck.h"
#include "viewer/canvas/SlideLayer.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QSignalSpy>
#include <QtTest>
#include <QWheelEvent>

using namespace spotglass;
using test::GradientSlide;

namespace {

/// A gradient that has a name of its own.
class NamedSlide final : public GradientSlide {
  public:
    explicit NamedSlide(std::string name) : GradientSlide(20000, 14000, 4, 4), name_(std::move(name)) {}
    [[nodiscard]] std::string fingerprint() const override { return name_; }

  private:
    std::string name_;
};

} // namespace

class TestOverviewWidget : public QObject {
    Q_OBJECT
    std::unique_ptr<SlideView> view_;
    OverviewWidget* overview_ = nullptr;

    void show(const std::shared_ptr<const SlideSource>& slide) {
        view_->setSlide(slide);
        QTRY_VERIFY(view_->isSharp());
        QTRY_VERIFY(!overview_->thumbnail().isNull());
    }
    QPoint placeOf(Level0Point point) const { // on the overview, upright
        const Level0Rect slide = view_->viewport().slideRect();
        const double inner = overview_->width() - 12;
        return {int(6 + point.x / slide.width * inner), int(6 + point.y / slide.width * inner)};
    }
    void press(QPoint at) { QTest::mousePress(overview_, Qt::LeftButton, {}, at); }
    void drag(QPoint at) {
        QMouseEvent move(QEvent::MouseMove, at, overview_->mapToGlobal(at), Qt::NoButton, Qt::LeftButton, {});
        QCoreApplication::sendEvent(overview_, &move);
    }
    static bool near(Level0Point a, Level0Point b, double off) {
        return std::hypot(a.x - b.x, a.y - b.y) < off;
    }
    void keepPicture(const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (!folder.isEmpty()) view_->grab().save(folder + QLatin1Char('/') + QLatin1String(name));
    }

  private Q_SLOTS:
    void init() {
        view_ = std::make_unique<SlideView>();
        view_->resize(900, 600);
        view_->setAnimated(false);
        overview_ = new OverviewWidget(*view_);
        view_->show();
        QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
    }
    void cleanup() { view_.reset(); }

    void isThereOnlyWhilePartOfTheSlideIsInView() {
        QVERIFY(!overview_->isVisible());
        show(std::make_shared<NamedSlide>("a"));
        QVERIFY(!overview_->isVisible());
        view_->setView({9000, 7000}, 0.5);
        QVERIFY(overview_->isVisible());
        QTRY_VERIFY(overview_->geometry().right() > 870 && overview_->geometry().bottom() > 570);
        view_->fit();
        QVERIFY(!overview_->isVisible());
        view_->setView({9000, 7000}, 0.5);
        overview_->setSwitchedOn(false);
        QVERIFY(!overview_->isVisible());
        overview_->setSwitchedOn(true);
        overview_->setSuppressed(true);
        QVERIFY(!overview_->isVisible());
        overview_->setSuppressed(false);
        QVERIFY(overview_->isVisible());
        view_->setSlide(nullptr);
        QVERIFY(!overview_->isVisible());
    }
    void theSmallPictureIsTheSlideAndReadElsewhere() {
        const auto slide = std::make_shared<NamedSlide>("a");
        QSignalSpy read(overview_, &OverviewWidget::thumbnailRead);
        show(slide);
        QCOMPARE(read.count(), 1);
        QVERIFY(!slide->wasReadOn(std::this_thread::get_id()));
        const QImage& image = overview_->thumbnail();
        QCOMPARE(image.width(), OverviewWidget::thumbnailSide);
        QCOMPARE(image.height(), 179);
        for (const QPoint at : {QPoint(10, 10), QPoint(200, 20), QPoint(128, 170)}) {
            const QRgb pixel = image.pixel(at);
            QVERIFY(std::abs(qRed(pixel) - slide->red((at.x() + 0.5) * 20000 / 256)) < 3);
            QVERIFY(std::abs(qGreen(pixel) - slide->green((at.y() + 0.5) * 14000 / 179)) < 3);
        }
    }
    void itsColoursAreThoseOfTheView() {
        show(std::make_shared<NamedSlide>("a"));
        view_->setView({2000, 1500}, 0.5); // the outline is elsewhere
        QTRY_VERIFY(overview_->isVisible() && overview_->width() > 100);
        const auto corner = [this] {
            return QColor(overview_->grab().toImage().pixel(placeOf({15'000, 9000})));
        };
        const QColor before = corner();
        ColorSettings lighter;
        lighter.brightness = 0.3;
        view_->setColorCorrection(*ColorCorrection::make(lighter, {}));
        QVERIFY2(corner().lightness() > before.lightness() + 30, qPrintable(before.name()));
        view_->setColorCorrection({});
        QCOMPARE(corner(), before);
    }
    void theOutlineIsTheViewsTrueShape() {
        show(std::make_shared<NamedSlide>("a"));
        view_->setView({10000, 7000}, 0.2); // shows 4500 x 3000
        QPolygonF corners = overview_->outline();
        QCOMPARE(corners.size(), 4);
        const double scale = 208.0 / 20000;
        QVERIFY(std::abs(corners.boundingRect().width() - 4500 * scale) < 1e-6);
        QVERIFY(std::abs(corners.boundingRect().height() - 3000 * scale) < 1e-6);
        QVERIFY((corners.boundingRect().center() - QPointF(110, 6 + 7000 * scale)).manhattanLength() < 1);
    }
    void aTurnedViewTurnsTheOverviewByQuartersAndTheOutlineByTheRest() {
        show(std::make_shared<NamedSlide>("a"));
        view_->setView({10000, 7000}, 0.2);
        const QSize upright = overview_->sizeHint();
        view_->setRotation(90);
        QCOMPARE(overview_->sizeHint(), upright.transposed());
        QVERIFY(overview_->outline().boundingRect().width() > overview_->outline().boundingRect().height());
        view_->setRotation(100); // ten degrees more than the quarter
        QCOMPARE(overview_->sizeHint(), upright.transposed());
        const QPolygonF corners = overview_->outline();
        const QLineF top(corners[0], corners[1]);
        QVERIFY(std::abs(top.angle() - 10) < 1e-6 || std::abs(top.angle() - 350) < 1e-6);
        view_->setRotation(0);
        view_->flipHorizontally();
        QTRY_COMPARE(overview_->size(), upright);
        press({20, 20}); // the left is the slide's right now
        QVERIFY(view_->viewport().center().x > 18000);
        QTest::mouseRelease(overview_, Qt::LeftButton);
    }
    void aPressMovesTheViewThereAndADragCarriesIt() {
        show(std::make_shared<NamedSlide>("a"));
        view_->setView({3000, 3000}, 0.5);
        QTRY_VERIFY(overview_->width() > 200);
        press(placeOf({16000, 11000}));
        QVERIFY(near(view_->viewport().center(), {16000, 11000}, 150));
        QCOMPARE(view_->viewport().scale(), 0.5);
        drag(placeOf({12000, 9000}));
        QVERIFY(near(view_->viewport().center(), {12000, 9000}, 150));
        QTest::mouseRelease(overview_, Qt::LeftButton);
        // Taken hold of off its middle, the outline stays under the cursor.
        view_->setView({10000, 7000}, 0.2);
        press(placeOf({11500, 7500}));
        QVERIFY(near(view_->viewport().center(), {10000, 7000}, 1));
        drag(placeOf({12500, 8500}));
        QVERIFY(near(view_->viewport().center(), {11000, 8000}, 150));
        QTest::mouseRelease(overview_, Qt::LeftButton);
    }
    void theWheelZoomsAboutTheMiddleOfTheView() {
        show(std::make_shared<NamedSlide>("a"));
        view_->setView({3000, 3000}, 0.5);
        QWheelEvent event({10, 10}, overview_->mapToGlobal(QPointF(10, 10)), {}, {0, 120}, Qt::NoButton,
                          Qt::NoModifier, Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(overview_, &event);
        QVERIFY(near(view_->viewport().center(), {3000, 3000}, 1));
        QVERIFY(view_->viewport().scale() > 0.6);
    }
    void onlyWhatWasSharpAndLargeEnoughCountsAsSeen() {
        const auto slide = std::make_shared<NamedSlide>("a"); // 0.5 um: 20x, so 5x is a scale of 0.25
        show(slide);
        QVERIFY(overview_->visited().isEmpty());
        view_->setView({5000, 5000}, 0.2);
        QTRY_VERIFY(view_->isSharp());
        QVERIFY(overview_->visited().isEmpty());
        slide->hold();
        view_->setView({5000, 5000}, 0.5);
        QVERIFY(!view_->isSharp());
        QVERIFY(overview_->visited().isEmpty());
        slide->release(10000);
        QTRY_VERIFY(view_->isSharp());
        QVERIFY(overview_->visited().contains({5000, 5000}));
        QVERIFY(!overview_->visited().contains({5000, 6000}));
        overview_->clearVisited();
        QVERIFY(overview_->visited().isEmpty());
    }
    void eachSlideKeepsWhatWasSeenOfIt() {
        const auto first = std::make_shared<NamedSlide>("a"), second = std::make_shared<NamedSlide>("b");
        show(first);
        view_->setView({5000, 5000}, 0.5);
        QTRY_VERIFY(view_->isSharp());
        show(second);
        QVERIFY(overview_->visited().isEmpty());
        show(std::make_shared<NamedSlide>("a")); // opened again
        QVERIFY(overview_->visited().contains({5000, 5000}));
        overview_->clearVisited();
        show(second);
        show(first);
        QVERIFY(overview_->visited().isEmpty());
    }
    void aSlideThatCannotBeReadLeavesAGreyOverview() {
        const auto slide = std::make_shared<NamedSlide>("broken");
        slide->breakAt({0, 0, 20000, 14000});
        view_->setSlide(slide);
        QTRY_VERIFY(view_->isSharp()); // broken is known
        view_->setView({5000, 5000}, 0.5);
        QVERIFY(overview_->isVisible());
        QTRY_VERIFY(overview_->isComplete());
        QVERIFY(overview_->thumbnail().isNull());
        keepPicture("overview-broken.png");
    }
    void aPictureThatIsStillComingIsReadAgain() {
        const auto slide = std::make_shared<NamedSlide>("growing");
        SlideInfo whole = *slide->info(), growing = whole;
        growing.levels.back().ready = false;
        slide->setInfo(growing);
        view_->setSlide(slide);
        QTRY_VERIFY(view_->isSharp());
        QTRY_VERIFY(overview_->isComplete());
        QSignalSpy read(overview_, &OverviewWidget::thumbnailRead);
        slide->setInfo(whole);
        QTRY_VERIFY(read.count() > 0);
        QVERIFY(!overview_->thumbnail().isNull());
    }
    void looksRight() {
        SyntheticSlideOptions options;
        options.width = 40000;
        options.height = 26000;
        show(std::make_shared<SyntheticSlideSource>(options));
        for (const double x : {9000.0, 10500.0, 12000.0, 13500.0}) {
            view_->setView({x, 12000}, 0.3);
            QTRY_VERIFY(view_->isSharp());
        }
        keepPicture("overview.png");
        view_->setView({9000, 12000}, 0.15);
        view_->setRotation(115);
        QTRY_VERIFY(view_->isSharp());
        keepPicture("overview-turned.png");
        view_->setRotation(0);
        view_->setView({12000, 14000}, 4);
        QTRY_VERIFY(view_->isSharp());
        keepPicture("overview-ring.png");
        const QImage seen = overview_->grab().toImage();
        int blue = 0;
        for (int y = 0; y < seen.height(); ++y)
            for (int x = 0; x < seen.width(); ++x)
                blue += qBlue(seen.pixel(x, y)) > qRed(seen.pixel(x, y)) + 15;
        QVERIFY(blue > 300);
    }
};

QTEST_MAIN(TestOverviewWidget)
#include "TestOverviewWidget.moc"
