// How predictions are computed, and slides that are predicted in the background, in MainWindow.
#include "ui/GenePanelDock.h"
#include "ui/MainWindow.h"
#include "ui/PredictionSettingsDialog.h"
#include "ui/QueueDock.h"
#include "viewer/slide/SlideFolder.h"

#include <QAction>
#include <QFileDialog>
#include <QMenu>
#include <QStatusBar>

namespace spotglass {

void MainWindow::buildEngineTools(QMenu* menu) {
    menu->addSeparator();
    queueAction_ = addCommand(menu, tr("&Predict slides..."), {}, [this] { chooseQueueFiles(); });
    queueShowAction_ = addCommand(menu, tr("Slides to pre&dict"), {}, [this] {
        if (queueDock_) queueDock_->setVisible(queueShowAction_->isChecked());
    });
    queueShowAction_->setCheckable(true);
    settingsAction_ = addCommand(menu, tr("Prediction se&ttings..."),
                                 {QKeySequence(QStringLiteral("Ctrl+,"))}, [this] { showEngineSettings(); });
    for (QAction* action : {queueAction_, queueShowAction_, settingsAction_})
        action->setVisible(false); // until there is somebody to do it
}

void MainWindow::setEngineSettings(EngineSettingsService& settings) {
    engineSettings_ = &settings;
    settingsAction_->setVisible(true);
    connect(&settings, &EngineSettingsService::choicesNotKept, this, [this](const Error& error) {
        statusBar()->showMessage(tr("These settings last only until the program ends: %1")
                                     .arg(QString::fromStdString(error.sentence())),
                                 15000);
    });
}

void MainWindow::showEngineSettings() {
    if (!engineSettings_) return;
    if (settingsDialog_) return settingsDialog_->raise();
    settingsDialog_ = new PredictionSettingsDialog(*engineSettings_, slide_, this);
    settingsDialog_->setAttribute(Qt::WA_DeleteOnClose);
    settingsDialog_->show();
}

void MainWindow::setQueue(QueueService& queue) {
    queue_ = &queue;
    queueDock_ = new QueueDock(queue, this);
    addDockWidget(Qt::LeftDockWidgetArea, queueDock_);
    queueDock_->hide();
    queueAction_->setVisible(true);
    queueShowAction_->setVisible(true);
    connect(queueDock_, &QDockWidget::visibilityChanged, queueShowAction_,
            [this] { queueShowAction_->setChecked(!queueDock_->isHidden()); });
    connect(queueDock_, &QueueDock::addWanted, this, &MainWindow::chooseQueueFiles);
    connect(queueDock_, &QueueDock::filesDropped, this, &MainWindow::queueSlides);
    connect(queueDock_, &QueueDock::openWanted, this,
            [this](const std::filesystem::path& file) { openSlide(file); });
}

void MainWindow::chooseQueueFiles() {
    if (!queue_) return;
    QStringList patterns;
    for (const std::string_view extension : slideExtensions)
        patterns.append(QStringLiteral("*.") + QLatin1String(extension.data(), qsizetype(extension.size())));
    auto* dialog = new QFileDialog(this, tr("Slides to predict"), lastFolder("slide"),
                                   tr("Slides (%1);;All files (*)").arg(patterns.join(u' ')));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &MainWindow::queueSlides);
    dialog->open();
}

void MainWindow::queueSlides(const QStringList& files) {
    if (!queue_ || files.isEmpty()) return;
    std::vector<std::filesystem::path> paths;
    for (const QString& file : files)
        paths.emplace_back(file.toStdString());
    rememberFolder("slide", paths.front());
    queue_->add(paths);
    queueDock_->show();
    queueDock_->raise();
    // Whoever asks for predictions wants a model, also when no slide is in view yet.
    if (predictions_.state().phase != PredictionState::Phase::NoModel) return;
    if (const auto model = panel_->preselectedModel()) openModel(*model);
}

} // namespace spotglass
