#pragma once

#include "viewer/tiles/ColorMap.h"

#include <optional>
#include <vector>

#include <QWidget>

namespace spotglass {

/// Says what the colours mean: gene, colour bar with ticks at round values, unit, and where the values come
/// from. Meant as an overlay of SlideView (addOverlay), so that it is part of every picture taken of the
/// view. GUI thread only.
class LegendWidget : public QWidget {
    Q_OBJECT

  public:
    /// Where the values come from; decides the words at the foot of the legend.
    enum class Origin {
        Predicted, ///< "Predicted - research use only"
        Measured,  ///< "Measured"
        Difference ///< "Predicted minus measured - research use only"
    };

    explicit LegendWidget(QWidget* parent = nullptr);

    /// Gene symbol, the title.
    void setGene(const QString& gene);
    [[nodiscard]] QString gene() const { return gene_; }
    /// Unit as the model card or the file gives it; wrapped to the width of the legend.
    void setUnit(const QString& unit);
    [[nodiscard]] QString unit() const { return unit_; }
    void setColorMap(const ColorMap& map);
    /// Values at the two ends of the bar.
    void setRange(float minimum, float maximum);
    /// The bar shows the colours evenly; its ticks stand where their values have their colours
    /// (HeatmapLayer::setGamma).
    void setGamma(float gamma);
    /// Marks the values that have contour lines.
    void setContourLevels(std::vector<float> levels);
    /// Marks the value below which nothing is painted.
    void setThreshold(std::optional<float> threshold);
    void setOrigin(Origin origin);
    [[nodiscard]] Origin origin() const { return origin_; }
    /// One more line, such as "held-out correlation 0.41"; empty for none.
    void setNote(const QString& note);
    /// The words at the foot for the present origin.
    [[nodiscard]] QString originText() const;

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

  private:
    struct Layout;
    [[nodiscard]] Layout arrange() const;
    void paintTicks(QPainter& painter, const QRectF& bar) const;
    void paintMarks(QPainter& painter, const QRectF& bar) const;
    /// Height of a value on the bar; held within it.
    [[nodiscard]] double yOf(double value, const QRectF& bar) const;
    void refresh();

    QString gene_, unit_, note_;
    ColorMap map_;
    float minimum_ = 0, maximum_ = 1, gamma_ = 1;
    std::vector<float> levels_;
    std::optional<float> threshold_;
    Origin origin_ = Origin::Predicted;
};

} // namespace spotglass
