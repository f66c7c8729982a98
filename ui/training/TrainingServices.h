#pragma once

#include "viewer/base/Result.h"

#include <filesystem>
#include <optional>
#include <vector>

#include <QDateTime>
#include <QImage>
#include <QJsonObject>
#include <QList>
#include <QMap>
#include <QObject>
#include <QPointF>
#include <QSizeF>
#include <QString>
#include <QStringList>

/// What the training part of the window asks of the rest of the program; implemented in app, and by fakes in
/// tests. All of it lives on the GUI thread and never blocks: a function asks, a signal answers later.
namespace spotglass {

// ---- Jobs --------------------------------------------------------------------------------------------

/// Where a training runs: on this computer, or on a Slurm cluster that this computer can reach.
struct TrainingPlace {
    bool slurm = false;
    QString partition = {};   ///< empty: the cluster's own choice
    int nodes = 1;            ///< one process each
    int gpus = 0;             ///< for each node
    int processors = 4;       ///< for each node
    int memoryGigabytes = 16; ///< for each node
    QString time = QStringLiteral("24:00:00");
    QStringList modules = {}; ///< loaded before ("module load NAME")
    QString container = {};   ///< an Apptainer image that has spotglass-cli; empty: none
    QString program = {};     ///< spotglass-cli on the nodes; empty: this computer's own
    bool operator==(const TrainingPlace&) const = default;
};

/// A training that was asked for. A value type.
struct TrainingJob {
    enum class State {
        Waiting, ///< for its turn, or in the cluster's queue
        Running,
        Paused,    ///< by the user; its checkpoint is kept
        Done,      ///< its model is there
        Failed,    ///< the sentence says why; what was computed is kept and can be resumed
        Cancelled, ///< by the user; the best model so far may be there
    };
    QString id;
    QString name; ///< of the model it makes
    std::filesystem::path folder;
    QJsonObject config; ///< what `spotglass-cli train --config` was given
    TrainingPlace place;
    State state = State::Waiting;
    QString sentence = {}; ///< why it failed or waits; may be empty
    QDateTime created = {}, started = {}, ended = {};
    QString clusterJob = {};                ///< Slurm's number of it
    int epoch = 0, epochs = 0;              ///< ended, and at most
    std::optional<double> secondsLeft = {}; ///< at most; nothing: not known
    bool hasModel = false;                  ///< model.safetensors is in the folder
    [[nodiscard]] bool isOver() const {
        return state == State::Done || state == State::Failed || state == State::Cancelled;
    }
};

/// What a run told of one epoch.
struct TrainingEpoch {
    int epoch = 0;                          ///< from 1
    QMap<QString, double> losses = {};      ///< by name; "total" among them
    QMap<QString, double> weights = {};     ///< of the losses, by name
    QMap<QString, double> validation = {};  ///< pcc, mse, pcc_hpg, pcc_heg, pcc_hvg; those that are defined
    std::vector<float> genePcc = {};        ///< of the panel's genes, in order; NaN: undefined; may be empty
    double learningRate = 0;                ///< 0: not known
    double spotsPerSecond = 0, seconds = 0; ///< 0: not known
    double memoryGigabytes = 0;             ///< 10^9 bytes at the peak so far; 0: not known
    bool best = false;                      ///< better than all before
};

/// What a run has told so far. A value type.
struct TrainingHistory {
    QStringList genes = {};              ///< the panel
    QStringList sections = {};           ///< trained on
    QStringList validationSections = {}; ///< which decide when to stop
    QString mapSection = {};             ///< of which maps can be asked for; empty: none
    std::vector<TrainingEpoch> epochs = {};
    QString log = {}; ///< the last lines that the run wrote
};

/// One gene in one section, measured and predicted, a value a spot. Empty lists where it is not known.
struct SectionMap {
    QString section, gene;
    int epoch = 0;               ///< of the prediction; 0: of the finished model
    std::vector<QPointF> places; ///< centres of the spots, level-0 pixels of the section's image
    double pitchPixels = 0;      ///< centre to centre; 0: not known
    std::vector<float> measured, predicted, parent; ///< parent: by the model it was fine-tuned from
};

/// What a finished run says about itself on sections that took no part in it (RUN/report.json).
struct TrainingReport {
    QString verdict; ///< one sentence
    QStringList sections;
    struct Gene {
        QString symbol;
        double model = 0, parent = 0, ridge = 0, shuffled = 0; ///< correlations; NaN: undefined
    };
    QList<Gene> genes;
    double model = 0, parent = 0, ridge = 0, shuffled = 0; ///< means over the genes; NaN: not there
    double mse = 0, mseTrainingMean = 0;
    bool worseThanFloor = false; ///< than ridge
};

/// Trainings: one queue on this computer, and those handed to a cluster. Kept for the next session.
class TrainingService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    /// In the order of the queue, those that are over last, newest first.
    [[nodiscard]] virtual QList<TrainingJob> jobs() const = 0;
    /// Puts a training at the end of the queue. `config` as `spotglass-cli train --config` takes it, with
    /// cohort and sections. Answers with jobsChanged(), or problem().
    virtual void add(const QJsonObject& config, const std::filesystem::path& folder,
                     const TrainingPlace& place) = 0;
    virtual void pause(const QString& id) = 0;        ///< keeps the state; goes on with resume()
    virtual void resume(const QString& id) = 0;       ///< also one that failed or was cancelled
    virtual void cancel(const QString& id) = 0;       ///< ends it at once; the best model so far is kept
    virtual void move(const QString& id, int to) = 0; ///< of those that wait, counted without it
    /// Takes it off the list; its folder stays. Cancelled first where it runs.
    virtual void remove(const QString& id) = 0;

    /// Follows a job from now on: historyRead() comes at once and again whenever there is more.
    virtual void follow(const QString& id) = 0;
    virtual void unfollow(const QString& id) = 0;
    /// Answers with mapRead(), again after every epoch of a job that is followed, until another is asked for.
    virtual void askMap(const QString& id, const QString& gene) = 0;
    /// Answers with reportRead() where the job has one.
    virtual void askReport(const QString& id) = 0;

  Q_SIGNALS:
    void jobsChanged();
    void historyRead(const QString& id, const spotglass::TrainingHistory& history);
    void mapRead(const QString& id, const spotglass::SectionMap& map);
    void reportRead(const QString& id, const spotglass::TrainingReport& report);
    void finished(const spotglass::TrainingJob& job); ///< has just come to its end, whatever that was
    void problem(const spotglass::Error& error);
};

// ---- What the wizard asks ------------------------------------------------------------------------------

/// One section of a cohort, as the audit saw it.
struct AuditedSection {
    QString name, patient, image;
    bool wasRead = false;
    int spots = 0, onTissue = 0, outsideImage = 0;
    double medianDepth = 0;
    int genes = 0, genesInCommon = 0;
    double micronsPerPixel = 0;  ///< 0: not known
    QString scaleSource;         ///< in words
    QSizeF imageSize;            ///< level-0 pixels
    QImage thumbnail;            ///< null: the image could not be opened
    std::vector<QPointF> places; ///< of the spots, level-0 pixels
    std::vector<bool> onGlass;   ///< as places
    double pitchPixels = 0;
};

/// Something that the audit noticed.
struct AuditNote {
    enum class Severity { Note, Warning, Error };
    Severity severity = Severity::Note;
    QString section; ///< empty: the cohort
    QString what, hint;
};

struct AuditedCohort {
    QString path;
    QList<AuditedSection> sections;
    QList<AuditNote> notes;
    QStringList patients;
    int genesInCommon = 0;
    double pitchMicrons = 0; ///< of the first section's array
    [[nodiscard]] int errors() const;
};

/// A panel, and the genes it was chosen from.
struct ChosenPanel {
    QStringList genes;
    std::vector<double> scores; ///< NaN: undefined
    QStringList described;      ///< genes of the panel that have a text
    QStringList warnings;
    QMap<QString, std::filesystem::path> values; ///< by section: a table of the panel's genes, measured
};

/// What a training will take here, from some real steps.
struct TrainingEstimate {
    double secondsPerEpoch = 0, secondsBefore = 0; ///< before: reading the images
    int epochs = 0;                                ///< at most
    double memoryGigabytes = 0, diskGigabytes = 0; ///< 10^9 bytes
    double memoryAvailable = 0, diskAvailable = 0; ///< 10^9 bytes; 0: not known
    int spots = 0, genes = 0;
    QString device;
    QStringList warnings;
};

/// Looks at cohorts and settings for the wizard, in a process of its own. Of each kind of question the last
/// one is answered.
class CohortService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;
    virtual void
    audit(const std::filesystem::path& cohort) = 0;          ///< auditProgress(), then audited() or failed()
    virtual void choosePanel(const QJsonObject& config) = 0; ///< panelChosen() or failed()
    virtual void readValues(const ChosenPanel& panel, const QString& section,
                            const QString& gene) = 0; ///< valuesRead()
    /// estimated() or failed(). `folder`: of the run, which need not be there yet.
    virtual void estimate(const QJsonObject& config, const std::filesystem::path& folder) = 0;
    /// Whether a cluster takes the job: estimated by its own test; placeChecked().
    virtual void checkPlace(const TrainingPlace& place) = 0;
    virtual void cancel() = 0; ///< whatever is asked; no answer follows

  Q_SIGNALS:
    void auditProgress(const QString& sentence);
    void audited(const spotglass::AuditedCohort& cohort);
    void panelChosen(const spotglass::ChosenPanel& panel);
    /// `places`: of the same table, as many as values; level-0 pixels.
    void valuesRead(const QString& section, const QString& gene, const std::vector<float>& values,
                    const std::vector<QPointF>& places);
    void estimated(const spotglass::TrainingEstimate& estimate);
    void placeChecked(bool works, const QString& sentence);
    void failed(const QString& question, const spotglass::Error& error); ///< "audit", "panel", "estimate"
};

} // namespace spotglass
