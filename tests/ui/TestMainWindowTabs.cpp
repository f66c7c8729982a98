#include "ui/ActiveWindow.h"
#include "ui/Fakes.h"
#include "ui/MainWindow.h"
#include "ui/StartPage.h"
#include "viewer/canvas/SlideView.h"

#include <QDropEvent>
#include <QMimeData>
#include <QSettings>
#include <QStandardPaths>
#include <QTabBar>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

/// Several slides in one window.
class TestMainWindowTabs : public QObject {
    Q_OBJECT
    QTemporaryDir settings_;
    std::unique_ptr<FakeSlides> slides_;
    std::unique_ptr<FakePredictions> predictions_;
    std::unique_ptr<MainWindow> window_;

    [[nodiscard]] QTabBar& tabs() { return *window_->findChild<QTabBar*>(QStringLiteral("slideTabs")); }
    [[nodiscard]] std::string inFront() {
        return window_->slide() ? window_->slide()->path.filename().string() : "";
    }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers) {
        QTest::keyClick(&window_->view(), key, modifiers);
    }

  private Q_SLOTS:
    void initTestCase() {
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path());
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("TestMainWindowTabs"));
    }
    void init() {
        QSettings().clear();
        slides_ = std::make_unique<FakeSlides>();
        for (const char* name : {"/s/a.svs", "/s/b.svs", "/s/c&d.svs"})
            slides_->add(name, MicronsPerPixel{0.5, 0.5});
        predictions_ = std::make_unique<FakePredictions>();
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        window_->setDialogsEnabled(false);
        window_->view().setAnimated(false);
        QVERIFY(showActive(*window_));
    }
    void cleanup() { window_.reset(); }

    void oneSlideNeedsNoTabs() {
        window_->openSlide("/s/a.svs");
        QVERIFY(!tabs().isVisible());
        window_->openSlide("/s/b.svs");
        QVERIFY(tabs().isVisible());
        QCOMPARE(tabs().count(), 2);
        QCOMPARE(inFront(), std::string("b.svs"));
        window_->openSlide("/s/a.svs"); // has one already
        QCOMPARE(tabs().count(), 2);
        QCOMPARE(inFront(), std::string("a.svs"));
        window_->openSlide("/s/c&d.svs");
        QCOMPARE(tabs().tabText(2), QStringLiteral("c&&d.svs"));
    }
    void aTabRemembersWhereItWas() {
        window_->openSlide("/s/a.svs");
        window_->view().setView({1000, 900}, 0.7, 90, true);
        window_->openSlide("/s/b.svs");
        QVERIFY(window_->view().viewport().isUpright());
        window_->view().setView({2000, 1500}, 0.3);
        QTest::mouseClick(&tabs(), Qt::LeftButton, {}, tabs().tabRect(0).center());
        QCOMPARE(inFront(), std::string("a.svs"));
        const Viewport& view = window_->view().viewport();
        QCOMPARE(view.center(), (Level0Point{1000, 900}));
        QCOMPARE(view.scale(), 0.7);
        QVERIFY(view.rotation() == 90 && view.isMirrored());
        press(Qt::Key_Tab, Qt::ControlModifier);
        QCOMPARE(inFront(), std::string("b.svs"));
        QCOMPARE(view.center(), (Level0Point{2000, 1500}));
        QVERIFY(view.isUpright());
    }
    void closingGoesToTheNeighbourAndAtLastToTheStartPage() {
        for (const char* name : {"/s/a.svs", "/s/b.svs", "/s/c&d.svs"})
            window_->openSlide(name);
        press(Qt::Key_W, Qt::ControlModifier);
        QCOMPARE(inFront(), std::string("b.svs"));
        Q_EMIT tabs().tabCloseRequested(0); // not the one in front
        QCOMPARE(inFront(), std::string("b.svs"));
        QVERIFY(!tabs().isVisible());
        press(Qt::Key_W, Qt::ControlModifier);
        QVERIFY(!window_->slide());
        QVERIFY(window_->findChild<StartPage*>()->isVisible());
        QCOMPARE(window_->windowTitle(), QStringLiteral("Spotglass"));
        window_->openSlide("/s/a.svs");
        QCOMPARE(inFront(), std::string("a.svs"));
        QCOMPARE(tabs().count(), 1);
    }
    void severalFilesDroppedBecomeSeveralTabs() {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(QStringLiteral("/s/a.svs")),
                      QUrl::fromLocalFile(QStringLiteral("/s/gone.svs")),
                      QUrl::fromLocalFile(QStringLiteral("/s/b.svs"))});
        QSignalSpy problems(window_.get(), &MainWindow::problem);
        QDragEnterEvent enter({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window_.get(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent dropped({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window_.get(), &dropped);
        QCOMPARE(tabs().count(), 2);
        QCOMPARE(problems.count(), 1); // one of them is not there, the others open all the same
        QCOMPARE(inFront(), std::string("b.svs"));
    }
    void aTabWhoseFileHasGoneStaysBehind() {
        window_->openSlide("/s/a.svs");
        window_->openSlide("/s/b.svs");
        const OpenedSlide kept = slides_->slides.at("/s/a.svs");
        slides_->slides.erase("/s/a.svs");
        tabs().setCurrentIndex(0);
        QCOMPARE(inFront(), std::string("b.svs"));
        QCOMPARE(tabs().currentIndex(), 1);
        QCOMPARE(tabs().count(), 2);
        slides_->slides["/s/a.svs"] = kept;
        tabs().setCurrentIndex(0);
        QCOMPARE(inFront(), std::string("a.svs"));
    }
    void theNextSlideTakesThePlaceOfTheOneInFront() {
        window_->openSlide("/s/a.svs");
        window_->openSlide("/s/b.svs");
        window_->replaceSlide("/s/c&d.svs");
        QCOMPARE(tabs().count(), 2);
        QCOMPARE(inFront(), std::string("c&d.svs"));
    }
};

QTEST_MAIN(TestMainWindowTabs)
#include "TestMainWindowTabs.moc"
