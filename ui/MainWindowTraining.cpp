// Trainings and the library of models in MainWindow.
#include "ui/GenePanelDock.h"
#include "ui/MainWindow.h"

#include <QApplication>
#include <QMenu>
#include <QMenuBar>
#include <QStatusBar>

namespace spotglass {

void MainWindow::setTraining(const TrainingCommands::Services& services,
                             const TrainingCommands::Places& places) {
    training_ = new TrainingCommands(services, places, *this);
    auto* menu = new QMenu(tr("T&raining"), this);
    menuBar()->insertMenu(menuBar()->actions().constLast(), menu); // before Help
    training_->fillMenu(*menu);
    connect(training_, &TrainingCommands::modelWanted, this, &MainWindow::openModel);
    connect(training_, &TrainingCommands::listingsChanged, this, [this] {
        panel_->setModels(training_->listings());
        openModelByItself();
    });
    connect(training_, &TrainingCommands::notify, this, [this](const QString& title, const QString& text) {
        statusBar()->showMessage(title + QStringLiteral(": ") + text, 15000);
        QApplication::alert(this);
        Q_EMIT notificationWanted(title, text);
    });
}

} // namespace spotglass
