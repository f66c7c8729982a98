#pragma once

#include "app/desktop/SerialWorker.h"
#include "app/jobs/Slurm.h"
#include "ui/training/TrainingServices.h"

#include <map>
#include <memory>
#include <QPointer>
#include <QProcess>
#include <QTemporaryDir>

namespace spotglass {

/// Answers the wizard with what spotglass-cli says, each question in a process of its own: whatever happens
/// there, the window stays. Pictures are read, and a cluster is asked, on a thread of its own. Lives on the
/// GUI thread; only the destructor waits, for the picture in hand.
class CohortController final : public CohortService {
    Q_OBJECT

  public:
    /// `commandLine`: spotglass-cli; `features`: as TrainingController, so that what is encoded for an
    /// estimate is there for the training.
    CohortController(std::filesystem::path commandLine, std::filesystem::path slurmScript,
                     std::filesystem::path features, QObject* parent = nullptr);
    ~CohortController() override;

    void audit(const std::filesystem::path& cohort) override;
    void choosePanel(const QJsonObject& config) override;
    void readValues(const ChosenPanel& panel, const QString& section, const QString& gene) override;
    void estimate(const QJsonObject& config, const std::filesystem::path& folder) override;
    void checkPlace(const TrainingPlace& place) override;
    void cancel() override;

  private:
    struct Outcome {
        int exitCode = -1; ///< -1: it did not come to an end of its own
        QByteArray out;
        QStringList said; ///< lines on standard error
    };
    /// Starts the command line in place of an earlier question of that name. `said` is told each line.
    void run(const QString& question, const QStringList& arguments,
             std::function<void(const Outcome&)> answer, std::function<void(const QString&)> said = {});
    void drop(const QString& question);
    [[nodiscard]] QString writeConfig(const QString& question, const QJsonObject& config);
    void fail(const QString& question, const Outcome& outcome);
    void addThumbnails(AuditedCohort cohort);

    const std::filesystem::path commandLine_, features_;
    const Slurm slurm_;
    QTemporaryDir files_;
    std::map<QString, std::unique_ptr<QProcess>> running_;
    int audits_ = 0, places_ = 0;          ///< the last question's number
    std::unique_ptr<SerialWorker> worker_; // last: ends first
};

} // namespace spotglass
