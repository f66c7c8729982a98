// Measuring and annotations in MainWindow.
#include "ui/MainWindow.h"
#include "ui/SlideTools.h"
#include "viewer/canvas/AnnotationLayer.h"
#include "viewer/canvas/SlideView.h"

#include <QAction>
#include <QFileDialog>
#include <QMenuBar>
#include <QStatusBar>

namespace spotglass {

void MainWindow::buildTools() {
    tools_ = new SlideTools(*view_, this);
    connect(tools_, &SlideTools::failed, this,
            [this](const Error& error) { report(tr("The annotations could not be opened"), error); });
    connect(tools_, &SlideTools::annotationsShown, this, [this](std::size_t count, std::size_t without) {
        QString said = tr("%n annotation(s)", nullptr, static_cast<int>(count));
        if (without > 0) said += tr(", %n without a shape left out", nullptr, static_cast<int>(without));
        statusBar()->showMessage(said, 8000);
    });
}

void MainWindow::buildToolsMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Tools"));
    auto* measure = addCommand(menu, tr("&Measure a distance"), {QKeySequence(QStringLiteral("M"))}, [] {});
    measure->setCheckable(true);
    measure->setToolTip(tr("Drag from one point to the other; drag an end to move it"));
    connect(measure, &QAction::toggled, tools_, &SlideTools::setMeasuring);
    auto* clear = addCommand(menu, tr("&Remove all rulers"), {}, [this] { tools_->clearRulers(); });
    menu->addSeparator();
    auto* open = addCommand(menu, tr("&Open annotations..."), {}, [this] { chooseAnnotationFile(); });
    auto* show = addCommand(menu, tr("&Show annotations"), {QKeySequence(QStringLiteral("A"))}, [] {});
    show->setCheckable(true);
    show->setChecked(true);
    connect(show, &QAction::toggled, tools_, &SlideTools::setAnnotationsVisible);
    const AnnotationLayer* annotations = &tools_->annotations();
    connect(annotations, &Layer::appearanceChanged, show,
            [annotations, show] { show->setChecked(annotations->isVisible()); });
    auto* remove = addCommand(menu, tr("&Close annotations"), {}, [this] { tools_->clearAnnotations(); });
    for (QAction* action : {measure, clear, open, show, remove}) {
        action->setEnabled(false);
        slideActions_.append(action);
    }
    buildEngineTools(menu);
}

void MainWindow::chooseAnnotationFile() {
    auto* dialog = new QFileDialog(this, tr("Open annotations"), lastFolder("annotations"),
                                   tr("Annotations (*.geojson *.json);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& file) { openAnnotations(file.toStdString()); });
    dialog->open();
}

void MainWindow::openAnnotations(const std::filesystem::path& file) {
    rememberFolder("annotations", file);
    if (slide_) return tools_->openAnnotations(file);
    report(
        tr("The annotations could not be opened"),
        Error{ErrorKind::Usage, "there is no slide to show them on", file.string(), "Open the slide first"});
}

} // namespace spotglass
