#include "ui/MainWindow.h"

#include "ui/ActiveWindow.h"
#include "ui/Banner.h"
#include "ui/BookmarkDock.h"
#include "ui/Fakes.h"
#include "ui/PropertiesDialog.h"
#include "ui/RecentCard.h"
#include "ui/StartPage.h"
#include "viewer/canvas/OverviewWidget.h"
#include "viewer/canvas/SlideView.h"

#include <QLineEdit>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QStatusBar>
#include <QTemporaryDir>
#include <QToolButton>
#include <QTreeWidget>
#include <QtTest>

using namespace spotglass;

/// What the window offers about a slide beside its picture, driven as a user would.
class TestMainWindowSlide : public QObject {
    Q_OBJECT
    QTemporaryDir settings_;
    std::unique_ptr<FakeSlides> slides_;
    std::unique_ptr<FakePredictions> predictions_;
    std::unique_ptr<MainWindow> window_;

    template <typename T> T* part(const char* name) { return window_->findChild<T*>(QLatin1String(name)); }
    SlideView& view() { return window_->view(); }
    QTreeWidget* list() { return part<QTreeWidget>("bookmarks"); }
    void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
        QTest::keyClick(window_.get(), key, modifiers);
    }
    void open(const char* path = "/slides/s2.svs") {
        window_->openSlide(path);
        QVERIFY(window_->slide());
        QTRY_VERIFY(view().isSharp());
    }
    void keepPicture(const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (folder.isEmpty()) return;
        QTest::qWait(200); // for the eye
        window_->grab().save(folder + QLatin1Char('/') + QLatin1String(name));
    }
    static QImage small(QColor color) {
        QImage image(256, 170, QImage::Format_RGB32);
        image.fill(QColor(244, 242, 246));
        for (int y = 40; y < 130; ++y)
            for (int x = 60; x < 200; ++x)
                image.setPixelColor(x, y, color);
        return image;
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path());
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("TestMainWindowSlide"));
    }
    void init() {
        QSettings().clear();
        slides_ = std::make_unique<FakeSlides>();
        for (const char* path : {"/slides/s1.svs", "/slides/s2.svs", "/slides/s3.svs"})
            slides_->add(path, MicronsPerPixel{0.5, 0.5});
        predictions_ = std::make_unique<FakePredictions>();
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        view().setAnimated(false);
        QVERIFY(showActive(*window_));
    }
    void cleanup() { window_.reset(); }

    void theOverviewIsSwitchedOffWithAKeyAndThatIsRemembered() {
        open();
        view().setView({2000, 1500}, 2);
        QVERIFY(window_->overview().isVisible());
        keepPicture("window-overview.png");
        key(Qt::Key_O);
        QVERIFY(!window_->overview().isVisible());
        MainWindow next(*slides_, *predictions_);
        next.restoreSettings();
        QVERIFY(!next.overview().isSwitchedOn());
        key(Qt::Key_O);
        QVERIFY(window_->overview().isVisible());
        window_->setPresentation(true, false);
        QVERIFY(!window_->overview().isVisible());
        window_->setPresentation(false, false);
        QVERIFY(window_->overview().isVisible());
    }
    void thePictureOfASharpSlideIsKept() {
        open();
        QTRY_COMPARE(slides_->pictures.size(), 1);
        QCOMPARE(slides_->pictures.front().size(), QSize(256, 192));
    }
    void aboutThisSlideOpensAndIsReplacedByTheNextOne() {
        key(Qt::Key_I, Qt::ControlModifier);
        QVERIFY(!window_->findChild<PropertiesDialog*>()); // there is no slide
        open();
        key(Qt::Key_I, Qt::ControlModifier);
        auto* dialog = window_->findChild<PropertiesDialog*>();
        QVERIFY(dialog && dialog->isVisible());
        QTRY_VERIFY(dialog->copyText().contains(QStringLiteral("s2.svs")));
        dialog->close();
        QTRY_VERIFY(!window_->findChild<PropertiesDialog*>());
    }
    void aBookmarkIsNamedAtOnceAndGoesBackTurnedAsItWas() {
        open();
        view().setView({3000, 1000}, 1.5, 90, true);
        key(Qt::Key_D, Qt::ControlModifier);
        QCOMPARE(slides_->marks.size(), 1);
        QVERIFY(part<BookmarkDock>("BookmarkDock")->isVisible());
        auto* editor = list()->findChild<QLineEdit*>();
        QVERIFY(editor);
        QTest::keyClicks(editor, QStringLiteral("Mitosis"));
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE(slides_->marks.front().name, QStringLiteral("Mitosis"));
        QVERIFY(!slides_->marks.front().picture.isNull());
        QVERIFY(slides_->marks.front().picture.width() <= 240);
        view().setView({500, 500}, 0.5, 0, false);
        QTest::mouseClick(list()->viewport(), Qt::LeftButton, {},
                          list()->visualItemRect(list()->topLevelItem(0)).center());
        QCOMPARE(view().viewport().center(), (Level0Point{3000, 1000}));
        QCOMPARE(view().viewport().scale(), 1.5);
        QCOMPARE(view().viewport().rotation(), 90.0);
        QVERIFY(view().viewport().isMirrored());
        QCOMPARE(list()->topLevelItem(0)->text(1), QStringLiteral("30\u00d7"));
        keepPicture("window-bookmarks.png");
    }
    void bookmarksAreRenamedAndDeleted() {
        open();
        slides_->addBookmark({QStringLiteral("a"), QStringLiteral("first"), {100, 100}, 1, 0, false, {}});
        slides_->addBookmark({QStringLiteral("b"), QStringLiteral("second"), {900, 100}, 1, 0, false, {}});
        part<BookmarkDock>("BookmarkDock")->show();
        QVERIFY(!part<QPushButton>("removeBookmark")->isEnabled());
        list()->setCurrentItem(list()->topLevelItem(1));
        QTest::mouseClick(part<QPushButton>("renameBookmark"), Qt::LeftButton);
        auto* editor = list()->findChild<QLineEdit*>();
        QVERIFY(editor);
        editor->clear(); // no name is no name
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE(list()->topLevelItem(1)->text(0), QStringLiteral("second"));
        QTest::mouseClick(part<QPushButton>("removeBookmark"), Qt::LeftButton);
        QCOMPARE(slides_->marks.size(), 1);
        QCOMPARE(list()->topLevelItemCount(), 1);
        list()->setCurrentItem(list()->topLevelItem(0));
        list()->setFocus();
        QTest::keyClick(list(), Qt::Key_Delete);
        QVERIFY(slides_->marks.isEmpty());
    }
    void aBookmarkThatCannotBeKeptIsSaid() {
        open();
        Q_EMIT slides_->bookmarkNotKept({ErrorKind::Device, "the disk is full", {}, {}});
        QVERIFY(window_->statusBar()->currentMessage().contains(QStringLiteral("disk is full")));
    }
    void nextAndPreviousGoThroughTheFolder() {
        key(Qt::Key_Right, Qt::AltModifier);
        QVERIFY(slides_->steps.empty());
        open();
        key(Qt::Key_Right, Qt::AltModifier);
        QCOMPARE(slides_->steps.size(), std::size_t{1});
        QCOMPARE(slides_->steps.back().first, std::filesystem::path("/slides/s2.svs"));
        QCOMPARE(slides_->steps.back().second, 1);
        Q_EMIT slides_->neighbourFound("/slides/s3.svs");
        QCOMPARE(window_->slide()->path, std::filesystem::path("/slides/s3.svs"));
        key(Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(slides_->steps.back().first, std::filesystem::path("/slides/s3.svs"));
        QCOMPARE(slides_->steps.back().second, -1);
        Q_EMIT slides_->noNeighbour(QStringLiteral("This is the first slide of its folder."));
        QVERIFY(window_->statusBar()->currentMessage().contains(QStringLiteral("first slide")));
    }
    void aNeighbourThatCannotBeOpenedIsSteppedOver() {
        open();
        window_->setDialogsEnabled(false);
        key(Qt::Key_Right, Qt::AltModifier);
        Q_EMIT slides_->neighbourFound("/slides/broken.svs"); // refused
        QCOMPARE(window_->slide()->path, std::filesystem::path("/slides/s2.svs"));
        key(Qt::Key_Right, Qt::AltModifier);
        QCOMPARE(slides_->steps.back().first, std::filesystem::path("/slides/broken.svs"));
    }
    void aChangedFileIsReadAgainWhenAskedAndTheViewStays() {
        open();
        auto* banner = part<Banner>("FileBanner");
        QVERIFY(!banner->isVisible());
        view().setView({3000, 1000}, 1.5);
        Q_EMIT slides_->fileStateChanged(SlideFileState::Changed);
        QVERIFY(banner->isVisible());
        keepPicture("window-changed.png");
        const auto asked = slides_->asked.size();
        slides_->add("/slides/s2.svs", MicronsPerPixel{0.5, 0.5}); // the new content
        QTest::mouseClick(banner->findChild<QToolButton*>(QStringLiteral("bannerAction")), Qt::LeftButton);
        QCOMPARE(slides_->asked.size(), asked + 1);
        QCOMPARE(view().viewport().center(), (Level0Point{3000, 1000}));
        QCOMPARE(view().viewport().scale(), 1.5);
        QVERIFY(!banner->isVisible());
    }
    void aFileThatHasGoneIsSaidUntilItIsBack() {
        open();
        auto* banner = part<Banner>("FileBanner");
        Q_EMIT slides_->fileStateChanged(SlideFileState::Missing);
        QVERIFY(banner->isVisible());
        QVERIFY(banner->text().contains(QStringLiteral("no longer there")));
        window_->setPresentation(true, false);
        QVERIFY(!banner->isVisible());
        window_->setPresentation(false, false);
        QVERIFY(banner->isVisible());
        Q_EMIT slides_->fileStateChanged(SlideFileState::AsOpened);
        QVERIFY(!banner->isVisible());
        QTRY_VERIFY(view().isSharp());
    }
    void theStartPageShowsPicturesAndWhatHasGone() {
        slides_->recent = {{QStringLiteral("/slides/s1.svs"), small(QColor(180, 90, 150)), false},
                           {QStringLiteral("/slides/a case with a very long name of its own 2024-11-03.svs"),
                            small(QColor(120, 60, 140)), false},
                           {QStringLiteral("/slides/gone.svs"), small(QColor(180, 90, 150)), true},
                           {QStringLiteral("/slides/s3.svs"), {}, false}};
        Q_EMIT slides_->recentSlidesChanged();
        const auto cards = part<StartPage>("StartPage")->findChildren<RecentCard*>();
        QCOMPARE(cards.size(), 4);
        QVERIFY(cards[2]->toolTip().contains(QStringLiteral("not there")));
        keepPicture("window-start.png");
        window_->resize(800, 560);
        keepPicture("window-start-small.png");
        QTest::mouseClick(cards[3], Qt::LeftButton);
        QCOMPARE(window_->slide()->path, std::filesystem::path("/slides/s3.svs"));
    }
};

QTEST_MAIN(TestMainWindowSlide)
#include "TestMainWindowSlide.moc"
