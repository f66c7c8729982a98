#pragma once

#include "app/desktop/SerialWorker.h"
#include "inference/engine/PredictionEngine.h"
#include "ui/Services.h"

#include <functional>
#include <memory>
#include <mutex>
#include <QTimer>
#include <string>
#include <vector>

namespace spotglass {

class PredictionTable;

/// The engine as the window sees it: loads it and the model on a thread of its own, runs predictions there,
/// and keeps the values of all genes. Lives on the GUI thread; none of its functions waits for the engine,
/// except the destructor, which waits for the batch in hand.
class PredictionController final : public PredictionService {
    Q_OBJECT

  public:
    /// Provides the engine; called on the worker thread when the first model is opened, may block.
    using LoadEngine = std::function<Result<EngineFactory*>()>;

    /// `models` is the folder whose models are listed. The factory that `load` gives must outlive this
    /// object.
    PredictionController(LoadEngine load, std::filesystem::path models, QObject* parent = nullptr);
    ~PredictionController() override;

    void listModels() override;
    void openModel(const std::filesystem::path& file) override;
    void setSlide(const OpenedSlide& slide) override;
    void setVisibleRegion(Level0Rect region) override;
    void predict() override;
    void cancel() override;
    [[nodiscard]] PredictionState state() const override { return state_; }
    [[nodiscard]] ExpressionField field(const QString& gene) override;

  private:
    struct Run;    ///< one prediction, shared with the worker
    struct Engine; ///< what only the worker touches
    struct Screen; ///< what is visible, shared with the worker

    /// What was predicted on a slide that is not shown now.
    struct Kept {
        std::string fingerprint;
        MicronsPerPixel scale;
        std::shared_ptr<Run> run;
        bool complete = false;
    };

    void setPhase(PredictionState::Phase phase);
    void keepRun();
    [[nodiscard]] bool takeKeptRun();
    void endRun(bool forgetValues);
    void finishOpening(Result<ModelSummary> opened, std::uint64_t ticket);
    void finishRun(const std::shared_ptr<Run>& run, const Result<void>& result);
    void reportGrowth();
    static Result<ModelSummary> openOnWorker(Engine& engine, const std::filesystem::path& file);
    static Result<void> predictOnWorker(Engine& engine, const PredictionRequest& request, Run& run);

    std::filesystem::path models_;
    OpenedSlide slide_;
    std::optional<ModelDescription> model_;
    PredictionState state_;
    std::shared_ptr<Run> run_;     ///< whose values are shown; nothing before the first
    std::vector<Kept> kept_;       ///< by the model that is open; the newest last
    std::uint64_t openTicket_ = 0; ///< answers to older requests to open a model are dropped
    std::size_t reported_ = 0;     ///< spots the window knows of
    ExpressionField shown_;        ///< the field asked for last, brought up to date rather than made again
    std::size_t shownSpots_ = 0;
    QTimer growth_;
    std::shared_ptr<Screen> screen_;
    std::shared_ptr<Engine> engine_;
    std::unique_ptr<SerialWorker> worker_; // last: ends first
};

} // namespace spotglass
