#pragma once

#include "viewer/canvas/AnnotationSet.h"
#include "viewer/canvas/OutlineRaster.h"
#include "viewer/canvas/Viewport.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <QImage>
#include <QTransform>

namespace spotglass {

/// How annotations look.
struct AnnotationStyle {
    double lineWidth = 1.5; ///< device-independent pixels
    double fillOpacity = 0; ///< of areas, 0 to 1 (clamped)
    Rgb selectedColor{255, 225, 0};
    bool operator==(const AnnotationStyle&) const = default;
};

/// The annotations as a viewport shows them, kept as a picture: only a change of zoom, of the turn or of the
/// annotations draws everything anew; moving by whole pixels draws what comes in. Belongs to the thread that
/// paints; never waits.
class AnnotationPicture {
  public:
    /// Replaces the annotations; null for none. Drops the selection.
    void setAnnotations(std::shared_ptr<const AnnotationSet> annotations);
    [[nodiscard]] const std::shared_ptr<const AnnotationSet>& annotations() const { return set_; }
    /// Numbers of annotations in that set that are drawn on top in the colour of the selection.
    void setSelected(const std::vector<std::uint32_t>& numbers);
    void setStyle(const AnnotationStyle& style);
    [[nodiscard]] const AnnotationStyle& style() const { return style_; }

    /// The picture for `viewport`, premultiplied, one pixel a device pixel from the widget's top left.
    [[nodiscard]] const QImage& update(const Viewport& viewport);

    /// Whether the last complete drawing was smoothed; with very many lines in view it is not.
    [[nodiscard]] bool isSmooth() const { return smooth_; }
    /// How often everything was drawn anew: for tests.
    [[nodiscard]] int drawings() const { return drawings_; }

  private:
    /// An annotation to draw.
    struct Item {
        std::uint32_t number;
        bool inside;         ///< all of it lies in the area that is drawn
        float side;          ///< of its box, the longer one, in pixels
        float width, height; ///< about its size in the picture, in pixels
        PicturePoint middle; ///< of its box
        double area;
        Level0Point origin; ///< top left of its box
    };

    void draw(const QRect& area, bool chooseSmooth);
    void scroll(int x, int y);
    void collect(const Level0Box& visible, const QRect& area, OutlineRaster& raster);
    void paintOutlines(const Level0Box& visible, OutlineRaster& raster);
    void paintOutline(const Item& item, const Level0Box& visible, OutlineRaster& raster) const;
    void paintPoints(OutlineRaster& raster);
    void paintFill(const Item& item, const Level0Box& visible, OutlineRaster& raster) const;
    void paintDot(std::uint32_t number, const Level0Box& box, OutlineRaster& raster) const;
    [[nodiscard]] PicturePoint middleOf(const Level0Box& box) const;
    /// Calls line(a, b), in pixels of the picture, for each line of a path that may be in view.
    template <typename Point, typename Line>
    void forLines(const OutlinePath<Point>& path, Level0Point origin, const Level0Box& visible,
                  Line&& line) const;
    /// Whether the lines to draw are few enough to be smoothed.
    [[nodiscard]] bool areFew(const Level0Box& visible) const;
    void chooseLevel();
    [[nodiscard]] bool isSelected(std::uint32_t number) const {
        return !selected_.empty() && selected_[number];
    }
    [[nodiscard]] QRgb colorOf(std::uint32_t number) const;

    std::shared_ptr<const AnnotationSet> set_;
    std::vector<bool> selected_; ///< by number; empty when nothing is
    AnnotationStyle style_;
    QImage picture_;
    QTransform transform_; ///< level-0 pixels to the picture's
    double scale_ = 1, ratio_ = 1;
    bool fresh_ = false, smooth_ = true;
    int level_ = OutlineLevels::exact;
    int drawings_ = 0;

    std::vector<Item> large_, small_; ///< being drawn; kept for the memory
    std::vector<std::uint32_t> selectedDots_, withPoints_;
};

} // namespace spotglass
