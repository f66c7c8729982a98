#pragma once

#include "ui/PictureProvenance.h"
#include "ui/Services.h"
#include "viewer/tiles/BackgroundReader.h"

#include <QObject>
#include <QPointer>

class QProgressBar;
class QStatusBar;

namespace spotglass {

class ExportDialog;
class GeneLayers;
class HeatmapPresenter;
class PictureExporter;
class SlideView;

/// Copies and exports what a view shows: asks with an ExportDialog, writes beside the GUI thread, shows how
/// far it is in the status bar, where it can be cancelled. GUI thread only; nothing blocks but the destructor
/// (see PictureExporter).
class PictureCommands : public QObject {
    Q_OBJECT

  public:
    /// What is shown, and where. All of it must outlive the commands.
    struct Window {
        SlideView& view;
        const HeatmapPresenter& heatmap;
        const GeneLayers& genes; ///< beside it
        const std::optional<OpenedSlide>& slide;
        QStatusBar& bar;
        QWidget& parent; ///< of dialogs
    };
    explicit PictureCommands(const Window& window);
    ~PictureCommands() override;

    /// The model that predicts from now on.
    void setModel(const std::filesystem::path& file);

    /// Puts the view as it is shown on the clipboard, and where it comes from as text. Nothing without a
    /// slide.
    void copyView();
    /// Shows the dialog. Nothing without a slide.
    void chooseExport();

    /// Where a picture of `view` comes from.
    [[nodiscard]] PictureProvenance provenance(const Viewport& view) const;

  Q_SIGNALS:
    /// A picture could not be made.
    void failed(const QString& title, const spotglass::Error& error);

  private:
    void pickRegion();
    void write();
    void showProgress(bool on);
    void told(const QString& file, int damagedTiles, const QString& damage);

    Window window_;
    PictureExporter* exporter_;
    QPointer<ExportDialog> dialog_;
    std::optional<OpenedSlide> asked_; ///< the slide that the dialog is about
    QWidget* progress_;
    QProgressBar* share_;
    QString modelFingerprint_;
    BackgroundReader reader_;
};

} // namespace spotglass
