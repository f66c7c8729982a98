#include "viewer/canvas/RulerLayer.h"

#include <QPainter>
#include <QSignalSpy>
#include <QtTest>

using namespace spotglass;

class TestRulerLayer : public QObject {
    Q_OBJECT

    static Viewport viewOf(double scale, double degrees = 0, bool mirrored = false, double ratio = 1) {
        Viewport view;
        view.setSize({500, 400}, ratio);
        view.setSlideRect({0, 0, 10'000, 10'000});
        view.setRotation(degrees);
        view.setMirrored(mirrored);
        view.setView({5000, 5000}, scale);
        return view;
    }
    static QImage painted(RulerLayer& layer, const Viewport& view, QColor ground = QColor(190, 120, 160)) {
        QImage image((view.size() * view.devicePixelRatio()).toSize(), QImage::Format_RGB32);
        image.setDevicePixelRatio(view.devicePixelRatio());
        image.fill(ground);
        QPainter painter(&image);
        layer.paint(painter, view);
        return image;
    }
    static int inkIn(const QImage& image, const QRectF& area) {
        int marked = 0;
        const QRect pixels = area.toAlignedRect() & image.rect();
        for (int y = pixels.top(); y <= pixels.bottom(); ++y)
            for (int x = pixels.left(); x <= pixels.right(); ++x)
                marked += qGray(image.pixel(x, y)) > 200;
        return marked;
    }
    /// Writes the pictures where a person can look at them.
    static void keep(const QImage& image, const QString& name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_PICTURES");
        if (!folder.isEmpty()) QVERIFY(image.save(folder + u'/' + name + QLatin1String(".png")));
    }

  private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }

    void lengthsKnowThatPixelsMayBeWiderThanHigh() {
        const MicronsPerPixel wide{0.5, 0.25};
        QCOMPARE(lengthInMicrometres({0, 0}, {100, 0}, wide), 50.0);
        QCOMPARE(lengthInMicrometres({0, 0}, {0, 100}, wide), 25.0);
        QCOMPARE(lengthInMicrometres({10, 10}, {16, 26}, wide), 5.0); // 3 and 4 um
    }
    void textsAreRound_data() {
        QTest::addColumn<double>("micrometres");
        QTest::addColumn<QString>("text");
        QTest::newRow("nothing") << 0.0 << QStringLiteral("0.00 \u00b5m");
        QTest::newRow("small") << 8.534 << QStringLiteral("8.53 \u00b5m");
        QTest::newRow("below ten") << 9.994 << QStringLiteral("9.99 \u00b5m");
        QTest::newRow("nearly ten") << 9.996 << QStringLiteral("10.0 \u00b5m");
        QTest::newRow("middle") << 85.34 << QStringLiteral("85.3 \u00b5m");
        QTest::newRow("below a millimetre") << 999.94 << QStringLiteral("999.9 \u00b5m");
        QTest::newRow("nearly a millimetre") << 999.96 << QStringLiteral("1.000 mm");
        QTest::newRow("large") << 1234.4 << QStringLiteral("1.234 mm");
        QTest::newRow("a section") << 23456.7 << QStringLiteral("23.457 mm");
    }
    void textsAreRound() {
        QFETCH(double, micrometres);
        QFETCH(QString, text);
        QCOMPARE(textOfLength(micrometres), text);
    }
    void labelsFollowTheScale() {
        RulerLayer layer;
        layer.add({1000, 1000}, {1300, 1400});
        QCOMPARE(layer.label(layer.rulers()[0]), QStringLiteral("500 pixels (the slide has no scale)"));
        QSignalSpy spy(&layer, &Layer::changed);
        layer.setMicronsPerPixel(MicronsPerPixel{0.25, 0.25});
        QCOMPARE(spy.size(), 1);
        QCOMPARE(layer.label(layer.rulers()[0]), QStringLiteral("125.0 \u00b5m"));
        layer.setMicronsPerPixel(MicronsPerPixel{0.5, 0.25});
        QCOMPARE(layer.label(layer.rulers()[0]), QStringLiteral("180.3 \u00b5m"));
        layer.setMicronsPerPixel(MicronsPerPixel{0, 0.25}); // no scale at all
        QCOMPARE(layer.label({1, {0, 0}, {12.34, 0}}),
                 QStringLiteral("12.3 pixels (the slide has no scale)"));
    }
    void theLineRunsFromEndToEnd_data() {
        QTest::addColumn<double>("degrees");
        QTest::addColumn<bool>("mirrored");
        QTest::newRow("upright") << 0.0 << false;
        QTest::newRow("turned") << 37.0 << false;
        QTest::newRow("quarter") << 90.0 << false;
        QTest::newRow("mirrored") << 200.0 << true;
    }
    void theLineRunsFromEndToEnd() {
        QFETCH(double, degrees);
        QFETCH(bool, mirrored);
        RulerLayer layer;
        layer.setMicronsPerPixel(MicronsPerPixel{0.5, 0.5});
        layer.add({4800, 4900}, {5200, 5050});
        const Viewport view = viewOf(0.5, degrees, mirrored);
        const QImage image = painted(layer, view);
        keep(image, QStringLiteral("ruler-%1").arg(degrees));
        const auto at = [&](double x, double y) {
            const ScreenPoint p = view.toScreen(Level0Point{x, y});
            return qGray(image.pixel(static_cast<int>(std::floor(p.x)), static_cast<int>(std::floor(p.y))));
        };
        for (double t = 0.02; t < 1; t += 0.02)
            QVERIFY(at(4800 + 400 * t, 4900 + 150 * t) > 170);
        QVERIFY(at(4800 - 20, 4900 - 7.5) < 160); // neither before the line nor after it
        QVERIFY(at(5200 + 20, 5050 + 7.5) < 160);
        // A tick stands across each end: 10 level-0 pixels are 5 on the screen.
        const double across = 10 / std::hypot(400, 150);
        QVERIFY(at(4800 - 150 * across, 4900 + 400 * across) > 170);
        QVERIFY(at(5200 + 150 * across, 5050 - 400 * across) > 170);
    }
    void platesAreUprightReadableAndBesideTheLine() {
        RulerLayer layer;
        layer.setMicronsPerPixel(MicronsPerPixel{0.5, 0.5});
        layer.add({4800, 4900}, {5200, 5050});
        for (double degrees = 0; degrees < 360; degrees += 15) {
            const Viewport view = viewOf(0.5, degrees);
            const QRectF plate = layer.plate(layer.rulers()[0], view);
            QVERIFY(plate.width() > plate.height() * 1.5); // the same upright plate at every turn
            QCOMPARE(plate.size(), layer.plate(layer.rulers()[0], viewOf(0.5)).size());
            QVERIFY(QRectF({0, 0}, view.size()).contains(plate));
            for (double t = 0; t <= 1; t += 0.01) {
                const ScreenPoint p = view.toScreen(Level0Point{4800 + 400 * t, 4900 + 150 * t});
                QVERIFY(!plate.contains(p.x, p.y));
            }
            for (const QColor ground : {QColor(255, 255, 255), QColor(40, 10, 60)}) {
                const QImage image = painted(layer, view, ground);
                QVERIFY(inkIn(image, plate.adjusted(3, 3, -3, -3)) > 40);
                QVERIFY(qGray(image.pixel((plate.topLeft() + QPointF(5, 12)).toPoint())) < 90);
            }
        }
    }
    void platesStayInViewWithTheLine() {
        RulerLayer layer;
        const int id = layer.add({0, 5000}, {10'000, 5010});
        const Viewport view = viewOf(8);
        const QRectF plate = layer.plate(*layer.find(id), view);
        QVERIFY(QRectF(0, 0, 500, 400).contains(plate));
        QVERIFY(std::abs(plate.center().x() - 250) < 2);
        const QImage image = painted(layer, view);
        keep(image, QStringLiteral("ruler-long"));
        QVERIFY(qGray(image.pixel(10, static_cast<int>(view.toScreen(Level0Point{4970, 5004.97}).y))) > 170);
        const int away = layer.add({100, 100}, {200, 200});
        QVERIFY(layer.plate(*layer.find(away), view).isEmpty());
    }
    void endsCanBeTakenHoldOf() {
        RulerLayer layer;
        const int a = layer.add({100, 100}, {200, 100}), b = layer.add({203, 100}, {400, 100});
        QVERIFY(layer.endAt({201, 100}, 5) == (RulerEnd{a, true}));
        QVERIFY(layer.endAt({202, 100}, 5) == (RulerEnd{b, false}));
        QVERIFY(!layer.endAt({300, 100}, 5));
        layer.moveEnd({a, false}, {100, 300});
        QCOMPARE(layer.find(a)->from, (Level0Point{100, 300}));
        layer.moveEnd({99, false}, {0, 0}); // unknown
        layer.remove(a);
        QVERIFY(!layer.find(a) && layer.find(b));
        QVERIFY(layer.add({0, 0}, {1, 1}) > b);
    }
    void onlyItsPlaceIsRepainted() {
        RulerLayer layer;
        layer.setMicronsPerPixel(MicronsPerPixel{0.5, 0.5});
        const Viewport view = viewOf(1, 30);
        const QImage before = painted(layer, view);
        QSignalSpy spy(&layer, &Layer::changed);
        const int id = layer.add({4900, 4950}, {4980, 5000});
        layer.moveEnd({id, true}, {5090, 5020});
        QVERIFY(spy.size() >= 2);
        QRectF touched;
        for (const auto& call : spy)
            touched |= view.toScreen(call.at(0).value<Level0Rect>());
        const QImage after = painted(layer, view);
        for (int y = 0; y < 400; ++y)
            for (int x = 0; x < 500; ++x)
                if (!touched.contains(x, y)) QCOMPARE(after.pixel(x, y), before.pixel(x, y));
        QVERIFY(after != before);
    }
    void theToolDrawsMovesAndForgets() {
        RulerLayer layer;
        RulerTool tool(layer);
        tool.moveTo({5, 5}); // nothing is held
        tool.finish();
        QVERIFY(layer.rulers().empty());
        tool.begin({10, 10});
        QVERIFY(tool.isActive());
        tool.moveTo({50, 10});
        tool.moveTo({90, 10});
        tool.finish();
        QVERIFY(!tool.isActive());
        QCOMPARE(layer.rulers().size(), std::size_t(1));
        QCOMPARE(layer.rulers()[0].to, (Level0Point{90, 10}));
        tool.begin({300, 300}, 4); // a click is no ruler
        tool.finish();
        QCOMPARE(layer.rulers().size(), std::size_t(1));
        tool.begin({92, 11}, 4); // takes the end
        tool.moveTo({90, 80});
        QCOMPARE(layer.rulers()[0].to, (Level0Point{90, 80}));
        tool.cancel();
        QCOMPARE(layer.rulers()[0].to, (Level0Point{90, 10}));
        tool.begin({500, 500}, 4);
        tool.moveTo({600, 600});
        tool.cancel();
        QCOMPARE(layer.rulers().size(), std::size_t(1)); // several are kept, cancelled ones are not
        tool.begin({500, 500}, 4);
        tool.moveTo({600, 600});
        tool.finish();
        QCOMPARE(layer.rulers().size(), std::size_t(2));
        tool.begin({1, 1});
        tool.clear();
        QVERIFY(layer.rulers().empty() && !tool.isActive());
    }
    void severalOnAFineScreen() {
        RulerLayer layer;
        layer.setMicronsPerPixel(MicronsPerPixel{0.25, 0.25});
        layer.add({4600, 4700}, {5400, 4750});
        layer.add({4700, 5300}, {4720, 4900});
        layer.add({5000, 5000}, {5004, 5003});
        const QImage image = painted(layer, viewOf(0.5, 0, false, 2));
        keep(image, QStringLiteral("ruler-several"));
        QCOMPARE(image.width(), 1000);
    }
};

QTEST_MAIN(TestRulerLayer)
#include "TestRulerLayer.moc"
