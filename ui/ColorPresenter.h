#pragma once

#include "viewer/slide/ColorCorrection.h"

#include <memory>

#include <QObject>

namespace spotglass {

class SlideSource;
class SlideView;

/// Shows the slide of a view in corrected colours. Building a correction can take a tenth of a second
/// (profiles), and finding the colour of the glass reads the slide, so both happen on another thread; of
/// several changes only the last one is shown. GUI thread only; nothing blocks.
class ColorPresenter : public QObject {
    Q_OBJECT

  public:
    explicit ColorPresenter(SlideView& view, QObject* parent = nullptr);
    ~ColorPresenter() override;

    /// The slide that is shown now, and the profile it carries.
    void setSlide(std::shared_ptr<const SlideSource> slide, std::optional<IccBytes> profile);
    /// `balance`: the white point is taken from the slide's own glass (settings.whitePoint is not looked at).
    void setSettings(const ColorSettings& settings, bool balance);
    [[nodiscard]] bool hasProfile() const { return profile_.has_value(); }

  Q_SIGNALS:
    /// What was asked for last is on the screen.
    void shown();
    /// The colours stay as they are in the file, and why, as a sentence.
    void failed(const QString& sentence);

  private:
    struct Job;
    void start();

    SlideView& view_;
    std::shared_ptr<const SlideSource> slide_;
    std::optional<IccBytes> profile_;
    ColorSettings settings_;
    bool balance_ = false, running_ = false, again_ = false;
};

} // namespace spotglass
