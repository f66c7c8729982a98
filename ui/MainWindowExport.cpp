// Pictures of what MainWindow shows.
#include "ui/MainWindow.h"
#include "ui/PictureCommands.h"

#include <QAction>
#include <QStatusBar>

namespace spotglass {

void MainWindow::buildPictureCommands(QMenu* menu) {
    pictures_ = new PictureCommands({*view_, *heatmap_, *genes_, slide_, *statusBar(), *this});
    connect(pictures_, &PictureCommands::failed, this, &MainWindow::report);
    connect(&predictions_, &PredictionService::modelOpened, pictures_,
            [this](const ModelDescription& model) { pictures_->setModel(model.file); });
    slideActions_ +=
        {addCommand(menu, tr("&Export a picture..."), {QKeySequence::Save},
                    [this] { pictures_->chooseExport(); }),
         addCommand(menu, tr("&Copy the view"), {QKeySequence::Copy}, [this] { pictures_->copyView(); })};
}

} // namespace spotglass
