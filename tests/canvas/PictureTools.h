#pragma once

#include "viewer/base/Files.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/PictureExport.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <algorithm>
#include <cmath>
#include <future>

#include <QImage>
#include <QtTest>

/// What the tests of pictures share: a drawn slide in a view, a heatmap over it, and pictures of them.
namespace spotglass::test {

inline std::shared_ptr<SyntheticSlideSource> drawnSlide(std::vector<Level0Rect> broken = {}) {
    SyntheticSlideOptions options;
    options.width = 6000;
    options.height = 4000;
    options.allTissue = true;
    options.broken = std::move(broken);
    return std::make_shared<SyntheticSlideSource>(options);
}

/// A view of `slide` without animation, on the screen that is not there.
inline std::unique_ptr<SlideView> shownView(std::shared_ptr<const SlideSource> slide,
                                            QSize size = {700, 500}) {
    auto view = std::make_unique<SlideView>();
    view->setAnimated(false);
    view->resize(size);
    view->setSlide(std::move(slide));
    view->show();
    return view;
}

/// A lattice over the whole slide, with a legend.
inline HeatmapLayer* addHeatmap(SlideView& view, Layer::Blending blending = Layer::Blending::Normal) {
    auto* layer = new HeatmapLayer;
    ExpressionField field;
    field.gene = "FN1";
    field.columns = 30;
    field.rows = 20;
    field.latticeToLevel0 = {200, 0, 100, 0, 200, 100};
    for (int row = 0; row < field.rows; ++row)
        for (int column = 0; column < field.columns; ++column)
            field.values.push_back(static_cast<float>(column + row) / 48);
    layer->setField(field);
    layer->setOpacity(0.6);
    layer->setBlending(blending);
    layer->setContourLevels({0.3F, 0.6F});
    view.addLayer(layer);
    auto* legend = new LegendWidget;
    legend->setGene(QStringLiteral("FN1"));
    legend->setUnit(QStringLiteral("log10(1 + counts)"));
    view.addOverlay(legend);
    legend->show();
    return layer;
}

inline PictureOptions plain(const Viewport& view) {
    PictureOptions options;
    options.view = view;
    options.layers = options.scaleBar = false;
    return options;
}

/// Writes on another thread, as the window does.
inline Result<PictureOutcome> written(const PictureScene& scene, PictureFormat format,
                                      const std::filesystem::path& path, const PictureTexts& texts = {},
                                      const CancelToken& cancel = {}) {
    return std::async(std::launch::async, [&] { return writePicture(scene, format, path, texts, cancel); })
        .get();
}

/// The largest difference of a channel between two pictures of one size inside `area`.
inline int largestDifference(const QImage& a, const QImage& b, const QRect& area) {
    int largest = 0;
    for (int y = area.top(); y <= area.bottom(); ++y)
        for (int x = area.left(); x <= area.right(); ++x) {
            const QRgb p = a.pixel(x, y), q = b.pixel(x, y);
            largest = std::max({largest, std::abs(qRed(p) - qRed(q)), std::abs(qGreen(p) - qGreen(q)),
                                std::abs(qBlue(p) - qBlue(q))});
        }
    return largest;
}

/// Keeps a picture for a look at it, where SPOTGLASS_TEST_PICTURES names a folder.
inline void keepPicture(const std::filesystem::path& file) {
    const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
    if (folder.isEmpty()) return;
    std::filesystem::copy_file(file, std::filesystem::path(folder.toStdString()) / file.filename(),
                               std::filesystem::copy_options::overwrite_existing);
}

} // namespace spotglass::test
