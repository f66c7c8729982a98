#include "viewer/canvas/PictureScene.h"

#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/ScaleBar.h"
#include "viewer/canvas/SlideLayer.h"
#include "viewer/canvas/SlideView.h"

#include <algorithm>
#include <cmath>

#include <QFontMetricsF>
#include <QPainter>

namespace spotglass {
namespace {

constexpr double longestBar = 160, least = 60; // pixels of baseDotsPerInch
constexpr double margin = 14, footerMargin = 8;
constexpr int footerPixels = 11;
constexpr double mostStill = 16e6; // picture pixels

/// A slide so large that no limit of the view is reached.
Viewport unlimited(Viewport view, const Level0Rect& shown) {
    const Level0Rect slide = view.slideRect();
    const double left = std::min(slide.x, shown.x), top = std::min(slide.y, shown.y);
    const double width = std::max(slide.right(), shown.right()) - left,
                 height = std::max(slide.bottom(), shown.bottom()) - top;
    view.setSlideRect({left - width, top - height, 3 * width, 3 * height});
    return view;
}

Viewport sized(Viewport view, Level0Point center, double width, double height, double scale,
               double dotsPerInch) {
    const double ratio = dotsPerInch / baseDotsPerInch;
    const auto whole = [ratio](double pixels) { return std::max(std::round(pixels), 1.0) / ratio; };
    view.setSize({whole(width * scale), whole(height * scale)}, ratio);
    view.setView(center, scale / ratio);
    return view;
}

double possible(double scale, double dotsPerInch) {
    return std::min(scale, Viewport::maxScale * dotsPerInch / baseDotsPerInch);
}

PictureLayer layerOf(Layer& layer, const Viewport& view) {
    PictureLayer taken{layer.snapshot(), {}, layer.opacity(), layer.blending()};
    if (taken.layer) return taken;
    const QSize full = picturePixels(view);
    const double less = std::min(1.0, std::sqrt(mostStill / (1.0 * full.width() * full.height())));
    Viewport small = view;
    small.setSize(view.size() * less, view.devicePixelRatio());
    small.setView(view.center(), view.scale() * less);
    taken.still = QImage(picturePixels(small), QImage::Format_ARGB32_Premultiplied);
    taken.still.fill(Qt::transparent);
    QPainter painter(&taken.still);
    painter.scale(view.devicePixelRatio(), view.devicePixelRatio());
    painter.setClipRect(QRectF({0, 0}, small.size()));
    layer.paint(painter, small);
    return taken;
}

/// A layer of shapes and words, which keep their size.
PictureMark drawingOf(Layer& layer, const Viewport& view) {
    PictureMark mark{QRectF({0, 0}, picturePixels(view)), QPointF(), QPicture()};
    QPainter painter(&mark.drawing);
    painter.setOpacity(layer.opacity());
    layer.paint(painter, view);
    return mark;
}

void takeLayers(PictureScene& scene, SlideView& view) {
    for (Layer* layer : view.layers()) {
        if (!layer->isVisible() || layer->opacity() <= 0) continue;
        if (layer->isDrawing())
            scene.marks.push_back(drawingOf(*layer, scene.view));
        else
            scene.layers.push_back(layerOf(*layer, scene.view));
    }
}

/// Shapes stand above every picture: only those of layers that nothing but shapes lies upon may be kept.
void takeShapes(PictureScene& scene) {
    while (!scene.layers.empty()) {
        const PictureLayer& top = scene.layers.back();
        if (!top.layer || top.blending != Layer::Blending::Normal) return;
        PictureMark mark{QRectF({0, 0}, scene.tissueSize()), QPointF(), QPicture()};
        QPainter painter(&mark.drawing);
        painter.setOpacity(top.opacity);
        const bool isEmptied = top.layer->takeShapes(painter, scene.view);
        painter.end();
        scene.marks.insert(scene.marks.begin(), std::move(mark));
        if (!isEmptied) return;
        scene.layers.pop_back();
    }
}

PictureMark scaleBarOf(const PictureScene& scene, MicronsPerPixel scale) {
    const QSizeF size = scene.view.size();
    const double ratio = scene.view.devicePixelRatio();
    const ScaleBar bar =
        ScaleBar::fitting(scale, scene.view.scale(), std::min(longestBar, size.width() / 2 - margin));
    PictureMark mark;
    QPainter painter(&mark.drawing);
    bar.paint(painter, size, 1);
    const QRectF plate = bar.plate(size, 1).adjusted(-1, -1, 1, 1);
    mark.place = {plate.topLeft() * ratio, plate.size() * ratio};
    return mark;
}

/// The legends one below the other; where they do not fit inside, they stand beside, and the picture grows.
void addLegends(PictureScene& scene, const QList<LegendWidget*>& legends, LegendPlace place) {
    QSizeF all(0, -margin / 2);
    for (const LegendWidget* legend : legends)
        all = {std::max<double>(all.width(), legend->sizeHint().width()),
               all.height() + legend->sizeHint().height() + margin / 2};
    const double ratio = scene.view.devicePixelRatio();
    const QSizeF tissue = scene.view.size();
    if (all.width() + 2 * margin > tissue.width() || all.height() + 2 * margin > tissue.height())
        place = LegendPlace::Beside;
    QPointF at(tissue.width() - margin - all.width(), margin);
    if (place == LegendPlace::Beside) {
        at = {tissue.width() + margin, 0};
        const QSizeF wide(tissue.width() + all.width() + margin, std::max(tissue.height(), all.height()));
        scene.size = {static_cast<int>(std::ceil(wide.width() * ratio - 1e-6)),
                      static_cast<int>(std::ceil(wide.height() * ratio - 1e-6))};
    }
    for (LegendWidget* legend : legends) {
        const QSize size = legend->sizeHint();
        PictureMark mark{QRectF(at * ratio, QSizeF(size) * ratio), at * ratio, QPicture()};
        legend->resize(size);
        QPainter painter(&mark.drawing);
        legend->render(&painter, {}, {}, {});
        painter.end();
        scene.marks.push_back(std::move(mark));
        at.ry() += size.height() + margin / 2;
    }
}

void addFooter(PictureScene& scene, const QString& words, QFont font) {
    const double ratio = scene.view.devicePixelRatio();
    font.setPixelSize(footerPixels);
    const double width = std::max(scene.size.width() / ratio - 2 * footerMargin, 1.0);
    constexpr int flags = Qt::TextWordWrap | Qt::TextWrapAnywhere;
    const QRectF text = QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 1e5), flags, words);
    const double top = scene.size.height(), height = std::ceil((text.height() + 2 * footerMargin) * ratio);
    PictureMark mark{QRectF(0, top, scene.size.width(), height), QPointF(0, top), QPicture()};
    QPainter painter(&mark.drawing);
    painter.setFont(font);
    painter.setPen(QColor(40, 40, 44));
    painter.drawText(QRectF(footerMargin, footerMargin, width, text.height() + 1), flags, words);
    painter.end();
    scene.marks.push_back(std::move(mark));
    scene.size.rheight() += static_cast<int>(height);
}

} // namespace

Viewport pictureView(const Viewport& seen, double scale, double dotsPerInch) {
    scale = possible(scale, dotsPerInch);
    return sized(unlimited(seen, seen.visible()), seen.center(), seen.size().width() / seen.scale(),
                 seen.size().height() / seen.scale(), scale, dotsPerInch);
}

Viewport pictureView(const Level0Rect& region, double scale, double dotsPerInch) {
    scale = possible(scale, dotsPerInch);
    return sized(unlimited(Viewport(), region), region.center(), region.width, region.height, scale,
                 dotsPerInch);
}

QSize picturePixels(const Viewport& view) {
    return (view.size() * view.devicePixelRatio()).toSize();
}

std::unique_ptr<PictureScene> takeScene(SlideView& view, const PictureOptions& options) {
    if (!view.slide()) return nullptr;
    auto scene = std::make_unique<PictureScene>();
    scene->slide = view.slide();
    scene->view = options.view;
    scene->colours = view.slideLayer().colorCorrection();
    scene->surround = options.surround;
    scene->size = scene->tissueSize();
    scene->dotsPerInch = options.view.devicePixelRatio() * baseDotsPerInch;
    if (options.layers) {
        takeLayers(*scene, view);
        if (options.shapes) takeShapes(*scene);
    }
    if (const auto scale = view.micronsPerPixel()) {
        const double pixels = scene->view.deviceScale();
        scene->micronsPerPixel = MicronsPerPixel{scale->x / pixels, scale->y / pixels};
        if (options.scaleBar && scene->view.size().width() >= least && scene->view.size().height() >= least)
            scene->marks.push_back(scaleBarOf(*scene, *scale));
    }
    QList<LegendWidget*> legends = view.findChildren<LegendWidget*>();
    legends.removeIf([](const LegendWidget* legend) { return legend->isHidden(); });
    QString footer = options.footer;
    if (options.layers && !legends.isEmpty()) {
        if (options.legend != LegendPlace::None)
            addLegends(*scene, legends, options.legend);
        else if (footer.isEmpty() && legends.front()->origin() != LegendWidget::Origin::Measured)
            footer = legends.front()->originText();
    }
    if (!footer.isEmpty()) addFooter(*scene, footer, view.font());
    return scene;
}

} // namespace spotglass
