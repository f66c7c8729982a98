// Several slides in one window: a tab each. Only the slide in front is open; the others are a name and a
// place, so that twenty tabs take no more memory than one. Coming back to a tab opens its file again, which
// takes a tenth of a second.
#include "ui/Banner.h"
#include "ui/ColorPresenter.h"
#include "ui/MainWindow.h"
#include "ui/StartPage.h"
#include "viewer/canvas/SlideView.h"

#include <QAction>
#include <QMenuBar>
#include <QStackedWidget>
#include <QTabBar>

namespace spotglass {

void MainWindow::buildTabs() {
    tabs_ = new QTabBar(this);
    tabs_->setObjectName(QStringLiteral("slideTabs"));
    tabs_->setTabsClosable(true);
    tabs_->setMovable(true);
    tabs_->setExpanding(false);
    tabs_->setDocumentMode(true);
    tabs_->setElideMode(Qt::ElideMiddle);
    tabs_->setFocusPolicy(Qt::NoFocus); // the keys belong to the slide
    tabs_->hide();
    connect(tabs_, &QTabBar::currentChanged, this, &MainWindow::goToTab);
    connect(tabs_, &QTabBar::tabCloseRequested, this, &MainWindow::closeTab);
    connect(tabs_, &QTabBar::tabMoved, this, [this](int from, int to) { tabList_.move(from, to); });
}

void MainWindow::buildTabCommands(QMenu* menu) {
    slideActions_.append(
        addCommand(menu, tr("&Close slide"),
                   {QKeySequence(QStringLiteral("Ctrl+W")), QKeySequence(QStringLiteral("Ctrl+F4"))},
                   [this] { closeTab(tabs_->currentIndex()); }));
    const auto step = [this](int by) {
        if (tabs_->count() > 1)
            tabs_->setCurrentIndex((tabs_->currentIndex() + by + tabs_->count()) % tabs_->count());
    };
    auto* next =
        addCommand(menu, tr("Next t&ab"), {QKeySequence(QStringLiteral("Ctrl+Tab"))}, [step] { step(1); });
    auto* previous = addCommand(menu, tr("Previous ta&b"), {QKeySequence(QStringLiteral("Ctrl+Shift+Tab"))},
                                [step] { step(-1); });
    slideActions_ += {next, previous};
}

// The view of the tab in front, for when somebody comes back to it.
void MainWindow::rememberPlace() {
    const int front = tabs_->currentIndex();
    if (!slide_ || front < 0 || front >= tabList_.size() || tabList_[front].path != slide_->path) return;
    const Viewport& view = view_->targetViewport();
    tabList_[front].place = view;
}

// Which tab a slide that has just been opened belongs to: that of the same file, or the one in front when it
// is to be replaced, or a new one.
void MainWindow::placeInTab(const OpenedSlide& slide) {
    const auto same = std::ranges::find(tabList_, slide.path, &Tab::path);
    auto index = static_cast<int>(same - tabList_.begin());
    const QSignalBlocker quiet(tabs_); // it is in front already
    if (same == tabList_.end() && replacesTab_ && tabs_->currentIndex() >= 0) {
        index = tabs_->currentIndex();
        tabList_[index] = {slide.path, {}};
    } else if (same == tabList_.end()) {
        tabList_.append({slide.path, {}});
        tabs_->addTab(QString());
    }
    replacesTab_ = false;
    const QString name = QString::fromStdString(slide.path.filename().string());
    tabs_->setTabText(index, QString(name).replace(u'&', QStringLiteral("&&")));
    tabs_->setTabToolTip(index, QString::fromStdString(slide.path.string()));
    tabs_->setCurrentIndex(index);
    tabs_->setVisible(tabs_->count() > 1 && !view_->isPresentation());
}

void MainWindow::restorePlace() {
    const auto& place = tabList_[tabs_->currentIndex()].place;
    if (place) view_->setView(place->center(), place->scale(), place->rotation(), place->isMirrored());
}

void MainWindow::goToTab(int index) {
    if (index < 0 || index >= tabList_.size()) return;
    // The bar is at the new tab already; the slide that is shown belongs to the former one.
    if (slide_) {
        const auto former = std::ranges::find(tabList_, slide_->path, &Tab::path);
        if (former != tabList_.end()) former->place = view_->targetViewport();
    }
    openSlide(tabList_[index].path);
}

void MainWindow::closeTab(int index) {
    if (index < 0 || index >= tabList_.size()) return;
    const bool inFront = index == tabs_->currentIndex();
    {
        const QSignalBlocker quiet(tabs_);
        tabList_.removeAt(index);
        tabs_->removeTab(index);
    }
    tabs_->setVisible(tabs_->count() > 1 && !view_->isPresentation());
    if (!inFront) return;
    if (tabs_->count() > 0) return openSlide(tabList_[tabs_->currentIndex()].path);
    closeSlide();
}

// Back to the start page.
void MainWindow::closeSlide() {
    slide_.reset();
    cursor_.reset();
    predictions_.setSlide({});
    view_->setSlide(nullptr);
    colors_->setSlide(nullptr, {});
    banner_->clear();
    forgetSlide();
    setWindowTitle(QStringLiteral("Spotglass"));
    for (QAction* action : slideActions_)
        action->setEnabled(false);
    scaleAction_->setEnabled(false);
    updateMagnifications();
    updatePosition();
    updateZoom();
    updateState();
    centre_->setCurrentIndex(0);
}

} // namespace spotglass
