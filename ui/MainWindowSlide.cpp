// What MainWindow knows about the slide beside its picture: the overview, what the file says, its folder and
// its bookmarks.
#include "ui/Banner.h"
#include "ui/BookmarkDock.h"
#include "ui/MainWindow.h"
#include "ui/PropertiesDialog.h"
#include "ui/Readout.h"
#include "viewer/canvas/OverviewWidget.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/slide/SlideSource.h"

#include <QAction>
#include <QMenuBar>
#include <QSettings>
#include <QStatusBar>
#include <QUuid>

namespace spotglass {
namespace {

const QString overviewKey = QStringLiteral("view/overview"), visitedKey = QStringLiteral("view/visited");

} // namespace

void MainWindow::buildSlideMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Slide"));
    const auto first = slideActions_.size();
    slideActions_.append(addCommand(menu, tr("&About this slide..."),
                                    {QKeySequence(QStringLiteral("Ctrl+I"))}, [this] { showProperties(); }));
    buildFolderMenu(menu);
    menu->addSeparator();
    buildBookmarkMenu(menu);
    menu->addSeparator();
    buildOverviewMenu(menu);
    for (auto i = first; i < slideActions_.size(); ++i)
        slideActions_[i]->setEnabled(false);
}

void MainWindow::buildOverviewMenu(QMenu* menu) {
    overviewAction_ = addCommand(menu, tr("&Overview"), {QKeySequence(QStringLiteral("O"))}, [] {});
    visitedAction_ = addCommand(menu, tr("&Mark what has been looked at"), {}, [] {});
    for (QAction* action : {overviewAction_, visitedAction_}) {
        action->setCheckable(true);
        action->setChecked(true);
    }
    connect(overviewAction_, &QAction::toggled, this, [this](bool on) {
        overview_->setSwitchedOn(on);
        visitedAction_->setEnabled(on);
        QSettings().setValue(overviewKey, on);
    });
    connect(visitedAction_, &QAction::toggled, this, [this](bool on) {
        overview_->setVisitedShown(on);
        QSettings().setValue(visitedKey, on);
    });
    slideActions_.append(
        addCommand(menu, tr("&Forget what has been looked at"), {}, [this] { overview_->clearVisited(); }));
}

void MainWindow::showProperties() {
    if (!slide_) return;
    if (properties_) properties_->close(); // of the slide before
    properties_ = new PropertiesDialog(*slide_, view_->isPresentation(), this);
    properties_->setAttribute(Qt::WA_DeleteOnClose);
    properties_->show();
}

void MainWindow::buildFolderMenu(QMenu* menu) {
    const auto step = [this](int by) {
        if (slide_) slides_.findNeighbour(stepFrom_.empty() ? slide_->path : stepFrom_, by);
    };
    slideActions_ += {addCommand(menu, tr("&Next slide in the folder"),
                                 {QKeySequence(QStringLiteral("Alt+Right"))}, [step] { step(1); }),
                      addCommand(menu, tr("&Previous slide in the folder"),
                                 {QKeySequence(QStringLiteral("Alt+Left"))}, [step] { step(-1); }),
                      addCommand(menu, tr("&Read the file again"), {QKeySequence(QStringLiteral("Ctrl+R"))},
                                 [this] { reloadFile(); })};
    connect(&slides_, &SlideService::neighbourFound, this, [this](const std::filesystem::path& file) {
        stepFrom_ = file; // the next step goes on from there even if it cannot be opened
        replaceSlide(file);
    });
    connect(&slides_, &SlideService::noNeighbour, this,
            [this](const QString& sentence) { statusBar()->showMessage(sentence, 5000); });
    connect(&slides_, &SlideService::fileStateChanged, this, &MainWindow::showFileState);
    connect(fileBanner_, &Banner::actionClicked, this, &MainWindow::reloadFile);
    connect(this, &MainWindow::slideShown, this, [this] {
        stepFrom_.clear();
        fileBanner_->clear();
    });
    connect(overview_, &OverviewWidget::thumbnailRead, this, [this](const QImage& picture) {
        if (slide_) slides_.keepPicture(*slide_, picture);
    });
}

// Never by itself: what is in view, and what has been predicted, must not change under somebody's eyes.
void MainWindow::showFileState(SlideFileState state) {
    if (!slide_) return;
    switch (state) {
    case SlideFileState::Changed:
        fileBanner_->say(tr("This file has changed on disk. What you see may be old and new mixed."),
                         tr("Read it again"));
        break;
    case SlideFileState::Missing:
        fileBanner_->say(
            tr("This file is no longer there: it was moved, or its drive is not connected. Parts "
               "that have not been read yet cannot be shown."));
        break;
    case SlideFileState::AsOpened:
        fileBanner_->clear();
        view_->reloadSlide(); // tiles that failed meanwhile are read after all
        statusBar()->showMessage(tr("The file is there again."), 5000);
        break;
    }
}

void MainWindow::reloadFile() {
    if (slide_)
        openSlide(slide_->path,
                  slide_->scale == slide_->source->info()->micronsPerPixel ? std::nullopt : slide_->scale);
}

void MainWindow::buildBookmarkMenu(QMenu* menu) {
    bookmarks_ = new BookmarkDock(this);
    addDockWidget(Qt::LeftDockWidgetArea, bookmarks_);
    bookmarks_->hide();
    slideActions_.append(addCommand(menu, tr("Add a &bookmark"), {QKeySequence(QStringLiteral("Ctrl+D"))},
                                    [this] { addBookmark(); }));
    auto* show = bookmarks_->toggleViewAction();
    show->setText(tr("&Bookmarks"));
    show->setShortcut(QKeySequence(QStringLiteral("Ctrl+B")));
    menu->addAction(show);
    addAction(show);
    connect(&slides_, &SlideService::bookmarksChanged, this, &MainWindow::showBookmarks);
    connect(this, &MainWindow::slideShown, this, &MainWindow::showBookmarks);
    connect(&slides_, &SlideService::bookmarkNotKept, this, [this](const Error& error) {
        statusBar()->showMessage(tr("This bookmark lasts only until the program ends: %1")
                                     .arg(QString::fromStdString(error.sentence())),
                                 15000);
    });
    connect(bookmarks_, &BookmarkDock::addWanted, this, &MainWindow::addBookmark);
    connect(bookmarks_, &BookmarkDock::chosen, this, [this](const Bookmark& bookmark) {
        view_->setView(bookmark.center, bookmark.scale, bookmark.rotation, bookmark.mirrored);
    });
    connect(bookmarks_, &BookmarkDock::renamed, &slides_, &SlideService::renameBookmark);
    connect(bookmarks_, &BookmarkDock::removed, &slides_, &SlideService::removeBookmark);
}

void MainWindow::showBookmarks() {
    const auto info = slide_ ? slide_->source->info() : nullptr;
    bookmarks_->setBookmarks(slide_ ? slides_.bookmarks() : QList<Bookmark>(),
                             info ? nativeMagnification(info->objectivePower, slide_->scale) : std::nullopt);
    bookmarks_->setAddEnabled(slide_.has_value());
}

// When the last slide has been closed.
void MainWindow::forgetSlide() {
    stepFrom_.clear();
    fileBanner_->clear();
    if (properties_) properties_->close();
    showBookmarks();
}

void MainWindow::addBookmark() {
    if (!slide_) return;
    const Viewport& view = view_->targetViewport();
    const QSize size = view_->size().scaled(160, 120, Qt::KeepAspectRatioByExpanding);
    QPixmap seen(view_->size()); // without legend and overview
    view_->render(&seen, {}, {}, QWidget::DrawWindowBackground);
    const QImage picture = seen.toImage().scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
    const QString id = QUuid::createUuid().toString(QUuid::WithoutBraces);
    slides_.addBookmark({id, tr("Bookmark %1").arg(slides_.bookmarks().size() + 1), view.center(),
                         view.scale(), view.rotation(), view.isMirrored(), picture});
    if (view_->isPresentation()) return;
    bookmarks_->show();
    bookmarks_->raise();
    bookmarks_->editName(id);
}

void MainWindow::restoreSlideSettings(const QSettings& settings) {
    overviewAction_->setChecked(settings.value(overviewKey, true).toBool());
    visitedAction_->setChecked(settings.value(visitedKey, true).toBool());
}

} // namespace spotglass
