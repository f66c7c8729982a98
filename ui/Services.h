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
    QString name;         ///< as the model's card says; the file name where it says nothing
    QString warning = {}; ///< what to know before it is used; may be empty
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
    QString warning = {}; ///< what to know before its predictions are believed; may be empty
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
        Paused,       ///< held by the user, and goes on with resume()
        Done,         ///< every spot of the slide is there
        Cancelled     ///< stopped by the user; what was predicted stays
    };
    Phase phase = Phase::NoModel;
    std::size_t done = 0, total = 0;        ///< spots
    double spotsPerSecond = 0;              ///< over the last seconds; 0: not known
    std::optional<double> secondsLeft = {}; ///< nothing: not known
    QString device = {}, precision = {};    ///< for people: "graphics processor 0", "bf16"; may be empty
    QStringList notes = {};                 ///< what the run had to tell, a sentence each; the newest last
    bool settingsChanged = false;           ///< what is shown was predicted with other settings
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

    /// Starts predicting all genes for the whole slide, what is visible first, or goes on after a cancel.
    /// Answers with stateChanged(),
    /// fieldGrew() and at the end a state of Done or Cancelled, or predictionFailed(). Needs a model and a
    /// slide with a scale.
    virtual void predict() = 0;

    /// Asks the running prediction to stop; for good: it is not continued when the slide is opened again.
    virtual void cancel() = 0;

    /// Holds the running prediction until resume(). A slide that is opened again goes on by itself.
    virtual void pause() = 0;
    virtual void resume() = 0;

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

/// What a user can choose about how predictions are computed.
struct EngineChoices {
    QString device = QStringLiteral("auto");    ///< "auto", or the name of a DeviceListing
    QString precision = QStringLiteral("fp32"); ///< "fp32", "bf16" or "fp16"
    bool wholeSlideContext =
        false;                 ///< every spot attends to all tissue instead of a window of training width
    double cacheGigabytes = 8; ///< 2^30 bytes that the caches of all slides may take together
    bool operator==(const EngineChoices&) const = default;
};

/// A device that can compute, or cannot.
struct DeviceListing {
    QString name;        ///< "cpu", "cuda:0"
    QString description; ///< "main processor, 8 threads"
    bool usable = false;
    QString sentence;     ///< why it is not usable, or what was found; may be empty
    double agreement = 0; ///< largest difference of the self-test from the main processor, relative
    /// Matrix products, 10^9 operations a second; 0: not measured or not possible.
    double rateFp32 = 0, rateBf16 = 0, rateFp16 = 0;
};

/// What the predictions of one precision are like, measured.
struct PrecisionListing {
    QString name; ///< "fp32", "bf16", "fp16"
    bool usable = false;
    QString sentence;              ///< why not, or what to know about it; may be empty
    double agreement = 0;          ///< Pearson correlation with 32 bits over all spots and genes compared
    double worstGeneAgreement = 0; ///< the lowest of the genes' own
    double largestDifference = 0;  ///< in the model's unit
    double spotsPerSecond = 0;
};

/// A frozen image encoder that models may use.
struct EncoderListing {
    enum class File {
        BuiltIn, ///< needs none
        AsAdded,
        Changed, ///< other content than when it was added
        Missing
    };
    QString name;
    int width = 0; ///< numbers it gives for a patch; 0: not known
    QString path;  ///< of its weights; empty when built in
    File file = File::BuiltIn;
};

/// Where and how predictions are computed, for the page of settings.
class EngineSettingsService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    [[nodiscard]] virtual EngineChoices choices() const = 0;
    /// Uses these from the next run on, and keeps them for the next session.
    virtual void choose(const EngineChoices& choices) = 0;

    /// Looks what there is; answers with devicesListed(), encodersListed() and cacheMeasured(), each when it
    /// is known. The devices are looked at when the engine has nothing else to do for the window.
    virtual void look() = 0;

    /// Predicts some spots of `slide` (a drawn tissue where there is none, or no scale) in each precision and
    /// compares; answers with precisionsMeasured() or measuringFailed(). Nothing when it is being measured.
    virtual void measurePrecisions(const std::optional<OpenedSlide>& slide) = 0;
    /// Ends the measurement; measuringFailed() with kind Cancelled follows when it has ended.
    virtual void cancelMeasuring() = 0;

    /// Removes what is kept of all slides; answers with cacheMeasured() or cacheFailed().
    virtual void clearCache() = 0;

  Q_SIGNALS:
    void choicesChanged();
    void choicesNotKept(const spotglass::Error& error); ///< they last until the program ends
    /// `whyNoGraphics`: why no graphics processor can be used, a sentence; empty where one can.
    void devicesListed(const QList<spotglass::DeviceListing>& devices, const QString& whyNoGraphics);
    void devicesFailed(const spotglass::Error& error);
    void precisionsMeasured(const QList<spotglass::PrecisionListing>& precisions);
    void measuringFailed(const spotglass::Error& error);
    void encodersListed(const QList<spotglass::EncoderListing>& encoders);
    void cacheMeasured(quint64 bytes, int slides);
    void cacheFailed(const spotglass::Error& error);
};

/// A slide that is to be predicted in the background.
struct QueuedSlide {
    enum class State {
        Waiting,
        Running,
        Done,      ///< its predictions are in the cache, and there when it is opened
        Failed,    ///< the sentence says why
        NeedsScale ///< it does not say how large its pixels are, and nobody has
    };
    std::filesystem::path file; ///< once in the queue
    State state = State::Waiting;
    std::size_t done = 0, total = 0; ///< spots; 0 total: not known yet
    QString sentence = {};           ///< why it failed, or what there is to know; may be empty
};

/// Predicts slides one after another into their caches, with the model that is open, when the slide in view
/// has been served. Kept for the next session.
class QueueService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    [[nodiscard]] virtual QList<QueuedSlide> slides() const = 0;
    /// Adds files at the end; those that are there already and have ended wait again.
    virtual void add(const std::vector<std::filesystem::path>& files) = 0;
    /// One that runs is stopped; what was predicted of it stays in the cache.
    virtual void remove(const std::filesystem::path& file) = 0;
    /// Puts a slide at place `to`, counted without it. The one that runs goes on running.
    virtual void move(const std::filesystem::path& file, int to) = 0;
    /// Holds the whole queue; the slide that runs stops and goes on where it was with false.
    virtual void setPaused(bool paused) = 0;
    [[nodiscard]] virtual bool isPaused() const = 0;
    /// Why nothing is predicted although slides wait, a sentence ("Open a model first."); empty where it is.
    [[nodiscard]] virtual QString waitsFor() const = 0;

  Q_SIGNALS:
    void changed(); ///< anything of the above
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
