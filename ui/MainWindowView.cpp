// How MainWindow looks at a slide: magnification, turning, colours, full screen and presentation.
#include "ui/Banner.h"
#include "ui/ColorDock.h"
#include "ui/ColorPresenter.h"
#include "ui/GenePanelDock.h"
#include "ui/LayerDock.h"
#include "ui/MainWindow.h"
#include "ui/PropertiesDialog.h"
#include "ui/Readout.h"
#include "viewer/canvas/OverviewWidget.h"
#include "viewer/canvas/SlideView.h"

#include <array>
#include <QAction>
#include <QMenuBar>
#include <QScreen>
#include <QStatusBar>
#include <QTabBar>

namespace spotglass {
namespace {

constexpr double zoomStep = 1.5;
constexpr std::array<int, 6> magnifications{1, 2, 5, 10, 20, 40}; // keys 1 to 6
constexpr double smallTurn = 5;                                   // degrees

} // namespace

void MainWindow::buildViewMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&View"));
    slideActions_ +=
        {addCommand(menu, tr("&Whole slide"), {QKeySequence(QStringLiteral("Ctrl+0"))},
                    [this] { view_->fit(); }),
         addCommand(menu, tr("Zoom &in"), {QKeySequence::ZoomIn, QKeySequence(QStringLiteral("Ctrl+="))},
                    [this] { view_->zoomBy(zoomStep); }),
         addCommand(menu, tr("Zoom &out"), {QKeySequence::ZoomOut}, [this] { view_->zoomBy(1 / zoomStep); }),
         addCommand(menu, tr("&Full resolution (1:1)"), {QKeySequence(QStringLiteral("Ctrl+1"))},
                    [this] { view_->zoomToScale(1 / view_->viewport().devicePixelRatio()); })};
    buildMagnificationMenu(menu->addMenu(tr("&Magnification")));
    buildTurnMenu(menu->addMenu(tr("&Turn and flip")));
    menu->addSeparator();
    scaleAction_ = addCommand(menu, tr("Set the &scale of the slide..."), {}, [this] { askForScale(false); });
    scaleAction_->setEnabled(false);
    menu->addSeparator();
    auto* panelAction = panel_->toggleViewAction();
    panelAction->setText(tr("&Gene expression panel"));
    panelAction->setShortcut(QKeySequence(QStringLiteral("Ctrl+G")));
    auto* colorAction = colorDock_->toggleViewAction();
    colorAction->setText(tr("&Colours of the slide"));
    colorAction->setShortcut(QKeySequence(QStringLiteral("Ctrl+K")));
    auto* layerAction = layers_->toggleViewAction();
    layerAction->setText(tr("&Layers"));
    layerAction->setShortcut(QKeySequence(QStringLiteral("Ctrl+L")));
    for (QAction* action : {panelAction, colorAction, layerAction}) {
        menu->addAction(action);
        addAction(action);
    }
    addCommand(menu, tr("Full s&creen"), {QKeySequence(QStringLiteral("F11"))},
               [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
    presentationAction_ = addCommand(menu, tr("&Presentation"), {QKeySequence(QStringLiteral("F5"))},
                                     [this] { setPresentation(!view_->isPresentation()); });
    slideActions_.append(presentationAction_);
    for (QAction* action : slideActions_)
        action->setEnabled(false);
    auto* escape = new QAction(this);
    escape->setShortcut(QKeySequence(Qt::Key_Escape));
    connect(escape, &QAction::triggered, this, &MainWindow::leave);
    addAction(escape);
}

void MainWindow::buildMagnificationMenu(QMenu* menu) {
    for (std::size_t i = 0; i < magnifications.size(); ++i) {
        const int times = magnifications[i];
        const QKeySequence key(QString::number(i + 1));
        magnificationActions_.append(
            addCommand(menu, tr("%1\u00d7").arg(times), {key}, [this, times] { magnify(times); }));
    }
    menu->setToolTipsVisible(true);
    updateMagnifications();
}

// A magnification means something only where the size of a pixel, or the objective, is known.
void MainWindow::updateMagnifications() {
    const bool known = slide_ && nativeMagnification(slide_->source->info()->objectivePower, slide_->scale);
    for (QAction* action : magnificationActions_) {
        action->setEnabled(known);
        action->setToolTip(known ? QString() : tr("Set the scale of the slide first"));
    }
}

void MainWindow::magnify(double times) {
    if (!slide_) return;
    if (const auto native = nativeMagnification(slide_->source->info()->objectivePower, slide_->scale))
        view_->zoomToScale(times / *native);
}

void MainWindow::buildTurnMenu(QMenu* menu) {
    const auto key = [](const char* name) { return QList<QKeySequence>{QKeySequence(QLatin1String(name))}; };
    slideActions_ +=
        {addCommand(menu, tr("A quarter &right"), key("R"), [this] { view_->rotateBy(90); }),
         addCommand(menu, tr("A quarter &left"), key("Shift+R"), [this] { view_->rotateBy(-90); }),
         addCommand(menu, tr("A &little right"), key("]"), [this] { view_->rotateBy(smallTurn); }),
         addCommand(menu, tr("A little l&eft"), key("["), [this] { view_->rotateBy(-smallTurn); }),
         addCommand(menu, tr("Flip left and ri&ght"), key("H"), [this] { view_->flipHorizontally(); }),
         addCommand(menu, tr("Flip top and &bottom"), key("V"), [this] { view_->flipVertically(); }),
         addCommand(menu, tr("As &scanned"), key("U"), [this] { view_->setUpright(); })};
    menu->addSeparator();
    menu->addAction(tr("Any angle: drag with Ctrl held down"))->setEnabled(false);
}

void MainWindow::buildColors() {
    colorDock_ = new ColorDock(this);
    addDockWidget(Qt::RightDockWidgetArea, colorDock_);
    colorDock_->hide();
    colors_ = new ColorPresenter(*view_, this);
    connect(colorDock_, &ColorDock::settingsChanged, colors_, &ColorPresenter::setSettings);
    connect(colors_, &ColorPresenter::failed, this,
            [this](const QString& sentence) { statusBar()->showMessage(sentence, 15000); });
    colors_->setSettings(colorDock_->settings(), false);
}

void MainWindow::setPresentation(bool on, bool fullScreen) {
    if (on == view_->isPresentation()) return;
    if (on) panelWasVisible_ = panel_->isVisibleTo(this);
    menuBar()->setVisible(!on);
    statusBar()->setVisible(!on);
    panel_->setVisible(!on && panelWasVisible_);
    banner_->setSuppressed(on);
    fileBanner_->setSuppressed(on);
    tabs_->setVisible(!on && tabs_->count() > 1);
    view_->setPresentation(on);
    overview_->setSuppressed(on);
    if (properties_) properties_->setPresentation(on);
    if (fullScreen) {
        // Where no window manager listens, the window has to take the screen by itself.
        const QRect before = std::exchange(placeBefore_, geometry());
        setGeometry(on ? screen()->geometry() : before);
        setWindowState(windowState().setFlag(Qt::WindowFullScreen, on));
    }
    view_->setFocus();
}

void MainWindow::leave() {
    if (view_->isPresentation())
        setPresentation(false);
    else if (isFullScreen())
        setWindowState(windowState() & ~Qt::WindowFullScreen);
    else if (predictions_.state().isBusy()) // one that is paused has a button of its own
        predictions_.cancel();
}

} // namespace spotglass
