#pragma once

#include "viewer/canvas/AnnotationPicture.h"
#include "viewer/canvas/AnnotationSet.h"
#include "viewer/canvas/Layer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spotglass {

/// Draws annotations over the slide and says which one is where. GUI thread only; nothing blocks. A frame of
/// 100,000 annotations takes a few milliseconds at any zoom: what is small is a dot, what is large is
/// simplified to what the screen can show, and while the view only moves, what was drawn is kept.
class AnnotationLayer : public Layer {
    Q_OBJECT

  public:
    explicit AnnotationLayer(QObject* parent = nullptr);

    /// Replaces the annotations by a snapshot that was built on another thread (AnnotationSet::of); null
    /// for none. What is hovered and selected stays so where its id is still there. To free a large snapshot
    /// takes time: whoever made it should keep it until another one is shown, and let go of it last.
    void setAnnotations(std::shared_ptr<const AnnotationSet> annotations);
    [[nodiscard]] const std::shared_ptr<const AnnotationSet>& annotations() const;

    /// Emphasizes one annotation, by its id; an empty one means none.
    void setHovered(const std::string& id);
    [[nodiscard]] const std::string& hovered() const { return hovered_; }
    /// Draws those annotations on top, in the colour of the selection. Ids that are not there wait.
    void setSelected(std::vector<std::string> ids);
    [[nodiscard]] const std::vector<std::string>& selected() const { return selected_; }

    void setStyle(const AnnotationStyle& style);
    [[nodiscard]] const AnnotationStyle& style() const { return picture_.style(); }

    /// What a click at `point` means: the smallest area around it, but before all areas a line or point not
    /// farther than `tolerance` (level-0 pixels). Null where there is none; valid until setAnnotations. Well
    /// under a millisecond.
    [[nodiscard]] const Annotation* annotationAt(Level0Point point, double tolerance) const;

    void paint(QPainter& painter, const Viewport& viewport) override;
    /// Without what is hovered.
    [[nodiscard]] std::unique_ptr<Layer> snapshot() const override;
    bool takeShapes(QPainter& painter, const Viewport& viewport) override;

  private:
    void resolve();
    void hoverChanged(std::optional<std::uint32_t> number);
    void paintHovered(QPainter& painter, const Viewport& viewport) const;

    AnnotationPicture picture_;
    std::string hovered_;
    std::vector<std::string> selected_;
    std::optional<std::uint32_t> hoveredNumber_;
    double lastScale_ = 1; ///< of the last painting: screen pixels per level-0 pixel
};

} // namespace spotglass
