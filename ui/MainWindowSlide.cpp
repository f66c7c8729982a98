// What MainWindow knows about the slide beside its picture: the overview and what the file says.
#include "ui/MainWindow.h"
#include "ui/PropertiesDialog.h"
#include "viewer/canvas/OverviewWidget.h"
#include "viewer/canvas/SlideView.h"

#include <QAction>
#include <QMenuBar>
#include <QSettings>

namespace spotglass {
namespace {

const QString overviewKey = QStringLiteral("view/overview"), visitedKey = QStringLiteral("view/visited");

} // namespace

void MainWindow::buildSlideMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Slide"));
    const auto first = slideActions_.size();
    slideActions_.append(addCommand(menu, tr("&About this slide..."),
                                    {QKeySequence(QStringLiteral("Ctrl+I"))}, [this] { showProperties(); }));
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

void MainWindow::restoreSlideSettings(const QSettings& settings) {
    overviewAction_->setChecked(settings.value(overviewKey, true).toBool());
    visitedAction_->setChecked(settings.value(visitedKey, true).toBool());
}

} // namespace spotglass
