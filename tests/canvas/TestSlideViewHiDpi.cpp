#include "canvas/GrabCheck.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/SlideView.h"

#include <QApplication>
#include <QtTest>

using namespace spotglass;
using test::GradientSlide;

/// The same view on a screen with two (or one and a half) device pixels to a screen pixel.
class TestSlideViewHiDpi : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void tilesAreChosenAndDrawnForDevicePixels() {
        const auto slide = std::make_shared<GradientSlide>(20000, 14000, 4, 4);
        SlideView view;
        view.resize(500, 400);
        view.setScaleBarVisible(false);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        const double ratio = view.devicePixelRatioF();
        QVERIFY(ratio > 1.4);
        view.setSlide(slide);
        for (const double scale : {0.125, 0.21, 0.37, 0.5, 1.0, 3.3}) {
            view.setView({9000.3, 7000.7}, scale);
            QTRY_VERIFY(view.isSharp());
            const QImage image = test::grabbed(view);
            QCOMPARE(image.width(), qRound(500 * ratio));
            double downsample = 1;
            for (const double candidate : {4.0, 16.0, 64.0})
                if (candidate * scale * ratio <= 1.2) downsample = candidate;
            const QString wrong = test::firstDifference(image, view, *slide, downsample);
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        }
    }
    void heatmapCellsLieOnTheirDevicePixels() {
        SlideView view;
        view.resize(400, 400);
        view.setScaleBarVisible(false);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.setSlide(std::make_shared<GradientSlide>(4000, 4000, 2, 4));
        ExpressionField field;
        field.columns = field.rows = 1;
        field.latticeToLevel0 = {100, 0, 2000, 0, 100, 2000};
        field.values = {1};
        auto* heatmap = new HeatmapLayer;
        heatmap->setField(field);
        view.addLayer(heatmap);
        view.setView({2000, 2000}, 1);
        QTRY_VERIFY(view.isSharp());
        const QImage image = test::grabbed(view);
        const double ratio = view.devicePixelRatioF();
        const QRgb colour = ColorMap().table()[255];
        int first = -1, count = 0;
        for (int x = 0; x < image.width(); ++x) {
            if (image.pixel(x, image.height() / 2) != colour) continue;
            if (first < 0) first = x;
            ++count;
        }
        QVERIFY(std::abs(first - 150 * ratio) <= 0.5);
        QVERIFY(std::abs(count - 100 * ratio) <= 0.5);
    }
};

int main(int argc, char** argv) {
    if (!qEnvironmentVariableIsSet("QT_SCALE_FACTOR")) qputenv("QT_SCALE_FACTOR", "2");
    QApplication application(argc, argv);
    TestSlideViewHiDpi test;
    return QTest::qExec(&test, argc, argv);
}
#include "TestSlideViewHiDpi.moc"
