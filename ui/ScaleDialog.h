#pragma once

#include <optional>

#include <QDialog>

class QDoubleSpinBox;
class QFormLayout;

namespace spotglass {

/// What may help somebody to find the scale of a slide.
struct ScaleProposals {
    double known = 0;                     ///< micrometres per pixel in use now; 0: none
    std::optional<double> objectivePower; ///< that the file names
    std::optional<double> measuredPixels; ///< the length of the last line that was measured, level-0 pixels
    QString contradiction;                ///< a sentence when the file says something impossible; else empty
    struct Pitch {
        double microns = 0, pixels = 0; ///< the same length
    };
    std::optional<Pitch> spotPitch = {}; ///< of the spots measured on the slide
};

/// Asks how large a pixel of a slide is, when the file does not say or contradicts itself. Proposes what
/// follows from the objective, and works it out from a known length, such as the pitch of the spots. Show it
/// with open(); accepted() answers. GUI thread only; nothing blocks.
class ScaleDialog : public QDialog {
    Q_OBJECT

  public:
    static constexpr double least = 0.05,
                            largest = 5; ///< micrometres per pixel that a light microscope can give

    /// `slideName` is shown.
    ScaleDialog(const QString& slideName, const ScaleProposals& proposals, QWidget* parent = nullptr);

    [[nodiscard]] double micronsPerPixel() const;

  private:
    void addObjective(QFormLayout* form, double power);
    void addSpotPitch(QFormLayout* form, ScaleProposals::Pitch pitch);
    void addKnownLength(QFormLayout* form, std::optional<double> measuredPixels);

    QDoubleSpinBox* value_;
};

} // namespace spotglass
