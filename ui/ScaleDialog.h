#pragma once

#include <QDialog>

class QDoubleSpinBox;

namespace spotglass {

/// Asks how large a pixel of a slide is, when the file does not say. Show it with open(); accepted() answers.
/// GUI thread only; nothing blocks.
class ScaleDialog : public QDialog {
    Q_OBJECT

  public:
    static constexpr double least = 0.05,
                            largest = 5; ///< micrometres per pixel that a light microscope can give

    /// `slideName` is shown; `known` is where the field starts, 0 when nothing is known.
    ScaleDialog(const QString& slideName, double known, QWidget* parent = nullptr);

    [[nodiscard]] double micronsPerPixel() const;

  private:
    QDoubleSpinBox* value_;
};

} // namespace spotglass
