#pragma once

#include "viewer/slide/ColorCorrection.h"

#include <QDockWidget>

class QCheckBox;
class QComboBox;
class QSettings;
class QSlider;

namespace spotglass {

/// The controls for the colours of the slide itself. GUI thread only; nothing blocks.
class ColorDock : public QDockWidget {
    Q_OBJECT

  public:
    explicit ColorDock(QWidget* parent = nullptr);

    [[nodiscard]] const ColorSettings& settings() const { return settings_; }
    /// Whether the white point is to be taken from the glass.
    [[nodiscard]] bool balancesWhite() const;
    /// Whether the slide that is shown carries a colour profile.
    void setProfileAvailable(bool available);
    /// Everything as scanned, but for the profile.
    void reset();

    /// Keeps whether profiles are used; the rest belongs to one look at a slide and is not kept.
    void save(QSettings& settings) const;
    void restore(const QSettings& settings);

  Q_SIGNALS:
    /// The user changed something.
    void settingsChanged(const spotglass::ColorSettings& settings, bool balanceWhite);

  private:
    QSlider* addSlider(const QString& text, const char* name, const QString& help);
    QCheckBox* addCheck(const QString& text, const char* name, const QString& help);
    void read();

    ColorSettings settings_;
    bool balances_ = false;
    QSlider *brightness_ = nullptr, *contrast_ = nullptr, *gamma_ = nullptr;
    QCheckBox *profile_ = nullptr, *balance_ = nullptr, *whiteBackground_ = nullptr;
    QComboBox* stain_ = nullptr;
};

} // namespace spotglass
