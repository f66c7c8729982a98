#pragma once

#include "app/desktop/EngineHost.h"
#include "ui/Services.h"

#include <filesystem>
#include <memory>
#include <optional>

namespace spotglass {

/// The settings of predictions as the window sees them. Reads and keeps the choices in the workspace, gives
/// them to the engine's host, and measures on its worker; files are looked at on a thread of its own. Lives
/// on the GUI thread; none of its functions waits, except the destructor, which waits for the file in hand.
///
/// Must be made before the first model is opened: what is asked of the host after it is done with the choices
/// of the last session.
class EngineSettingsController final : public EngineSettingsService {
    Q_OBJECT

  public:
    /// `workspace`: the file that keeps the choices and knows encoders. `cacheFolder`: where what was
    /// predicted is kept; empty: nowhere.
    EngineSettingsController(std::shared_ptr<EngineHost> host, std::filesystem::path workspace,
                             std::filesystem::path cacheFolder, QObject* parent = nullptr);
    ~EngineSettingsController() override;

    [[nodiscard]] EngineChoices choices() const override { return choices_; }
    void choose(const EngineChoices& choices) override;
    void look() override;
    void measurePrecisions(const std::optional<OpenedSlide>& slide) override;
    void cancelMeasuring() override;
    void clearCache() override;

  Q_SIGNALS:
    /// The next run will be another than the last: its device, precision or context.
    void computationChanged();

  private:
    void readChoices();
    void lookAtCache(bool clear);

    EngineChoices choices_;
    bool chosen_ = false; ///< by the user, so that what is read late does not replace it
    std::optional<CancelToken> measuring_;
    const std::filesystem::path workspace_, cacheFolder_;
    std::shared_ptr<EngineHost> host_;
    std::unique_ptr<SerialWorker> files_; // last: ends first
};

/// The choices as the workspace keeps them (JSON), and back; what is not understood keeps its default.
[[nodiscard]] std::string choicesToText(const EngineChoices& choices);
[[nodiscard]] EngineChoices choicesFromText(const std::string& text);

} // namespace spotglass
