#pragma once

#include "app/desktop/EngineHost.h"
#include "ui/Services.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <QTimer>

namespace spotglass {

/// Predicts the slides of a queue one after another into their caches, on the worker of the engine's host and
/// only while nobody else wants that. Files are opened on a thread of its own, and the queue is kept in the
/// workspace on another. Lives on the GUI thread; none of its functions waits, except the destructor, which
/// waits for the file in hand.
class QueueController final : public QueueService {
    Q_OBJECT

  public:
    /// Opens a slide with its scale; on a worker thread, may block.
    using OpenSlide = std::function<Result<OpenedSlide>(const std::filesystem::path&)>;

    /// `predictions` says whether a model is open; it must outlive this object. `workspace`: the file that
    /// keeps the queue and the scales users have given; empty: nothing is kept. `open` is for tests.
    QueueController(std::shared_ptr<EngineHost> host, PredictionService& predictions,
                    std::filesystem::path workspace, OpenSlide open = {}, QObject* parent = nullptr);
    ~QueueController() override;

    [[nodiscard]] QList<QueuedSlide> slides() const override { return slides_; }
    void add(const std::vector<std::filesystem::path>& files) override;
    void remove(const std::filesystem::path& file) override;
    void move(const std::filesystem::path& file, int to) override;
    void setPaused(bool paused) override;
    [[nodiscard]] bool isPaused() const override { return paused_; }
    [[nodiscard]] QString waitsFor() const override;

  private:
    struct Run; ///< one slide, shared with the worker

    void load();
    void save();
    void tellChange();
    void advance();
    void interrupt();
    void finishOpening(const std::shared_ptr<Run>& run, const Result<OpenedSlide>& opened);
    void predict(const std::shared_ptr<Run>& run);
    void finishRun(const std::shared_ptr<Run>& run, const Result<PredictionReport>& report);
    void showProgress();
    [[nodiscard]] bool hasModel() const;
    [[nodiscard]] QueuedSlide* find(const std::filesystem::path& file);

    QList<QueuedSlide> slides_;
    bool paused_ = false;
    bool loaded_ = false;      ///< what the workspace had is in slides_; nothing is written before
    std::shared_ptr<Run> run_; ///< the slide in hand; nothing when none is
    QTimer progress_;
    PredictionService& predictions_;
    const std::filesystem::path workspace_;
    OpenSlide open_;
    std::shared_ptr<EngineHost> host_;
    std::unique_ptr<SerialWorker> memory_; ///< the workspace, where a drive that hangs holds up nothing
    std::unique_ptr<SerialWorker> files_;  // last: ends first
};

/// The queue as the workspace keeps it (JSON), and back; what is not understood is left out. A slide that was
/// being predicted waits.
[[nodiscard]] std::string queueToText(const QList<QueuedSlide>& slides, bool paused);
[[nodiscard]] std::pair<QList<QueuedSlide>, bool> queueFromText(const std::string& text);

} // namespace spotglass
