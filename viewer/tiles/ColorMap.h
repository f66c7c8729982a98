#pragma once

#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include <QRgb>
#include <QString>
#include <QStringList>

namespace spotglass {

/// A 256-entry colour table for values: viridis, magma, cividis, turbo, coolwarm, grey, and reds, greens and
/// blues, which begin with white and show several genes at once when they darken what lies beneath; each also
/// reversed ("_r"). A small value type (1 KiB); every function may be called on any thread and none blocks.
class ColorMap {
  public:
    /// viridis.
    ColorMap();

    /// Every map by its plain name, in the order a list should show them. "_r" may be added to any.
    [[nodiscard]] static QStringList names();
    /// The map of that name ("viridis", "coolwarm_r"); nothing when there is no such map.
    [[nodiscard]] static std::optional<ColorMap> named(const QString& name);

    /// Name including "_r" when reversed.
    [[nodiscard]] QString name() const;
    [[nodiscard]] bool isReversed() const { return reversed_; }
    [[nodiscard]] ColorMap reversed() const;

    /// Opaque colour for `fraction` of the range; clamped to 0..1. NaN gives 0 (transparent).
    [[nodiscard]] QRgb at(float fraction) const noexcept {
        if (std::isnan(fraction)) return 0;
        const float index = std::fmin(std::fmax(fraction, 0.0F), 1.0F) * 255.0F + 0.5F;
        return table_[static_cast<std::size_t>(index)];
    }
    /// Opaque colour for `value` in [minimum, maximum]; values outside are clamped, NaN gives 0
    /// (transparent). An empty range shows its middle colour.
    [[nodiscard]] QRgb at(float value, float minimum, float maximum) const noexcept {
        return maximum > minimum ? at((value - minimum) / (maximum - minimum))
                                 : at(std::isnan(value) ? value : 0.5F);
    }
    [[nodiscard]] const std::array<QRgb, 256>& table() const { return table_; }
    /// `steps` (at least 2) opaque colours from low to high, interpolated between those of the table. With a
    /// `gamma` (above 0) the one a fraction t of the way has the colour of t^gamma: below 1 the low values
    /// take more of the colours, above 1 the high ones.
    [[nodiscard]] std::vector<QRgb> ramp(std::size_t steps, float gamma = 1) const;

    bool operator==(const ColorMap& other) const { return table_ == other.table_; }

  private:
    std::array<QRgb, 256> table_{};
    QString base_;
    bool reversed_ = false;
};

} // namespace spotglass
