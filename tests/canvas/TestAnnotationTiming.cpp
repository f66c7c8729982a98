#include "canvas/MadeAnnotations.h"
#include "viewer/canvas/AnnotationLayer.h"

#include <algorithm>
#include <ctime>

#include <QElapsedTimer>
#include <QPainter>
#include <QtTest>

using namespace spotglass;

/// Prints how long frames take. What is asserted is only that there is something in them.
class TestAnnotationTiming : public QObject {
    Q_OBJECT

    using Annotations = std::vector<Annotation>;
    static constexpr Level0Rect slide{0, 0, 100'000, 80'000};

    static double median(std::vector<double> values) {
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                         values.end());
        return values[values.size() / 2];
    }
    static double milliseconds(const QElapsedTimer& timer) { return double(timer.nsecsElapsed()) / 1e6; }
    /// Of the processor: other programs that run at the same time count less.
    static double processorTime() { return double(std::clock()) * 1000 / CLOCKS_PER_SEC; }

    /// Frames of 1920 x 1080 that each differ by a little zoom, so that nothing can be kept.
    static void time(const char* what, const std::shared_ptr<const AnnotationSet>& set, Level0Point center,
                     AnnotationStyle style = {}, double degrees = 0) {
        qInfo("%s: %.0f MB of outlines", what, double(set->outlines().bytes()) / 1e6);
        AnnotationLayer layer;
        layer.setAnnotations(set);
        layer.setStyle(style);
        Viewport view;
        view.setSize({1920, 1080}, 1);
        view.setSlideRect(slide);
        view.setRotation(degrees);
        QImage frame(1920, 1080, QImage::Format_RGB32);
        frame.fill(Qt::white);
        const QImage empty = frame;
        bool drawn = false;
        for (double scale = view.fitScale(); scale < 2.1;
             scale = scale < 0.99 ? std::min(scale * 1.85, 1.0) : scale * 2) {
            std::vector<double> times, passed;
            for (int i = 0; i < 9; ++i) {
                frame.fill(Qt::white);
                view.setView(center, scale * (1 + i * 1e-4));
                QPainter painter(&frame);
                QElapsedTimer timer;
                timer.start();
                const double start = processorTime();
                layer.paint(painter, view);
                times.push_back(processorTime() - start);
                passed.push_back(milliseconds(timer));
            }
            const double slowest = *std::max_element(times.begin(), times.end());
            view.panBy(7, 3);
            frame.fill(Qt::white);
            QPainter painter(&frame);
            const double start = processorTime();
            layer.paint(painter, view);
            qInfo("  scale %.4f: median %5.1f ms passed, of all processors %5.1f ms, at most %5.1f ms; moved "
                  "%4.1f ms",
                  scale, median(passed), median(times), slowest, processorTime() - start);
            painter.end();
            drawn = drawn || frame != empty;
            if (const QString folder = qEnvironmentVariable("SPOTGLASS_PICTURES"); !folder.isEmpty())
                frame.save(QStringLiteral("%1/%2-%3.png")
                               .arg(folder, QString::fromLatin1(what).section(u' ', 0, 1))
                               .arg(scale, 0, 'f', 4));
        }
        QVERIFY(drawn);
    }

    static constexpr Level0Rect crowd{40'000, 35'000, 20'000, 11'000};
    std::shared_ptr<const AnnotationSet> crowded_;

  private Q_SLOTS:
    void initTestCase() {
        Annotations nuclei = test::nuclei(100'000, crowd);
        QElapsedTimer timer;
        timer.start();
        crowded_ = AnnotationSet::of(std::move(nuclei));
        qInfo("snapshot of 100,000 nuclei built in %.0f ms", milliseconds(timer));
    }
    void scatteredNuclei() {
        time("100,000 scattered nuclei", AnnotationSet::of(test::nuclei(100'000, slide)), slide.center());
    }
    void crowdedNuclei() { time("100,000 crowded nuclei", crowded_, crowd.center()); }
    void crowdedTurned() { time("crowded turned nuclei", crowded_, crowd.center(), {}, 33); }
    void crowdedFilled() { time("crowded filled nuclei", crowded_, crowd.center(), {.fillOpacity = 0.3}); }
    void largeAreas() {
        std::mt19937 random(3);
        std::uniform_real_distribution<double> x(0, 100'000), y(0, 80'000);
        Annotations all;
        for (int i = 0; i < 1000; ++i)
            all.push_back(
                test::area(std::to_string(i), test::blob({x(random), y(random)}, 2000, 10'000, 0.3, random)));
        time("1,000 large areas of 10,000 points", AnnotationSet::of(std::move(all)), slide.center());
    }
    void largeAreasInOnePlace() {
        std::mt19937 random(3);
        std::uniform_real_distribution<double> radius(100, 30'000);
        Annotations all;
        for (int i = 0; i < 1000; ++i)
            all.push_back(test::area(std::to_string(i),
                                     test::blob(slide.center(), radius(random), 10'000, 0.2, random)));
        time("1,000 nested areas of 10,000 points", AnnotationSet::of(std::move(all)), {50'500, 40'500});
    }
    void clicks() {
        AnnotationLayer layer;
        layer.setAnnotations(crowded_);
        QElapsedTimer timer;
        timer.start();
        int hits = 0;
        for (int i = 0; i < 10'000; ++i)
            hits += layer.annotationAt({40'000.0 + i * 2, 35'000.0 + i}, 4) != nullptr;
        qInfo("10,000 clicks among 100,000 nuclei: %.1f us each, %d hits", milliseconds(timer) / 10, hits);
        QVERIFY(hits > 0);
    }
};

QTEST_GUILESS_MAIN(TestAnnotationTiming)
#include "TestAnnotationTiming.moc"
