#include "FuseDrive.h"
#include "slide/ScannerFiles.h"
#include "viewer/canvas/SlideLayer.h"
#include "viewer/canvas/SlideView.h"

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;
using test::FuseDrive;
namespace fs = std::filesystem;

/// A slide on a drive that hangs or vanishes, seen by the operating system: nothing holds the window up, and
/// what could not be read comes back with the drive.
class TestVanishingDrive : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    std::unique_ptr<FuseDrive> drive_;

    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    static std::string bytesOf(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static void show(SlideView& view, const std::shared_ptr<SlideSource>& slide) {
        view.resize(600, 400);
        view.setAnimated(false);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.setSlide(slide);
    }
    /// The window goes on: its timers fire and it paints.
    static void goesOn(SlideView& view) {
        int beats = 0;
        QTimer timer;
        timer.setInterval(5);
        connect(&timer, &QTimer::timeout, &view, [&] {
            ++beats;
            view.panBy(3, 2);
            view.update();
        });
        timer.start();
        QTRY_VERIFY(beats >= 30);
        QVERIFY(!view.grab().isNull());
    }

  private Q_SLOTS:
    void initTestCase() {
        const Painter painter = [](int x, int y) {
            return squareColor(x / 64, y / 64) ^ static_cast<std::uint32_t>(x * 31 + y * 17) % 8;
        };
        std::map<std::string, std::string> files;
        for (const auto& [name, packing] :
             {std::pair("jpeg.tif", Packing::Jpeg), std::pair("deflate.tif", Packing::Deflate)}) {
            writeTiff(at(name), {.width = 2560, .height = 2048, .tile = 256, .packing = packing, .levels = 4},
                      painter);
            files[name] = bytesOf(at(name));
        }
        writeAperio(at("openslide.svs"),
                    {.width = 1400, .height = 1200, .downsamples = {1, 4}, .jpeg2000 = 33005}, painter);
        files["openslide.svs"] = bytesOf(at("openslide.svs"));
        fs::create_directory(at("drive"));
        drive_ = std::make_unique<FuseDrive>(at("drive"), files);
    }
    void init() {
        if (!drive_->mount()) QSKIP(qPrintable(QString::fromStdString(drive_->error())));
    }
    void cleanup() {
        drive_->resume();
        QVERIFY(!drive_->gaveUp());
        drive_->vanish();
    }
    void cleanupTestCase() { drive_.reset(); }

    void aHangingDriveDoesNotHoldTheWindowUp_data() {
        QTest::addColumn<QString>("file");
        QTest::newRow("JPEG, by our own reading") << QStringLiteral("jpeg.tif");
        QTest::newRow("Deflate, by libtiff") << QStringLiteral("deflate.tif");
    }
    void aHangingDriveDoesNotHoldTheWindowUp() {
        QFETCH(QString, file);
        SlideView view;
        show(view, openSlide(drive_->path(file.toStdString())).value());
        QTRY_VERIFY(view.isSharp());
        drive_->hang();
        view.setView({1700, 1500}, 1);
        QTRY_VERIFY(drive_->waiting() > 0);
        goesOn(view);
        view.setView({400, 400}, 1.5);
        goesOn(view);
        QVERIFY(!view.isSharp());
        drive_->resume();
        QTRY_VERIFY(view.isSharp());
        QVERIFY(view.brokenTileAt(view.viewport().center()).isEmpty());
    }
    void aDriveThatVanishesAndIsBackIsReadAgain() {
        std::vector<std::unique_ptr<SlideView>> views;
        for (const char* name : {"jpeg.tif", "deflate.tif", "openslide.svs"}) {
            views.push_back(std::make_unique<SlideView>());
            show(*views.back(), openSlide(drive_->path(name)).value());
            QTRY_VERIFY(views.back()->isSharp());
        }
        drive_->hang();
        for (const auto& view : views)
            view->setView({700, 600}, 1);
        QTRY_VERIFY(drive_->waiting() > 1);
        drive_->vanish();                   // the reads that hang end with an error
        for (std::size_t i = 0; i < 2; ++i) // OpenSlide may still have the third one's
            QTRY_VERIFY(!views[i]->brokenTileAt({700, 600}).isEmpty());
        goesOn(*views.front());
        QVERIFY(drive_->mount());
        for (const auto& view : views) {
            view->setView({700, 600}, 1);
            QTRY_VERIFY_WITH_TIMEOUT(view->isSharp() && view->brokenTileAt({700, 600}).isEmpty(), 60000);
            const QImage seen = view->grab().toImage();
            const auto here = view->viewport().toScreen(Level0Point{700, 600});
            const QRgb colour = seen.pixel(static_cast<int>(here.x), static_cast<int>(here.y));
            QVERIFY(difference(colour, squareColor(700 / 64, 600 / 64)) <= 24);
        }
    }
    void openingASlideOnAHangingDriveWaitsOnItsOwnThread() {
        drive_->hang();
        std::atomic<bool> done{false};
        Result<std::shared_ptr<SlideSource>> opened = nullptr;
        std::thread opener([&] {
            opened = openSlide(drive_->path("jpeg.tif"));
            done = true;
        });
        SlideView view;
        show(view, openSlide(at("jpeg.tif")).value()); // one that is at hand
        QTRY_VERIFY(view.isSharp());
        QTRY_VERIFY(drive_->waiting() > 0);
        goesOn(view);
        QVERIFY(!done);
        drive_->resume();
        opener.join();
        QVERIFY(opened.has_value() && *opened);
    }
    void openingASlideOnADriveThatVanishesGivesASentence() {
        drive_->hang();
        Result<std::shared_ptr<SlideSource>> opened = nullptr;
        std::thread opener([&] { opened = openSlide(drive_->path("jpeg.tif")); });
        QTRY_VERIFY(drive_->waiting() > 0);
        drive_->vanish();
        opener.join();
        QVERIFY(!opened);
        QVERIFY(opened.error().sentence().find("jpeg.tif") != std::string::npos);
    }
    void anotherSlideIsShownWhileTheDriveHangs() {
        SlideView view;
        show(view, openSlide(drive_->path("jpeg.tif")).value());
        QTRY_VERIFY(view.isSharp());
        drive_->hang();
        view.setView({1700, 1500}, 1);
        QTRY_VERIFY(drive_->waiting() > 0);
        for (int again = 0; again < 3; ++again) {
            view.setSlide(openSlide(at("jpeg.tif")).value());
            QTRY_VERIFY(view.isSharp());
        }
        QVERIFY(drive_->waiting() > 0);
    }
    void aViewIsClosedWhileAReadHangs() {
        auto slide = openSlide(drive_->path("jpeg.tif")).value();
        const std::weak_ptr<SlideSource> watched = slide;
        auto view = std::make_unique<SlideView>();
        show(*view, slide);
        QTRY_VERIFY(view->isSharp());
        drive_->hang();
        view->setView({1700, 1500}, 1);
        QTRY_VERIFY(drive_->waiting() > 0);
        slide.reset();
        view.reset(); // comes back although the drive does not
        QVERIFY(drive_->waiting() > 0 && !watched.expired());
        drive_->resume();
        QTRY_VERIFY(watched.expired()); // nothing is lost
    }
};

QTEST_MAIN(TestVanishingDrive)
#include "TestVanishingDrive.moc"
