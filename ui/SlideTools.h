#pragma once

#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <filesystem>
#include <memory>
#include <optional>

#include <QObject>

namespace spotglass {

class AnnotationLayer;
class RulerLayer;
class RulerTool;
class SlideView;

/// The rulers and annotations of the slide that is shown: lays them over the view, switches the measuring
/// tool, reads annotation files on another thread, and tells which annotation is under the cursor. GUI thread
/// only; nothing blocks.
class SlideTools : public QObject {
    Q_OBJECT

  public:
    explicit SlideTools(SlideView& view, QObject* parent = nullptr);
    ~SlideTools() override;

    /// Another slide is shown, or the same at another scale: rulers and annotations of the former slide go.
    void setSlide(bool another, std::optional<MicronsPerPixel> scale);

    /// While on, dragging measures (and moves the ends of what has been measured) instead of moving the
    /// picture.
    void setMeasuring(bool on);
    [[nodiscard]] bool isMeasuring() const { return measuring_; }
    void clearRulers();
    /// The length of the newest ruler in level-0 pixels, as wide as pixels are; nothing when there is none.
    [[nodiscard]] std::optional<double> measuredPixels() const;

    /// Reads a GeoJSON file and shows what is in it in place of what was shown; answers with
    /// annotationsShown() or failed().
    void openAnnotations(const std::filesystem::path& file);
    void clearAnnotations();
    void setAnnotationsVisible(bool visible);
    /// What the annotation under `point` is called; empty where there is none. Marks it as hovered.
    [[nodiscard]] QString hover(std::optional<Level0Point> point);

    [[nodiscard]] RulerLayer& rulers() { return *rulers_; }
    [[nodiscard]] AnnotationLayer& annotations() { return *annotations_; }

  Q_SIGNALS:
    void annotationsShown(std::size_t count, std::size_t withoutGeometry);
    void failed(const spotglass::Error& error);

  private:
    void select(Level0Point point);
    [[nodiscard]] double tolerance() const;

    SlideView& view_;
    AnnotationLayer* annotations_;
    RulerLayer* rulers_;
    std::unique_ptr<RulerTool> ruler_;
    bool measuring_ = false;
    quint64 opening_ = 0; ///< answers to older requests are dropped
};

} // namespace spotglass
