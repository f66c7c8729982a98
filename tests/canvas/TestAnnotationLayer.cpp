#include "canvas/MadeAnnotations.h"
#include "viewer/canvas/AnnotationLayer.h"

#include <algorithm>

#include <QPainter>
#include <QSignalSpy>
#include <QtTest>

using namespace spotglass;

class TestAnnotationLayer : public QObject {
    Q_OBJECT

    using Annotations = std::vector<Annotation>;
    static constexpr Level0Rect slide{0, 0, 100'000, 80'000};

    static Viewport viewOf(Level0Point center, double scale, double degrees = 0, bool mirrored = false,
                           double ratio = 1, QSize size = {500, 400}) {
        Viewport view;
        view.setSize(size, ratio);
        view.setSlideRect(slide);
        view.setRotation(degrees);
        view.setMirrored(mirrored);
        view.setView(center, scale);
        return view;
    }
    static QImage painted(AnnotationLayer& layer, const Viewport& view, QColor ground = Qt::white) {
        const double ratio = view.devicePixelRatio();
        QImage image((view.size() * ratio).toSize(), QImage::Format_RGB32);
        image.setDevicePixelRatio(ratio);
        image.fill(ground);
        QPainter painter(&image);
        layer.paint(painter, view);
        return image;
    }
    static QImage picture(AnnotationPicture& picture, const Viewport& view) {
        return picture.update(view).copy();
    }
    static AnnotationPicture pictureOf(Annotations all, double lineWidth) {
        AnnotationPicture made;
        made.setAnnotations(AnnotationSet::of(std::move(all)));
        AnnotationStyle style;
        style.lineWidth = lineWidth;
        made.setStyle(style);
        return made;
    }
    /// How far, in pixels, the middle of each pixel is from the nearest boundary; large where more than 2.
    static std::vector<double> distances(const AnnotationSet& set, const Viewport& view, const QSize& size) {
        const auto width = static_cast<std::size_t>(size.width());
        std::vector<double> map(width * static_cast<std::size_t>(size.height()), 1e9);
        const double ratio = view.devicePixelRatio();
        const auto mark = [&](double x, double y) {
            for (int row = static_cast<int>(y) - 2; row <= static_cast<int>(y) + 2; ++row)
                for (int column = static_cast<int>(x) - 2; column <= static_cast<int>(x) + 2; ++column) {
                    if (row < 0 || column < 0 || row >= size.height() || column >= size.width()) continue;
                    double& at =
                        map[static_cast<std::size_t>(row) * width + static_cast<std::size_t>(column)];
                    at = std::min(at, std::hypot(column + 0.5 - x, row + 0.5 - y));
                }
        };
        for (const Annotation& annotation : set.annotations()) {
            const AnnotationPath& ring = annotation.polygons[0].outer;
            for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
                const ScreenPoint a = view.toScreen(ring[j]), b = view.toScreen(ring[i]);
                const int steps = 1 + static_cast<int>(std::hypot(b.x - a.x, b.y - a.y) * ratio * 5);
                for (int k = 0; k < steps; ++k) {
                    const double x = (a.x + (b.x - a.x) * k / steps) * ratio,
                                 y = (a.y + (b.y - a.y) * k / steps) * ratio;
                    if (x > -3 && y > -3 && x < size.width() + 3 && y < size.height() + 3) mark(x, y);
                }
            }
        }
        return map;
    }
    /// Every pixel at least half covered is near a boundary, and no piece of boundary is without such pixels.
    static QString outlineFault(AnnotationPicture& drawn, const Viewport& view, double most) {
        const QImage image = picture(drawn, view);
        const AnnotationSet& set = *drawn.annotations();
        const std::vector<double> off = distances(set, view, image.size());
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x) {
                if (qAlpha(image.pixel(x, y)) < 128) continue;
                const double here = off[static_cast<std::size_t>(y * image.width() + x)];
                if (here > most)
                    return QStringLiteral("pixel %1, %2 is %3 pixels off").arg(x).arg(y).arg(here);
            }
        const double ratio = view.devicePixelRatio();
        for (const Annotation& annotation : set.annotations()) {
            const AnnotationPath& ring = annotation.polygons[0].outer;
            for (std::size_t i = 0; i < ring.size(); i += 3) {
                const ScreenPoint at = view.toScreen(ring[i]);
                const int x = static_cast<int>(std::floor(at.x * ratio)),
                          y = static_cast<int>(std::floor(at.y * ratio));
                if (!image.rect().adjusted(2, 2, -2, -2).contains(x, y)) continue;
                int strongest = 0;
                for (int dy = -1; dy <= 1; ++dy)
                    for (int dx = -1; dx <= 1; ++dx)
                        strongest = std::max(strongest, qAlpha(image.pixel(x + dx, y + dy)));
                if (strongest < 100) return QStringLiteral("no line at %1, %2").arg(x).arg(y);
            }
        }
        return {};
    }
    static void addViews() {
        QTest::addColumn<double>("scale");
        QTest::addColumn<double>("degrees");
        QTest::addColumn<bool>("mirrored");
        QTest::addColumn<double>("ratio");
        QTest::newRow("fit") << 0.0135 << 0.0 << false << 1.0;
        QTest::newRow("far") << 0.06 << 0.0 << false << 1.0;
        QTest::newRow("far, turned") << 0.06 << 33.0 << false << 1.0;
        QTest::newRow("middle, turned and mirrored") << 0.21 << 107.0 << true << 1.0;
        QTest::newRow("near, fine screen") << 0.7 << 270.0 << false << 2.0;
        QTest::newRow("1:1") << 1.0 << 0.0 << false << 1.0;
        QTest::newRow("1:1, uneven screen") << 1.0 << 45.0 << true << 1.5;
        QTest::newRow("close") << 7.3 << 12.0 << false << 1.0;
        QTest::newRow("closest") << 32.0 << 0.0 << false << 1.0;
    }

  private Q_SLOTS:
    void smoothOutlinesLieOnTheBoundary_data() { addViews(); }
    void smoothOutlinesLieOnTheBoundary() {
        QFETCH(double, scale);
        QFETCH(double, degrees);
        QFETCH(bool, mirrored);
        QFETCH(double, ratio);
        std::mt19937 random(4);
        Annotations all;
        for (int i = 0; i < 6; ++i)
            all.push_back(test::area(std::to_string(i),
                                     test::blob({50'000, 40'000}, 150 / scale / (i + 1), 700, 0.2, random)));
        AnnotationPicture drawn = pictureOf(std::move(all), 1 / ratio);
        const Viewport view = viewOf({50'000 + 40 / scale, 40'000}, scale, degrees, mirrored, ratio);
        const QString fault = outlineFault(drawn, view, 1);
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
        QVERIFY(drawn.isSmooth());
    }
    void thinOutlinesLieOnTheBoundary_data() { addViews(); }
    void thinOutlinesLieOnTheBoundary() {
        QFETCH(double, scale);
        QFETCH(double, degrees);
        QFETCH(bool, mirrored);
        QFETCH(double, ratio);
        std::mt19937 random(4);
        Annotations all;
        for (int i = 0; i < 500; ++i)
            all.push_back(test::area(std::to_string(i),
                                     test::blob({50'000, 40'000}, (5 + i * 0.4) / scale, 300, 0.1, random)));
        AnnotationPicture drawn = pictureOf(std::move(all), 1);
        const Viewport view = viewOf({50'000 + 40 / scale, 40'000}, scale, degrees, mirrored, ratio);
        const QString fault = outlineFault(drawn, view, 1.2);
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
        QVERIFY(!drawn.isSmooth());
    }
    void aLongLineFarOutsideIsDrawnWhereItPasses() {
        // Its ends are millions of screen pixels away.
        Annotation line;
        line.id = "l";
        line.lines = {{{0, 0}, {100'000, 80'000}}};
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({line}));
        const QImage image = painted(layer, viewOf({50'000, 40'000}, 32));
        QVERIFY(image.pixel(250, 200) != qRgb(255, 255, 255));
        QVERIFY(image.pixel(250 + 100, 200 + 80) != qRgb(255, 255, 255));
        QVERIFY(image.pixel(250 - 100, 200 - 80) != qRgb(255, 255, 255));
        QCOMPARE(image.pixel(250, 220), qRgb(255, 255, 255));
    }
    void holesStayEmptyWhenAreasAreFilled() {
        Annotation ring = test::area("r", {{1000, 1000}, {1200, 1000}, {1200, 1200}, {1000, 1200}},
                                     {{{1050, 1050}, {1150, 1050}, {1150, 1150}, {1050, 1150}}});
        ring.color = Rgb{0, 0, 255};
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({ring}));
        AnnotationStyle style;
        style.fillOpacity = 0.5;
        layer.setStyle(style);
        for (const double degrees : {0.0, 30.0, 180.0}) {
            const Viewport view = viewOf({1100, 1100}, 1.5, degrees);
            const QImage image = painted(layer, view);
            const auto at = [&](double x, double y) {
                const ScreenPoint p = view.toScreen(Level0Point{x, y});
                return image.pixel(static_cast<int>(p.x), static_cast<int>(p.y));
            };
            QCOMPARE(at(1100, 1100), qRgb(255, 255, 255));
            QCOMPARE(at(990, 1100), qRgb(255, 255, 255));
            QVERIFY(std::abs(qRed(at(1025, 1100)) - 128) < 3 && qBlue(at(1025, 1100)) == 255);
            QVERIFY(std::abs(qRed(at(1100, 1175)) - 128) < 3);
        }
        // The same with only a part in view, and with so many points that parts are passed over.
        std::mt19937 random(1);
        const AnnotationPath outer = test::blob({1100, 1100}, 900, 4000, 0, random);
        Annotation large = test::area("l", outer, {test::blob({1100, 1100}, 300, 4000, 0, random)});
        large.color = Rgb{0, 0, 255};
        layer.setAnnotations(AnnotationSet::of({large}));
        for (const double degrees : {0.0, 30.0, 215.0}) {
            const auto colour = [&](Level0Point middle) {
                return painted(layer, viewOf(middle, 4, degrees)).pixel(250, 200);
            };
            QVERIFY(std::abs(qRed(colour({1700, 1100})) - 128) < 3);
            QVERIFY(std::abs(qRed(colour({1100, 500})) - 128) < 3);
            QCOMPARE(colour({1100, 1100}), qRgb(255, 255, 255));
            QCOMPARE(colour({2100, 1100}), qRgb(255, 255, 255));
        }
    }
    void theSmallestStillShows() {
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({Annotation::rectangle("a", {20'000, 30'000, 20, 20})}));
        const Viewport view = viewOf({20'010, 30'010}, 0.0135);
        const QImage image = painted(layer, view);
        int marked = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                marked += image.pixel(x, y) != qRgb(255, 255, 255);
        QCOMPARE(marked, 1);
        QVERIFY(image.pixel(250, 200) != qRgb(255, 255, 255) || image.pixel(249, 199) != qRgb(255, 255, 255));
    }
    void aSelectedDotLiesOnTheOthers() {
        AnnotationLayer layer;
        Annotations all(500, Annotation::rectangle({}, {20'000, 30'000, 40, 40}));
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i].id = std::to_string(i);
        layer.setAnnotations(AnnotationSet::of(all));
        layer.setSelected({"250"});
        const QImage image = painted(layer, viewOf({20'020, 30'020}, 0.0135));
        QCOMPARE(image.pixel(249, 199), qRgb(255, 225, 0));
    }
    void manyDotsShowTheirDensity() {
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of(test::nuclei(3000, {20'000, 20'000, 1000, 20'000})));
        const QImage image = painted(layer, viewOf({20'500, 30'000}, 0.0135));
        double dense = 0, empty = 0;
        for (int y = 100; y < 300; ++y) {
            dense += 255 - qRed(image.pixel(250, y));
            empty += 255 - qRed(image.pixel(350, y));
        }
        QVERIFY(dense / 200 > 50);
        QCOMPARE(empty, 0.0);
    }
    void pointsAreDiscsOfTheSameSizeAtEveryZoom() {
        Annotation points;
        points.id = "p";
        points.points = {{500, 500}, {90'000, 70'000}};
        points.color = Rgb{0, 120, 0};
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({points}));
        for (const double scale : {0.01, 0.3, 8.0}) {
            const QImage image = painted(layer, viewOf({500, 500}, scale));
            int width = 0;
            for (int x = 0; x < 500; ++x)
                width += image.pixel(x, 200) == qRgb(0, 120, 0);
            QVERIFY(width >= 5 && width <= 8);
        }
    }
    void movingDrawsTheSameAsDrawingAnew_data() {
        QTest::addColumn<int>("count");
        QTest::newRow("smooth") << 300;
        QTest::newRow("thin") << 30'000;
    }
    void movingDrawsTheSameAsDrawingAnew() {
        QFETCH(int, count);
        Annotations all = test::nuclei(count, {49'000, 39'000, 2000, 2000});
        AnnotationPicture moved = pictureOf(all, 1.5);
        AnnotationStyle style;
        style.fillOpacity = 0.4;
        moved.setStyle(style);
        Viewport view = viewOf({50'000, 40'000}, 0.8, 20);
        (void)moved.update(view);
        QCOMPARE(moved.isSmooth(), count < 1000);
        for (const QPoint step :
             {QPoint(7, 0), QPoint(0, -5), QPoint(-60, 33), QPoint(1, 1), QPoint(120, 90)}) {
            view.panBy(step.x(), step.y());
            const QImage kept = picture(moved, view);
            AnnotationPicture anew = pictureOf(all, 1.5);
            anew.setStyle(style);
            const QImage fresh = picture(anew, view);
            QCOMPARE(kept.size(), fresh.size());
            int different = 0;
            for (int y = 0; y < kept.height(); ++y)
                for (int x = 0; x < kept.width(); ++x) {
                    const QRgb a = kept.pixel(x, y), b = fresh.pixel(x, y);
                    different += std::abs(qAlpha(a) - qAlpha(b)) > 8 || std::abs(qRed(a) - qRed(b)) > 8;
                }
            QVERIFY2(different < 300, qPrintable(QString::number(different))); // of 200,000
        }
        QCOMPARE(moved.drawings(), 1);
        view.panBy(0.5, 0);
        (void)moved.update(view);
        QCOMPARE(moved.drawings(), 2);
        view.zoomBy(1.01, {0, 0});
        (void)moved.update(view);
        QCOMPARE(moved.drawings(), 3);
    }
    void clicksFindWhatBruteForceFinds() {
        const Annotations all = test::nuclei(100'000, {40'000, 30'000, 15'000, 12'000});
        const auto set = AnnotationSet::of(all);
        AnnotationLayer layer;
        layer.setAnnotations(set);
        std::mt19937 random(9);
        std::uniform_real_distribution<double> x(39'900, 55'100), y(29'900, 42'100);
        const auto within = [](Level0Point p, const AnnotationPath& ring) {
            bool inside = false;
            for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++)
                if ((ring[i].y > p.y) != (ring[j].y > p.y) &&
                    p.x < (ring[j].x - ring[i].x) * (p.y - ring[i].y) / (ring[j].y - ring[i].y) + ring[i].x)
                    inside = !inside;
            return inside;
        };
        int hits = 0;
        for (int i = 0; i < 40; ++i) {
            const Level0Point at{x(random), y(random)};
            const Annotation* best = nullptr;
            double smallest = 1e300;
            for (std::uint32_t number = 0; number < all.size(); ++number)
                if (within(at, all[number].polygons[0].outer) && set->area(number) <= smallest) {
                    smallest = set->area(number);
                    best = &set->annotations()[number];
                }
            QCOMPARE(layer.annotationAt(at, 3), best);
            hits += best != nullptr;
        }
        QVERIFY(hits > 10 && hits < 40);
    }
    void clicksKnowHolesSizesLinesAndPoints() {
        Annotation tissue = test::area("tissue", {{0, 0}, {1000, 0}, {1000, 1000}, {0, 1000}},
                                       {{{400, 400}, {600, 400}, {600, 600}, {400, 600}}});
        Annotation island = Annotation::rectangle("island", {450, 450, 20, 20});
        Annotation gland = Annotation::rectangle("gland", {100, 100, 50, 50});
        Annotation again = Annotation::rectangle("again", {100, 100, 50, 50});
        Annotation line, point;
        line.id = "line";
        line.lines = {{{120, 0}, {120, 1000}, {2000, 1000}}};
        point.id = "point";
        point.points = {{800, 800}};
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({gland, again, line, point, island, tissue, {}}));
        const auto at = [&layer](double x, double y) {
            const Annotation* found = layer.annotationAt({x, y}, 5);
            return found ? found->id : std::string();
        };
        QCOMPARE(layer.annotations()->size(), std::size_t(6)); // without the empty one
        QCOMPARE(layer.annotations()->area(5), 1e6 - 4e4);
        QCOMPARE(at(10, 500), std::string("tissue"));
        QCOMPARE(at(500, 500), std::string());
        QCOMPARE(at(460, 460), std::string("island"));
        QCOMPARE(at(105, 140), std::string("again")); // the last of equals
        QCOMPARE(at(124, 130), std::string("line"));
        QCOMPARE(at(126, 130), std::string("again"));
        QCOMPARE(at(1500, 1004), std::string("line"));
        QCOMPARE(at(803, 804), std::string("point"));
        QCOMPARE(at(804, 804), std::string("tissue"));
        QCOMPARE(at(-1, 500), std::string());
    }
    void aNucleusIsPartOfItsCell() {
        Annotation cell = Annotation::rectangle("cell", {1000, 1000, 40, 40});
        cell.nucleus = {{{{1010, 1010}, {1030, 1010}, {1030, 1030}, {1010, 1030}}, {}}};
        cell.lines = {{{1100, 1000}, {1200, 1000}}}; // a line bounds no area
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({cell}));
        QVERIFY(layer.annotationAt({1020, 1020}, 0));
        QVERIFY(layer.annotationAt({1005, 1020}, 0));
        QVERIFY(!layer.annotationAt({1080, 1020}, 0));
        QCOMPARE(layer.annotations()->area(0), 1600.0);
        const QImage image = painted(layer, viewOf({1020, 1020}, 2));
        QVERIFY(image.pixel(250, 180) != qRgb(255, 255, 255)); // its outline is drawn
    }
    void clicksInsideLongOutlines() {
        std::mt19937 random(6);
        const AnnotationPath ring = test::blob({5000, 5000}, 3000, 5000, 0.4, random);
        AnnotationPath line = test::blob({5000, 5000}, 4000, 5000, 0.1, random);
        Annotation open;
        open.id = "open";
        open.lines = {line};
        const auto set = AnnotationSet::of({test::area("ring", ring), open});
        std::uniform_real_distribution<double> place(0, 10'000);
        for (int i = 0; i < 2000; ++i) {
            const Level0Point at{place(random), place(random)};
            bool inside = false;
            for (std::size_t k = 0, j = ring.size() - 1; k < ring.size(); j = k++)
                if ((ring[k].y > at.y) != (ring[j].y > at.y) &&
                    at.x < (ring[j].x - ring[k].x) * (at.y - ring[k].y) / (ring[j].y - ring[k].y) + ring[k].x)
                    inside = !inside;
            QCOMPARE(set->contains(0, at), inside);
            QCOMPARE(set->isNear(1, at, 50), test::distanceToPath(at, line, false) <= 50);
        }
    }
    void hoveringRepaintsOnlyItsPlace() {
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({Annotation::rectangle("a", {1000, 1000, 100, 100}),
                                                Annotation::rectangle("b", {1300, 1000, 50, 50})}));
        const Viewport view = viewOf({1100, 1100}, 1);
        const QImage before = painted(layer, view);
        QSignalSpy spy(&layer, &Layer::changed);
        layer.setHovered("a");
        QCOMPARE(spy.size(), 1);
        const auto area = spy.takeFirst().at(0).value<Level0Rect>();
        QVERIFY(area.x < 1000 && area.right() > 1100 && area.right() < 1200);
        const QImage hovered = painted(layer, view);
        const QRect place = view.toScreen(area).toAlignedRect();
        for (int y = 0; y < 400; ++y)
            for (int x = 0; x < 500; ++x)
                if (!place.contains(x, y)) QCOMPARE(hovered.pixel(x, y), before.pixel(x, y));
        QVERIFY(hovered != before);
        layer.setHovered("b");
        QCOMPARE(spy.size(), 2); // where it was, and where it is
        layer.setHovered("nothing of that name");
        layer.setHovered({});
        QCOMPARE(painted(layer, view), before);
    }
    void theSelectionLiesOnTopAndOutlastsANewSnapshot() {
        AnnotationLayer layer;
        Annotation big = Annotation::rectangle("big", {1000, 1000, 200, 200});
        big.color = Rgb{0, 0, 255};
        Annotation on = big; // covers the same line
        on.id = "on";
        layer.setAnnotations(AnnotationSet::of({big, on}));
        layer.setStyle({.lineWidth = 2});
        const Viewport view = viewOf({1100, 1100}, 1);
        const QRgb selected = qRgb(255, 225, 0);
        QCOMPARE(painted(layer, view).pixel(250, 100), qRgb(0, 0, 255));
        QSignalSpy spy(&layer, &Layer::changed);
        layer.setSelected({"big", "not there"});
        QCOMPARE(spy.size(), 1);
        QCOMPARE(painted(layer, view).pixel(250, 100), selected);
        layer.setAnnotations(AnnotationSet::of({on, big}));
        QCOMPARE(painted(layer, view).pixel(250, 100), selected);
        layer.setSelected({});
        QCOMPARE(painted(layer, view).pixel(250, 100), qRgb(0, 0, 255));
        layer.setAnnotations(nullptr);
        QCOMPARE(painted(layer, view).pixel(250, 100), qRgb(255, 255, 255));
        QVERIFY(!layer.annotationAt({1100, 1100}, 1));
    }
    void opacityAndClipAreRespected() {
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of({Annotation::rectangle("a", {1000, 1000, 100, 100})}));
        layer.setStyle({.lineWidth = 2});
        const Viewport view = viewOf({1050, 1050}, 2);
        QImage image(500, 400, QImage::Format_RGB32);
        image.fill(Qt::white);
        QPainter painter(&image);
        painter.setClipRect(0, 0, 250, 400);
        painter.setOpacity(0.5);
        layer.paint(painter, view);
        QCOMPARE(painter.opacity(), 0.5);
        QCOMPARE(painter.transform(), QTransform());
        painter.end();
        const QRgb line = image.pixel(200, 100);
        QVERIFY(qGreen(line) > 120 && qGreen(line) < 160);
        QCOMPARE(image.pixel(300, 100), qRgb(255, 255, 255));
    }
    void manySmallAreasFilledAmongVeryMany() {
        AnnotationLayer layer;
        layer.setAnnotations(AnnotationSet::of(test::nuclei(60'000, {40'000, 30'000, 6000, 5000})));
        AnnotationStyle style;
        style.fillOpacity = 0.5;
        layer.setStyle(style);
        const QString folder = qEnvironmentVariable("SPOTGLASS_PICTURES");
        for (const double scale : {0.05, 0.09, 0.16, 0.3, 0.6, 1.2}) {
            const QImage image = painted(layer, viewOf({43'000, 32'500}, scale));
            int marked = 0;
            for (int y = 190; y < 210; ++y)
                for (int x = 240; x < 260; ++x)
                    marked += image.pixel(x, y) != qRgb(255, 255, 255);
            QVERIFY(marked > 200);
            if (!folder.isEmpty())
                (void)image.copy(150, 100, 200, 150)
                    .scaled(800, 600)
                    .save(QStringLiteral("%1/filled-%2.png").arg(folder).arg(scale));
        }
    }
};

QTEST_GUILESS_MAIN(TestAnnotationLayer)
#include "TestAnnotationLayer.moc"
