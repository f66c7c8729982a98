#pragma once

#include "app/desktop/EngineHost.h"
#include "app/jobs/JobQueue.h"
#include "ui/training/TrainingServices.h"

#include <atomic>
#include <QTimer>

namespace spotglass {

/// The trainings of a workspace as the window sees them. The queue (JobQueue) is looked after once a second
/// on a thread of its own; a training is a process that goes on when the window is closed. Lives on the GUI
/// thread; none of its functions waits, except the destructor, which waits for the look in hand.
class TrainingController final : public TrainingService {
    Q_OBJECT

  public:
    /// `features`: where the frozen features of trainings are kept; empty: nowhere. `host`: while it works
    /// for the window, trainings on this computer wait; may be null.
    TrainingController(JobQueue::Programs programs, std::filesystem::path features,
                       std::shared_ptr<EngineHost> host, QObject* parent = nullptr);
    ~TrainingController() override;

    [[nodiscard]] QList<TrainingJob> jobs() const override { return jobs_; }
    void add(const QJsonObject& config, const std::filesystem::path& folder,
             const TrainingPlace& place) override;
    void pause(const QString& id) override { request(id, "pause"); }
    void resume(const QString& id) override { request(id, "resume"); }
    void cancel(const QString& id) override { request(id, "cancel"); }
    void remove(const QString& id) override { request(id, "remove"); }
    void move(const QString& id, int to) override;
    void follow(const QString& id) override;
    void unfollow(const QString& id) override;
    void askMap(const QString& id, const QString& gene) override;
    void askReport(const QString& id) override;

  private:
    void request(const QString& id, const char* what);
    void look();
    void show(const QList<TrainingJob>& jobs);
    void tellOnce(const Error& error);
    void readFollowed();
    void readMapOf(const QString& id);
    void giveDeviceTo(bool prediction);
    [[nodiscard]] const TrainingJob* find(const QString& id) const;
    /// Does `work(JobQueue&)` on the worker, then `answer(result)` here.
    template <typename Work, typename Answer> void ask(Work work, Answer answer);

    const std::filesystem::path features_;
    QList<TrainingJob> jobs_;
    bool known_ = false; ///< jobs_ has been read once
    QString lastProblem_;
    QMap<QString, int> followed_; ///< how often, by job
    QMap<QString, qint64> seen_;  ///< bytes of events.jsonl and log.txt that were read of a job
    QMap<QString, QString> maps_; ///< the gene asked for, by job
    QTimer timer_;
    std::atomic<bool> looking_{false};
    FileLock predicting_;
    bool predicts_ = false;
    std::unique_ptr<JobQueue> queue_;      ///< the worker's
    std::unique_ptr<SerialWorker> worker_; // last: ends first
};

} // namespace spotglass
