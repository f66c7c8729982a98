#pragma once

#include "ui/Services.h"
#include "ui/training/TrainingCommands.h"
#include "viewer/canvas/Viewport.h"

#include <QMainWindow>
#include <QPointer>

class QLabel;
class QMenu;
class QSettings;
class QStackedWidget;
class QTabBar;

namespace spotglass {

class Banner;
class BookmarkDock;
class ColorDock;
class ColorPresenter;
class GeneLayers;
class GenePanelDock;
class HeatmapPresenter;
class Layer;
class LayerDock;
class OverviewWidget;
class PictureCommands;
class PredictionSettingsDialog;
class PropertiesDialog;
class QueueDock;
class SlideTools;
class SpotPresenter;
class SlideView;
class StartPage;

/// The window: the slide in the middle, everything about predicted expression at the right. It asks the
/// services and shows what they answer. GUI thread only; nothing blocks, no dialog runs an event loop of its
/// own.
class MainWindow : public QMainWindow {
    Q_OBJECT

  public:
    /// The services must outlive the window.
    MainWindow(SlideService& slides, PredictionService& predictions, QWidget* parent = nullptr);
    ~MainWindow() override;

    /// Asks for a slide; the one that is shown stays until the new one is there. A `given` scale takes the
    /// place of what the file says.
    /// It gets a tab of its own, unless it has one already.
    void openSlide(const std::filesystem::path& file, std::optional<MicronsPerPixel> given = {});
    /// The same, in the tab in front.
    void replaceSlide(const std::filesystem::path& file);
    void openModel(const std::filesystem::path& file);
    /// Lets the window show measured spots; once. The service must outlive the window.
    void setMeasurements(MeasurementService& measurements);
    /// Lets the window show the settings of predictions; once. The service must outlive the window.
    void setEngineSettings(EngineSettingsService& settings);
    /// Lets the window predict slides in the background; once. The service must outlive the window.
    void setQueue(QueueService& queue);
    /// Lets the window train models and keep a library of them; once. The services must outlive the window.
    void setTraining(const TrainingCommands::Services& services, const TrainingCommands::Places& places);
    [[nodiscard]] TrainingCommands* training() { return training_; } ///< null without setTraining()
    /// Shows the measured spots of the slide: a spot file, or a folder that has one for it.
    void openSpots(const std::filesystem::path& file);
    /// Whether spots or their values are on their way; spotsShown() or problem() follows.
    [[nodiscard]] bool isLoadingSpots() const;
    /// Shows the annotations of a GeoJSON file over the slide.
    void openAnnotations(const std::filesystem::path& file);
    /// Starts the prediction. Asks for the slide's scale first when it is not known; without dialogs that is
    /// a problem().
    void predict();
    /// Fills the screen with the picture alone (Escape leaves). `fullScreen` false only hides everything
    /// else.
    void setPresentation(bool on, bool fullScreen = true);

    /// Problems are shown in dialogs when true (the default), and reported by problem() in any case.
    void setDialogsEnabled(bool enabled) { dialogs_ = enabled; }
    /// Whether the preselected model is opened after the first picture (the default) or only when somebody
    /// asks.
    void setOpensModelByItself(bool opens) { opensModel_ = opens; }

    /// Takes size, folders, colours and choices from the last time; closing the window keeps them.
    void restoreSettings();

    [[nodiscard]] SlideView& view() { return *view_; }
    [[nodiscard]] OverviewWidget& overview() { return *overview_; }
    [[nodiscard]] SlideTools& tools() { return *tools_; }
    [[nodiscard]] GenePanelDock& panel() { return *panel_; }
    [[nodiscard]] HeatmapPresenter& heatmap() { return *heatmap_; }
    [[nodiscard]] SpotPresenter* spots() { return spots_; } ///< null without measurements
    [[nodiscard]] const std::optional<OpenedSlide>& slide() const { return slide_; }

  Q_SIGNALS:
    /// A slide is shown.
    void slideShown();
    /// Measured spots, or the values of another gene in them, are shown.
    void spotsShown();
    /// Something that takes long has ended, and the user may be looking elsewhere: for the desktop's
    /// notifications.
    void notificationWanted(const QString& title, const QString& text);
    /// Something went wrong; the window keeps what it had.
    void problem(const spotglass::Error& error);

  protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

  private:
    struct Tab {
        std::filesystem::path path;
        std::optional<Viewport> place; ///< where somebody was when he left it
    };

    void buildCentre();
    void buildStatusBar();
    void connectServices();
    void connectPanel();
    void buildFileMenu();
    void buildPictureCommands(QMenu* menu);
    void buildViewMenu();
    void buildMagnificationMenu(QMenu* menu);
    void buildTurnMenu(QMenu* menu);
    void buildColors();
    void buildLayers();
    void keepGene();
    void buildTabs();
    void buildTabCommands(QMenu* menu);
    void rememberPlace();
    void placeInTab(const OpenedSlide& slide);
    void restorePlace();
    void goToTab(int index);
    void closeTab(int index);
    void closeSlide();
    void openNextWaiting();
    void buildSlideMenu();
    void buildOverviewMenu(QMenu* menu);
    void buildTools();
    void buildToolsMenu();
    void chooseAnnotationFile();
    void chooseSpotFile();
    void showSpots(const MeasuredSpots& spots);
    void checkPitch(const MeasuredSpots& spots);
    void closeSpots();
    [[nodiscard]] bool isSpots(const Layer* layer) const;
    void showProperties();
    void buildFolderMenu(QMenu* menu);
    void showFileState(SlideFileState state);
    void reloadFile();
    void buildBookmarkMenu(QMenu* menu);
    void addBookmark();
    void showBookmarks();
    void forgetSlide();
    void buildPredictionMenu();
    void buildHelpMenu();
    void buildEngineTools(QMenu* menu);
    void showEngineSettings();
    void chooseQueueFiles();
    void queueSlides(const QStringList& files);
    QAction* addCommand(QMenu* menu, const QString& text, const QList<QKeySequence>& keys,
                        std::function<void()> run);

    void showSlide(const OpenedSlide& slide);
    void slideFailed(const Error& error);
    void report(const QString& title, const Error& error);
    void openModelByItself();
    void useScale(double micronsPerPixel);
    void askForScale(bool thenPredict);
    void updateState();
    void updatePosition();
    void updateZoom();
    void updateMagnifications();
    void magnify(double times);
    void updateRecent();
    void chooseSlideFile();
    void chooseModelFile();
    void leave();
    [[nodiscard]] QString lastFolder(const char* what) const;
    void rememberFolder(const char* what, const std::filesystem::path& file);
    void saveSettings() const;
    void restoreSlideSettings(const QSettings& settings);

    SlideService& slides_;
    PredictionService& predictions_;
    std::optional<OpenedSlide> slide_;
    std::optional<Level0Point> cursor_;
    bool dialogs_ = true, opensModel_ = true, askingForScale_ = false, predictsAfterScale_ = false;
    bool panelWasVisible_ = true; ///< before the presentation
    QRect placeBefore_;
    QStackedWidget* centre_ = nullptr;
    StartPage* start_ = nullptr;
    Banner* banner_ = nullptr;
    SlideView* view_ = nullptr;
    GenePanelDock* panel_ = nullptr;
    HeatmapPresenter* heatmap_ = nullptr;
    GeneLayers* genes_ = nullptr;
    LayerDock* layers_ = nullptr;
    QMenu* recent_ = nullptr;
    QLabel *value_ = nullptr, *position_ = nullptr, *zoom_ = nullptr;
    OverviewWidget* overview_ = nullptr;
    QPointer<PropertiesDialog> properties_;
    QPointer<PredictionSettingsDialog> settingsDialog_;
    EngineSettingsService* engineSettings_ = nullptr;
    QueueService* queue_ = nullptr;
    QueueDock* queueDock_ = nullptr; ///< with queue_ alone
    TrainingCommands* training_ = nullptr;
    QAction *settingsAction_ = nullptr, *queueAction_ = nullptr, *queueShowAction_ = nullptr;
    BookmarkDock* bookmarks_ = nullptr;
    Banner* fileBanner_ = nullptr;   ///< about the file on disk
    std::filesystem::path stepFrom_; ///< the last neighbour that was asked for
    ColorDock* colorDock_ = nullptr;
    ColorPresenter* colors_ = nullptr;
    PictureCommands* pictures_ = nullptr;
    SlideTools* tools_ = nullptr;
    MeasurementService* measurements_ = nullptr;
    SpotPresenter* spots_ = nullptr; ///< with measurements_ alone
    bool loadingSpots_ = false;
    QAction* spotsAction_ = nullptr;
    QTabBar* tabs_ = nullptr;
    QList<Tab> tabList_;           ///< one each of tabs_
    bool replacesTab_ = false;     ///< the slide that is being opened takes the place of the one in front
    QStringList waiting_;          ///< files dropped together, to be opened one after another
    QList<QAction*> slideActions_; ///< make sense only with a slide
    QList<QAction*> magnificationActions_;
    QAction *overviewAction_ = nullptr, *visitedAction_ = nullptr;
    QAction *predictAction_ = nullptr, *pauseAction_ = nullptr, *presentationAction_ = nullptr,
            *scaleAction_ = nullptr;
};

} // namespace spotglass
