#pragma once

#include "viewer/base/Units.h"
#include "viewer/canvas/Viewport.h"

#include <optional>
#include <QImage>

namespace spotglass {

/// Which parts of a slide have been looked at: a small bitmap in the slide's proportion. A value type; a copy
/// shares the bitmap. Never blocks.
class VisitedMap {
  public:
    static constexpr int longestSide = 512; ///< cells; at 100,000 pixels a cell is as wide as 195 of them

    VisitedMap() = default;
    /// Nothing of `slide` (level-0 pixels) has been seen.
    explicit VisitedMap(const Level0Rect& slide);

    /// Everything that `viewport` shows has been seen, whatever way it is turned. A cell counts when its
    /// middle is shown. True when that was news.
    bool note(const Viewport& viewport);
    /// Takes over what has been seen in another map of the same slide; nothing when the sizes differ.
    void add(const VisitedMap& other);
    void clear();

    [[nodiscard]] bool isEmpty() const { return seen_ == 0; }
    [[nodiscard]] bool contains(Level0Point point) const;
    /// How much of the slide has been seen, 0 to 1.
    [[nodiscard]] double share() const;

    /// One pixel a cell: index 1 has been seen. Colours as set by setColor(), transparent elsewhere.
    [[nodiscard]] const QImage& image() const { return cells_; }
    [[nodiscard]] Level0Rect slideRect() const { return slide_; }
    void setColor(QRgb color);

  private:
    Level0Rect slide_;
    QImage cells_; ///< Format_Indexed8
    qsizetype seen_ = 0;
};

/// The magnification as on a microscope's objective: from the objective's power, or from the scale (10x is
/// about 1 um per pixel). `screenScale` in screen pixels per level-0 pixel. Where neither is known a slide
/// counts as scanned at 40x, which most are. Pure.
[[nodiscard]] double visitedMagnification(double screenScale, std::optional<double> objectivePower,
                                          std::optional<MicronsPerPixel> scale);

} // namespace spotglass
