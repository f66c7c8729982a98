#pragma once

#include "ui/ActiveWindow.h"
#include "ui/Fakes.h"
#include "ui/MainWindow.h"
#include "viewer/canvas/SlideView.h"

#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

namespace spotglass {

/// A window with a slide, settings of predictions and a queue, all fakes, for tests of those.
class EngineWindow {
  public:
    FakeSlides slides;
    FakePredictions predictions;
    FakeEngineSettings settings;
    FakeQueue queue;
    std::unique_ptr<MainWindow> window;

    EngineWindow() {
        slides.add("/slides/tissue.svs", MicronsPerPixel{0.5, 0.5});
        window = std::make_unique<MainWindow>(slides, predictions);
        window->setEngineSettings(settings);
        window->setQueue(queue);
        window->view().setAnimated(false);
    }
    /// Once for each program: nothing of the user's is read or written.
    static void isolate(const QString& folder) {
        QLocale::setDefault(QLocale(QLocale::English));
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder);
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("EngineWindow"));
    }
    template <typename T> T* part(const char* name) { return window->findChild<T*>(QLatin1String(name)); }
    void click(const char* name) { QTest::mouseClick(part<QWidget>(name), Qt::LeftButton); }
    /// Keeps a picture for a look at it, where SPOTGLASS_TEST_PICTURES names a folder.
    static void keepPicture(QWidget& widget, const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (folder.isEmpty()) return;
        QTest::qWait(200); // for the eye: whatever is still on its way to the screen
        widget.grab().save(folder + QLatin1Char('/') + QLatin1String(name));
    }
};

} // namespace spotglass
