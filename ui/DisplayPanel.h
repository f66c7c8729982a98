#pragma once

#include "ui/DisplaySettings.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QSettings;
class QSlider;
class QSpinBox;

namespace spotglass {

/// The controls for how predicted values are painted. GUI thread only; nothing blocks.
class DisplayPanel : public QWidget {
    Q_OBJECT

  public:
    explicit DisplayPanel(QWidget* parent = nullptr);

    [[nodiscard]] const DisplaySettings& settings() const { return settings_; }

    /// Shows the range that is in use while it is automatic, so that setting it by hand starts from there.
    void showRange(ValueRange range);

    /// Takes over how the layer itself was changed elsewhere.
    void setLayer(double opacity, Layer::Blending blending);
    void setColors(const ColorMap& map);

    /// Keeps everything but range and threshold, which belong to one gene.
    void save(QSettings& settings) const;
    void restore(const QSettings& settings);

  Q_SIGNALS:
    /// The user changed something.
    void settingsChanged(const spotglass::DisplaySettings& settings);

  private:
    void buildColours();
    void buildRange();
    void buildStyle();
    /// A slider with what it stands at written beside it.
    void addSliderRow(const QString& label, QSlider* slider, QLabel* text);
    void read();

    DisplaySettings settings_;
    QComboBox* colors_;
    QSlider* opacity_;
    QLabel* opacityText_;
    QCheckBox* automatic_;
    QDoubleSpinBox *minimum_, *maximum_;
    QCheckBox* hide_;
    QDoubleSpinBox* hideBelow_;
    QSlider* gamma_;
    QLabel* gammaText_;
    QComboBox *style_, *blending_;
    QCheckBox *contours_, *doubtful_;
    QSpinBox* contourLines_;
};

} // namespace spotglass
