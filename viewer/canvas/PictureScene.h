#pragma once

#include "viewer/canvas/Layer.h"
#include "viewer/canvas/Viewport.h"
#include "viewer/slide/ColorCorrection.h"
#include "viewer/slide/SlideSource.h"

#include <memory>
#include <optional>
#include <vector>

#include <QColor>
#include <QImage>
#include <QPicture>
#include <QSize>

namespace spotglass {

class SlideView;

/// Words and bars are drawn for pixels of this many to the inch; a picture of another resolution has them
/// larger or smaller, and of the same size on paper.
constexpr double baseDotsPerInch = 96;

/// The view of a picture that shows the same tissue as `seen`, `scale` picture pixels to a level-0 pixel, at
/// `dotsPerInch`. Whole pixels; the middle stays. Pure.
[[nodiscard]] Viewport pictureView(const Viewport& seen, double scale, double dotsPerInch);
/// The upright view of `region` (level-0 pixels, may reach over the edge). With whole coordinates and scale 1
/// its pixels are those of level 0.
[[nodiscard]] Viewport pictureView(const Level0Rect& region, double scale, double dotsPerInch);
/// Pixels of a view in a picture.
[[nodiscard]] QSize picturePixels(const Viewport& view);

enum class LegendPlace { None, Inside, Beside };

/// What a picture is to show.
struct PictureOptions {
    Viewport view; ///< by pictureView()
    QColor surround = Qt::white;
    bool layers = true;  ///< heatmap, spots, annotations, as far as they are visible
    bool shapes = false; ///< contour lines, spots and outlines are kept as shapes, for SVG and PDF
    bool scaleBar = true;
    LegendPlace legend =
        LegendPlace::Inside; ///< of the legends that are visible; beside where they do not fit
    QString footer;          ///< small words below; none when empty
};

/// One layer as it was, bottom to top.
struct PictureLayer {
    std::unique_ptr<Layer> layer; ///< to be painted; null: `still` is shown
    QImage still;                 ///< over the whole tissue, premultiplied
    double opacity = 1;
    Layer::Blending blending = Layer::Blending::Normal;
};

/// Something drawn on top: rulers, scale bar, legend, words.
struct PictureMark {
    QRectF place;     ///< picture pixels; nothing is drawn beside it
    QPointF origin;   ///< picture pixels: where the drawing's origin lies
    QPicture drawing; ///< in pixels of baseDotsPerInch
};

/// Everything a picture is made of, as it was at one moment: nothing in it changes with the window any more.
/// Made on the GUI thread; may then be given to one other thread.
struct PictureScene {
    std::shared_ptr<const SlideSource> slide;
    Viewport view; ///< of the tissue, whose top left is that of the picture
    ColorCorrection colours;
    QColor surround;
    std::vector<PictureLayer> layers;
    std::vector<PictureMark> marks;
    QSize size; ///< of the whole picture, pixels
    double dotsPerInch = baseDotsPerInch;
    std::optional<MicronsPerPixel> micronsPerPixel; ///< of a picture pixel

    [[nodiscard]] QSize tissueSize() const { return picturePixels(view); }
};

/// Takes what `view` shows. A predicted heatmap is never without its warning: where neither legend nor footer
/// is wanted, the warning stands below. GUI thread; some milliseconds, more where a layer has no snapshot.
/// Null without a slide.
[[nodiscard]] std::unique_ptr<PictureScene> takeScene(SlideView& view, const PictureOptions& options);

} // namespace spotglass
