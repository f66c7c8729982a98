#pragma once

#include "viewer/tiles/ColorMap.h"

#include <optional>

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
    void refresh();

    QString gene_, unit_, note_;
    ColorMap map_;
    float minimum_ = 0, maximum_ = 1;
    std::optional<float> threshold_;
    Origin origin_ = Origin::Predicted;
};

} // namespace spotglass
