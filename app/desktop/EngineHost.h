#pragma once

#include "app/desktop/SerialWorker.h"
#include "inference/engine/PredictionEngine.h"

#include <functional>
#include <memory>
#include <QObject>
#include <QPointer>
#include <string>
#include <utility>

namespace spotglass {

/// The engine and the model that is open, as the worker thread of EngineHost sees them. That thread alone may
/// use it; every function may block.
class HostedEngine {
  public:
    /// Provides the engine; called when it is first needed.
    using Load = std::function<Result<EngineFactory*>()>;

    HostedEngine(Load load, EngineSettings first) : settings(std::move(first)), load_(std::move(load)) {}

    EngineSettings settings;        ///< for the next run
    bool wholeSlideContext = false; ///< likewise

    [[nodiscard]] Result<EngineFactory*> factory() { return load_(); }
    /// Opens another model; where that fails, the one that was open stays.
    [[nodiscard]] Result<ModelSummary> open(const std::filesystem::path& file);
    /// The open model, opened again where the settings have changed since. Defect when there is none.
    [[nodiscard]] Result<PredictionEngine*> model();
    /// The file of the open model; empty when there is none.
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    /// The device that the open model computes on: "cpu", "cuda:0".
    [[nodiscard]] std::string device();

  private:
    Load load_;
    EngineSettings openedWith_;
    std::filesystem::path file_;
    std::string best_; ///< what "auto" stands for, once it has been needed
    std::unique_ptr<PredictionEngine> model_;
};

/// The one thread on which the engine is used, whoever asks: two things never run at once. What is asked for
/// the window comes in order; what runs in the background is told to make room (wanted()) and may go on when
/// there is nothing else to do (idle()). Lives on the GUI thread; none of its functions waits, except the
/// destructor, which waits for the piece of work in hand (ask that to stop before).
class EngineHost : public QObject {
    Q_OBJECT

  public:
    explicit EngineHost(HostedEngine::Load load, EngineSettings settings = {});
    ~EngineHost() override;

    /// Does `work(HostedEngine&)` on the worker, then `answer(result)` on the GUI thread; without the answer
    /// when `asker` has gone meanwhile.
    template <typename Work, typename Answer> void ask(QObject* asker, Work work, Answer answer) {
        if (pending_++ == 0) Q_EMIT wanted();
        post(asker, std::move(work), [this, answer = std::move(answer)](QObject* alive, const auto& result) {
            if (alive) answer(result);
            if (--pending_ == 0) Q_EMIT idle();
        });
    }
    /// The same for work that gives way: it should end soon after wanted().
    template <typename Work, typename Answer> void askInBackground(QObject* asker, Work work, Answer answer) {
        post(asker, std::move(work), [answer = std::move(answer)](QObject* alive, const auto& result) {
            if (alive) answer(result);
        });
    }
    /// Whether something that was asked for with ask() has not been answered yet.
    [[nodiscard]] bool isBusy() const { return pending_ > 0; }

    /// Does `what` on the GUI thread, unless `asker` has gone. For the worker, from inside its work.
    void tell(const QPointer<QObject>& asker, std::function<void()> what);

  Q_SIGNALS:
    void wanted();
    void idle();

  private:
    template <typename Work, typename Done> void post(QObject* asker, Work work, Done done) {
        worker_->post(
            [this, asker = QPointer<QObject>(asker), work = std::move(work), done = std::move(done)] {
                auto result = work(*engine_);
                QMetaObject::invokeMethod(
                    this, [asker, done, result = std::move(result)] { done(asker.data(), result); },
                    Qt::QueuedConnection);
            });
    }

    int pending_ = 0;
    std::unique_ptr<HostedEngine> engine_; ///< the worker's
    std::unique_ptr<SerialWorker> worker_; // last: ends first
};

} // namespace spotglass
