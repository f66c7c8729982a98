// bench_window SLIDE [ANOTHER]: how long the running window takes to show a fresh view and another slide,
// painted and sharp. Real files, real services; offscreen or on a display. Prints medians as JSON.
#include "app/desktop/PredictionController.h"
#include "app/desktop/SlideController.h"
#include "ui/MainWindow.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include <QApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTimer>

using namespace spotglass;

namespace {

constexpr int jumps = 60, openings = 10;
constexpr int patience = 20'000, breather = 400; ///< milliseconds

/// Waits for the view of a window.
class Bench : public QObject {
  public:
    explicit Bench(MainWindow& window) : window_(window) {
        window.view().installEventFilter(this);
        timer_.setSingleShot(true);
        connect(&timer_, &QTimer::timeout, &loop_, &QEventLoop::quit);
        connect(&window.view(), &SlideView::becameSharp, this, [this] {
            sharp_ = true;
            window_.view().update(); // if the last paint event came before
        });
        connect(&window, &MainWindow::problem, this,
                [](const Error& error) { std::cerr << error.sentence() << '\n'; });
    }
    /// Milliseconds from `act` until its view is sharp and painted.
    double measure(const std::function<void()>& act) {
        sharp_ = false;
        QElapsedTimer clock;
        clock.start();
        act();
        wait(patience);
        return static_cast<double>(clock.nsecsElapsed()) / 1e6;
    }
    void wait(int milliseconds) {
        timer_.start(milliseconds);
        loop_.exec();
        timer_.stop();
    }
    bool eventFilter(QObject* /*watched*/, QEvent* event) override {
        // Queued: after this painting.
        if (event->type() == QEvent::Paint && std::exchange(sharp_, false))
            QMetaObject::invokeMethod(&loop_, &QEventLoop::quit, Qt::QueuedConnection);
        return false;
    }

  private:
    MainWindow& window_;
    QEventLoop loop_;
    QTimer timer_;
    bool sharp_ = false;
};

nlohmann::json summary(std::vector<double> times) {
    std::ranges::sort(times);
    const auto at = [&times](double share) {
        return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
    };
    return {{"median", at(0.5)}, {"p90", at(0.9)}, {"most", at(1)}, {"n", times.size()}};
}

} // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    if (argc < 2) {
        std::cerr << "bench_window SLIDE [ANOTHER]\n";
        return 2;
    }
    const QTemporaryDir settings;
    QStandardPaths::setTestModeEnabled(true);
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings.path());
    SlideController slides([]() -> Result<std::unique_ptr<SlideMemory>> {
        return fail(ErrorKind::BadInput, "nothing is remembered here");
    });
    PredictionController predictions(
        []() -> Result<EngineFactory*> { return fail(ErrorKind::BadInput, "nothing is predicted here"); },
        "/nowhere");
    MainWindow window(slides, predictions);
    window.setDialogsEnabled(false);
    window.setOpensModelByItself(false);
    window.resize(1920, 1080);
    window.setPresentation(true, false);
    window.show();
    Bench bench(window);
    const std::filesystem::path file = argv[1], other = argc > 2 ? argv[2] : argv[1];
    nlohmann::json result;
    result["first_opening_ms"] = bench.measure([&] { window.replaceSlide(file); });
    if (!window.slide()) return 1;

    std::mt19937 random(1);
    const QRectF place = [&] {
        const auto rect = window.view().viewport().slideRect();
        return QRectF(rect.x, rect.y, rect.width, rect.height);
    }();
    for (const double scale : {0.864, 0.1}) {
        std::vector<double> times;
        for (int i = 0; i < jumps; ++i) {
            std::uniform_real_distribution<double> x(place.left() + place.width() / 10,
                                                     place.right() - place.width() / 10),
                y(place.top() + place.height() / 10, place.bottom() - place.height() / 10);
            const Level0Point to{x(random), y(random)};
            times.push_back(bench.measure([&] { window.view().setView(to, scale); }));
            if (i % 10 == 9) bench.wait(breather);
        }
        result[scale > 0.5 ? "jump_ms" : "jump_far_out_ms"] = summary(times);
    }
    std::vector<double> times;
    for (int i = 0; i < openings; ++i) {
        bench.wait(breather);
        times.push_back(bench.measure([&] { window.replaceSlide(i % 2 ? file : other); }));
    }
    result["opening_when_running_ms"] = summary(times);
    result["size"] = {window.view().width(), window.view().height()};
    std::cout << result.dump(1) << '\n';
    return 0;
}
