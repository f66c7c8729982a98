#pragma once

#include "viewer/base/ExpressionField.h"
#include "viewer/base/Result.h"
#include "viewer/base/Units.h"
#include "viewer/slide/IccProfile.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <QImage>
#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>

/// What the window asks of the rest of the program. The window knows these classes alone; app implements them
/// with the slide readers, the workspace and the engine, tests with fakes. All of it lives on the GUI thread
/// and never blocks: a function asks, a signal answers later.
namespace spotglass {

class SlideSource;

/// A slide that is ready to be shown.
struct OpenedSlide {
    std::filesystem::path path;
    std::shared_ptr<SlideSource> source;
    std::optional<MicronsPerPixel>
        scale; ///< of level 0: from the file, or given for it; nothing when not known
    std::optional<IccBytes> iccProfile = {}; ///< that the file carries
};

/// A slide that was opened before.
struct RecentSlide {
    QString file;
    QImage picture;       ///< of the whole slide, small; null where none is kept
    bool missing = false; ///< the file is not there at present
};

/// A place of a slide that somebody marked.
struct Bookmark {
    QString id; ///< unique; whoever makes the bookmark chooses it
    QString name;
    Level0Point center;  ///< of the view
    double scale = 1;    ///< screen pixels per level-0 pixel
    double rotation = 0; ///< degrees clockwise, after mirroring
    bool mirrored = false;
    QImage picture; ///< what was in view, small; may be null
};

/// What has become of the file of a slide since it was opened.
enum class SlideFileState {
    AsOpened,
    Changed, ///< other content, and no longer being written
    Missing  ///< moved, deleted, or its drive is not connected
};

/// One model file that can be chosen.
struct ModelListing {
    std::filesystem::path file;
    QString name; ///< as the model's card says; the file name where it says nothing
};

/// One gene of a model's panel.
struct GeneEntry {
    QString symbol;
    double heldOutPcc =
        0; ///< correlation with measurements on sections the model had not seen; NaN: not known
};

/// What the window needs to know about an opened model.
struct ModelDescription {
    std::filesystem::path file;
    QString name;
    QString unit;             ///< of every prediction
    QList<GeneEntry> genes;   ///< in the order of the panel
    double heldOutPccAll = 0; ///< mean over the genes; NaN: not known
    double micronsPerPixel = 0;
    double spotPitchMicrons = 0;
};

/// Opens slides, remembers what the user said about them, and looks after their files.
class SlideService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    /// Asks for the slide in `path`; answers with opened() or failed(). A second call makes the first one's
    /// answer void. A `given` scale takes the place of what the file says, and is remembered.
    virtual void openSlide(const std::filesystem::path& path, std::optional<MicronsPerPixel> given = {}) = 0;

    /// Remembers the scale the user gave for `slide`, for the next time it is opened.
    virtual void rememberScale(const OpenedSlide& slide, MicronsPerPixel scale) = 0;

    /// The slides opened last, newest first.
    [[nodiscard]] virtual QList<RecentSlide> recentSlides() const = 0;

    /// Keeps a small picture of a slide, for recentSlides().
    virtual void keepPicture(const OpenedSlide& slide, const QImage& picture) = 0;

    /// The bookmarks of the slide opened last, oldest first.
    [[nodiscard]] virtual QList<Bookmark> bookmarks() const = 0;
    /// Changes them at once, and keeps the change for the next time. Where it cannot be kept it lasts as long
    /// as the program runs, and bookmarkNotKept() says why.
    virtual void addBookmark(const Bookmark& bookmark) = 0;
    virtual void renameBookmark(const QString& id, const QString& name) = 0;
    virtual void removeBookmark(const QString& id) = 0;

    /// Looks for the slide `step` files after `file` in its folder (before it where negative); answers with
    /// neighbourFound() or noNeighbour(). A second call makes the first one's answer void.
    virtual void findNeighbour(const std::filesystem::path& file, int step) = 0;

  Q_SIGNALS:
    void opened(const spotglass::OpenedSlide& slide);
    void failed(const spotglass::Error& error);
    void slideImproved(); ///< the slide opened last has more to show than before (its pyramid is growing)
    void recentSlidesChanged();
    void bookmarksChanged(); ///< also when another slide has been opened
    void bookmarkNotKept(const spotglass::Error& error);
    void neighbourFound(const std::filesystem::path& file);
    void noNeighbour(const QString& sentence);
    void fileStateChanged(spotglass::SlideFileState state); ///< of the slide opened last
};

/// How far a prediction is.
struct PredictionState {
    enum class Phase {
        NoModel,      ///< nothing can be predicted yet
        OpeningModel, ///< a model is being loaded
        Ready,        ///< a model is there, nothing predicted for this slide
        Planning,     ///< looking for tissue; the number of spots is not known yet
        Running,      ///< done of total spots
        Done,         ///< every spot of the slide is there
        Cancelled     ///< stopped by the user; what was predicted stays
    };
    Phase phase = Phase::NoModel;
    std::size_t done = 0, total = 0; ///< spots
    [[nodiscard]] bool isBusy() const { return phase == Phase::Planning || phase == Phase::Running; }
};

/// Predicts expression on the slide that is shown.
class PredictionService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    /// Asks for the models that come with the program; answers with modelsListed().
    virtual void listModels() = 0;

    /// Loads a model; answers with modelOpened() or modelFailed(). Ends a running prediction; when it fails,
    /// the model that was there stays.
    virtual void openModel(const std::filesystem::path& file) = 0;

    /// What predictions are made on from now on. Ends a running prediction and forgets what was predicted
    /// before.
    virtual void setSlide(const OpenedSlide& slide) = 0;

    /// What is on screen, in level-0 pixels: predicted first, also by a run that has begun.
    virtual void setVisibleRegion(Level0Rect region) = 0;

    /// Starts predicting all genes for the whole slide, what is visible first. Answers with stateChanged(),
    /// fieldGrew() and at the end a state of Done or Cancelled, or predictionFailed(). Needs a model and a
    /// slide with a scale.
    virtual void predict() = 0;

    /// Asks the running prediction to stop.
    virtual void cancel() = 0;

    [[nodiscard]] virtual PredictionState state() const = 0;

    /// What is predicted so far for one gene of the panel; empty when nothing is, or the gene is unknown.
    /// Fast (no model is run).
    [[nodiscard]] virtual ExpressionField field(const QString& gene) = 0;

  Q_SIGNALS:
    void modelsListed(const QList<spotglass::ModelListing>& models);
    void modelOpened(const spotglass::ModelDescription& model);
    void modelFailed(const spotglass::Error& error);
    void stateChanged(const spotglass::PredictionState& state);
    void fieldGrew(); ///< more cells are known; at most about 30 times a second
    void predictionFailed(const spotglass::Error& error);
};

/// The measured spots of a slide.
struct MeasuredSpots {
    QString source;                               ///< name of the file
    std::vector<SpotValue> spots;                 ///< without values
    double pitchPixels = 0;                       ///< centre to centre, level-0 pixels; 0: not known
    double pitchMicrons = 0, diameterMicrons = 0; ///< of the array
    bool hasCounts = false;                       ///< values can be asked for
    QString note;                                 ///< a sentence about what is missing; may be empty
};

/// Reads what was measured on a slide.
class MeasurementService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    /// Reads the spots of `slide` from `file`, a spot file or a folder that has one for the slide; answers
    /// with opened() or failed(). A second call, or close(), makes the first one's answer void.
    virtual void openSpots(const std::filesystem::path& file, const std::filesystem::path& slide) = 0;
    virtual void close() = 0;

    /// Asks for the expression of one gene in the spots opened last, in the unit of a model that predicts the
    /// genes of `panel`; answers with valuesRead(). Of several questions the last is answered.
    virtual void askValues(const QString& gene, const QStringList& panel) = 0;

  Q_SIGNALS:
    void opened(const spotglass::MeasuredSpots& spots);
    void failed(const spotglass::Error& error);
    /// One value for each spot, in their order; empty when the gene was not measured.
    void valuesRead(const QString& gene, const std::vector<float>& values, const QString& unit);
};

} // namespace spotglass
