// Menus, keys and files of MainWindow.
#include "ui/AboutDialog.h"
#include "ui/Banner.h"
#include "ui/GenePanelDock.h"
#include "ui/HeatmapPresenter.h"
#include "ui/MainWindow.h"
#include "ui/StartPage.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/slide/SlideFolder.h"

#include <algorithm>
#include <QAction>
#include <QApplication>
#include <QCloseEvent>
#include <QDropEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenuBar>
#include <QMimeData>
#include <QSettings>
#include <QStandardPaths>
#include <QUrl>

namespace spotglass {
namespace {

QString slideFilter() {
    QStringList patterns;
    for (const std::string_view extension : slideExtensions)
        patterns.append(QStringLiteral("*.") + QLatin1String(extension.data(), qsizetype(extension.size())));
    return MainWindow::tr("Slides (%1);;All files (*)").arg(patterns.join(u' '));
}

} // namespace

QAction* MainWindow::addCommand(QMenu* menu, const QString& text, const QList<QKeySequence>& keys,
                                std::function<void()> run) {
    auto* action = menu->addAction(text);
    action->setShortcuts(keys);
    connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    addAction(action); // the key works while the menu bar is hidden
    return action;
}

void MainWindow::buildFileMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&File"));
    addCommand(menu, tr("&Open slide..."), {QKeySequence::Open}, [this] { chooseSlideFile(); });
    recent_ = menu->addMenu(tr("Open &recent"));
    menu->addSeparator();
    addCommand(menu, tr("Open &model..."), {QKeySequence(QStringLiteral("Ctrl+M"))},
               [this] { chooseModelFile(); });
    spotsAction_ = addCommand(menu, tr("Open measured &spots..."), {QKeySequence(QStringLiteral("Ctrl+J"))},
                              [this] { chooseSpotFile(); });
    spotsAction_->setVisible(false);
    spotsAction_->setEnabled(false);
    slideActions_.append(spotsAction_);
    menu->addSeparator();
    buildPictureCommands(menu);
    menu->addSeparator();
    buildTabCommands(menu);
    auto* quit = addCommand(menu, tr("&Quit"), {QKeySequence(QStringLiteral("Ctrl+Q"))}, [this] { close(); });
    quit->setMenuRole(QAction::QuitRole);
}

void MainWindow::buildPredictionMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Expression"));
    predictAction_ =
        addCommand(menu, tr("&Predict expression"), {QKeySequence(QStringLiteral("Ctrl+Return"))}, [this] {
            const auto state = predictions_.state();
            if (state.isBusy() || state.phase == PredictionState::Phase::Paused)
                predictions_.cancel();
            else
                predict();
        });
    pauseAction_ = addCommand(menu, tr("P&ause prediction"),
                              {QKeySequence(QStringLiteral("Ctrl+Shift+Return"))}, [this] {
                                  if (predictions_.state().phase == PredictionState::Phase::Paused)
                                      predictions_.resume();
                                  else
                                      predictions_.pause();
                              });
    addCommand(menu, tr("&Find a gene"), {QKeySequence::Find}, [this] { panel_->focusSearch(); });
    auto* show = addCommand(menu, tr("&Show expression"), {QKeySequence(QStringLiteral("Ctrl+E"))}, [] {});
    show->setCheckable(true);
    show->setChecked(true);
    connect(show, &QAction::toggled, heatmap_, &HeatmapPresenter::setVisible);
    connect(&heatmap_->layer(), &Layer::appearanceChanged, show,
            [this, show] { show->setChecked(heatmap_->layer().isVisible()); });
    addCommand(menu, tr("&Keep this gene beside the next"), {QKeySequence(QStringLiteral("K"))},
               [this] { keepGene(); });
}

void MainWindow::buildHelpMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Help"));
    auto* about = addCommand(menu, tr("&About Spotglass"), {}, [this] { showAbout(this); });
    about->setMenuRole(QAction::AboutRole);
}

QString MainWindow::lastFolder(const char* what) const {
    const QString home = QStandardPaths::writableLocation(QStandardPaths::HomeLocation);
    return QSettings().value(QStringLiteral("folder/") + QLatin1String(what), home).toString();
}

void MainWindow::rememberFolder(const char* what, const std::filesystem::path& file) {
    const QFileInfo info(QString::fromStdString(file.string()));
    QSettings().setValue(QStringLiteral("folder/") + QLatin1String(what), info.absolutePath());
}

void MainWindow::chooseSlideFile() {
    auto* dialog = new QFileDialog(this, tr("Open a slide"), lastFolder("slide"), slideFilter());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& file) { openSlide(file.toStdString()); });
    dialog->open();
}

void MainWindow::chooseModelFile() {
    auto* dialog = new QFileDialog(this, tr("Open a model"), lastFolder("model"),
                                   tr("Models (*.safetensors);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& file) { openModel(file.toStdString()); });
    dialog->open();
}

void MainWindow::updateRecent() {
    const QList<RecentSlide> slides = slides_.recentSlides();
    recent_->clear();
    recent_->setEnabled(!slides.isEmpty());
    for (const RecentSlide& slide : slides) {
        const QString file = slide.file,
                      name = QFileInfo(file).fileName().replace(u'&', QStringLiteral("&&"));
        auto* action = recent_->addAction(slide.missing ? tr("%1 (file not found)").arg(name) : name);
        if (!slide.picture.isNull()) action->setIcon(QIcon(QPixmap::fromImage(slide.picture)));
        action->setToolTip(file);
        connect(action, &QAction::triggered, this, [this, file] { openSlide(file.toStdString()); });
    }
    start_->setRecentSlides(slides);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (view_->isPresentation()) setPresentation(false); // so that the next start shows the whole window
    saveSettings();
    QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    const auto urls = event->mimeData()->urls();
    if (!urls.isEmpty() && std::ranges::all_of(urls, &QUrl::isLocalFile)) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    event->acceptProposedAction();
    for (const QUrl& url : event->mimeData()->urls()) {
        if (!url.isLocalFile()) continue;
        const QString file = url.toLocalFile();
        if (file.endsWith(QLatin1String(".safetensors"), Qt::CaseInsensitive))
            openModel(file.toStdString());
        else if (file.endsWith(QLatin1String(".geojson"), Qt::CaseInsensitive))
            openAnnotations(file.toStdString());
        else if (file.contains(QLatin1String("_selection.tsv"), Qt::CaseInsensitive))
            openSpots(file.toStdString());
        else
            waiting_.append(file);
    }
    openNextWaiting();
}

} // namespace spotglass
