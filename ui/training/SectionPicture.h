#pragma once

#include <optional>
#include <vector>

#include <QImage>
#include <QPointF>
#include <QSizeF>
#include <QWidget>

namespace spotglass {

/// A section's spots, over its picture where there is one: all alike, with some marked, or coloured by
/// values.
class SectionPicture final : public QWidget {
    Q_OBJECT

  public:
    explicit SectionPicture(QWidget* parent = nullptr);

    /// `size`: of the image in level-0 pixels; empty: what the spots need. `pitch`: centre to centre, level-0
    /// pixels.
    void setSection(const QImage& picture, QSizeF size, const std::vector<QPointF>& places, double pitch);
    /// Spots that are drawn in a warning colour; as many as places.
    void setMarked(const std::vector<bool>& marked);
    /// Colours the spots between `low` and `high`; empty: no values. NaN is drawn grey.
    void setValues(const std::vector<float>& values, double low, double high);
    /// Shown where there is nothing to draw.
    void setEmptyText(const QString& text);

    [[nodiscard]] const std::vector<float>& values() const { return values_; }
    [[nodiscard]] const std::vector<QPointF>& places() const { return places_; } ///< level-0 pixels
    [[nodiscard]] QSize sizeHint() const override { return {260, 220}; }

  Q_SIGNALS:
    void clicked();

  protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

  private:
    [[nodiscard]] QColor colorOf(std::size_t spot) const;

    QImage picture_;
    QSizeF size_;
    std::vector<QPointF> places_;
    std::vector<bool> marked_;
    std::vector<float> values_;
    double pitch_ = 0, low_ = 0, high_ = 1;
    QString emptyText_;
};

/// The least and greatest of the values that are numbers, of all lists together; 0 and 1 where there are
/// none.
[[nodiscard]] std::pair<double, double> rangeOf(std::initializer_list<const std::vector<float>*> lists);

} // namespace spotglass
