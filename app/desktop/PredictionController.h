#pragma once

#include "app/desktop/EngineHost.h"
#include "app/desktop/RateMeter.h"
#include "ui/Services.h"

#include <functional>
#include <memory>
#include <QTimer>
#include <vector>

namespace spotglass {

class PredictionTable;

/// The engine as the window sees it: opens models, runs predictions of the slide that is shown, and keeps the
/// values of all genes. Lives on the GUI thread; none of its functions waits for the engine.
///
/// A run that ends because the window closes, another slide is chosen or it is paused is continued by itself
/// when the slide is opened again; one that was cancelled is not. What was predicted is taken from the
/// slide's cache then (EngineSettings::cacheFolder), and where there is none, predicted again.
class PredictionController final : public PredictionService {
    Q_OBJECT

  public:
    using LoadEngine = HostedEngine::Load;
    using Clock = std::function<double()>; ///< seconds, never going back

    /// `models` is the folder whose models are listed. The host may be shared with others.
    PredictionController(std::shared_ptr<EngineHost> host, std::filesystem::path models,
                         QObject* parent = nullptr);
    /// With an engine of its own. The factory that `load` gives must outlive this object, whose destructor
    /// waits for the batch in hand.
    PredictionController(LoadEngine load, std::filesystem::path models, QObject* parent = nullptr);
    ~PredictionController() override;

    void listModels() override;
    void openModel(const std::filesystem::path& file) override;
    void setSlide(const OpenedSlide& slide) override;
    void setVisibleRegion(Level0Rect region) override;
    void predict() override;
    void cancel() override;
    void pause() override;
    void resume() override;
    [[nodiscard]] PredictionState state() const override { return state_; }
    [[nodiscard]] ExpressionField field(const QString& gene) override;

    /// The engine's settings are others from now on: what runs goes on as it is, the next run uses them.
    void useNewSettings();
    /// Another clock, for tests.
    void setClock(Clock clock) { clock_ = std::move(clock); }

  private:
    struct Run;    ///< one prediction, shared with the worker
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
    void lookForKept();
    void endRun(bool forgetValues);
    void start(std::shared_ptr<Run> run);
    void finishOpening(const Result<ModelSummary>& opened, const QString& warning, std::uint64_t ticket);
    void finishRun(const std::shared_ptr<Run>& run, const Result<PredictionReport>& report);
    void forgetInCache();
    void reportGrowth();
    void noteFromRun(const std::shared_ptr<Run>& run, const QString& sentence);
    [[nodiscard]] PredictionRequest request() const;
    static Result<PredictionReport> predictOnWorker(HostedEngine& engine, const std::shared_ptr<Run>& run,
                                                    const std::function<void(QString)>& note);

    std::filesystem::path models_;
    OpenedSlide slide_;
    std::optional<ModelDescription> model_;
    PredictionState state_;
    std::shared_ptr<Run> run_;     ///< whose values are shown; nothing before the first
    std::vector<Kept> kept_;       ///< by the model that is open; the newest last
    std::uint64_t openTicket_ = 0; ///< answers to older requests to open a model are dropped
    std::uint64_t lookTicket_ = 0; ///< likewise, to questions for what the cache has
    std::size_t reported_ = 0;     ///< spots the window knows of
    ExpressionField shown_;        ///< the field asked for last, brought up to date rather than made again
    std::size_t shownSpots_ = 0;
    QTimer growth_;
    Clock clock_;
    RateMeter rate_;
    std::shared_ptr<Screen> screen_;
    std::shared_ptr<EngineHost> host_;
};

} // namespace spotglass
